"""People on Telegram who write whatever happens to the program, and what it knows of them when it has ended."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from bot.acts import MakeInvite, OpenEdition
from bot.app import House
from bot.channel import Address, Face, Outgoing, Update
from bot.doors import Acted, Shown
from bot.engine.ids import from36
from bot.engine.messages import Incoming, Knock, Pressed, Said
from bot.wording import Wording
from handlers.telegram_fake.phone import Phone, Screen, Seen
from storage import tables
from tests.homes import VILLAGE
from tests.telegram_program import Fake, Program


def text_of(n: int, *, edited: bool = False) -> str:
    """The nth sentence of somebody."""
    return f"第{n}件事，我们上门办好了{'，也回访过了' if edited else ''}。"


@dataclass(slots=True)
class Writer:
    """Somebody who stands at a question and writes: what they have sent, as it has to be found again.

    `messages` are the ids of their texts in order; `edited` the numbers of those they put right; `pressed` the
    queries of the example that they asked for.
    """

    phone: Phone
    example: str
    messages: list[int] = field(default_factory=list)
    edited: list[int] = field(default_factory=list)
    pressed: list[str] = field(default_factory=list)

    def says(self) -> None:
        """The next sentence; now and then an older one is put right, or the example asked for, under a question that
        is gone by now."""
        n = len(self.messages) + 1
        self.messages += self.phone.say(text_of(n))
        if n % 10 == 4:
            self.edited.append(n)
            self.phone.edit(self.messages[-1], text_of(n, edited=True))
        if n % 10 == 8:
            self.pressed.append(self.phone.press_gone(1, self.example))

    @property
    def address(self) -> Address:
        """Where they are reached."""
        return Address(channel="telegram", external=str(self.phone.user))

    @property
    def paper(self) -> str:
        """What is to stand in the draft."""
        return "".join(text_of(n, edited=n in self.edited) for n in range(1, len(self.messages) + 1))


def writers(program: Program, fake: Fake, how_many: int = 6) -> list[Writer]:
    """People who have come by a personal invite each and stand at the first question of a case."""
    first = 1001
    fake.call("crowd", count=how_many, first=first)

    async def begin() -> list[Writer]:
        async with House(program.settings, busy=False) as house:
            await house.act(OpenEdition(call="mca", first=True))
            program.link = f"{program.url}/i/{await _invite(house, uses=None)}"
            return [Writer(Phone(fake.door, first + n), await _begun(house, first + n)) for n in range(how_many)]

    return asyncio.run(begin())


async def _invite(house: House, *, uses: int | None) -> str:
    made = await house.act(MakeInvite(unit=VILLAGE, uses=uses))
    assert isinstance(made, Acted)
    return str(made.result["link"])


async def _begun(house: House, user: int) -> str:
    """Brings somebody to the first question; what its button for the example gives."""
    faces: list[Face] = []
    done = 0

    async def take(incoming: type[Incoming], **more: Any) -> None:
        nonlocal faces, done
        done += 1
        ref = f"begun:{user}:{done}"
        one = incoming(at=house.world.now(), ref=ref, **more)
        address = Address(channel="telegram", external=str(user))
        (taken,) = await house.take([Update(address=address, ref=ref, incoming=one, digest=ref)])
        assert taken.outcome == "fresh", taken
        faces = [face for reply in taken.replies for face in reply.buttons]

    async def press(label: str = "") -> None:
        face = next(face for face in faces if label in ("", face.label))
        await take(Pressed, press=face.press, label=face.label)

    await take(Knock, link=await _invite(house, uses=1))
    await press("同意，开始")
    await take(Said, text="李建国")
    for label in ("是的", "村党支部书记", "跳过", "对"):
        await press(label)
    await take(Said, text="片长进院坝，小事不出片")
    await press("就用这个")
    while all(face.label != "从第1节开始" for face in faces):
        await press()
    await press("从第1节开始")
    return next(face.press for face in faces if face.label == "看例子")


# ---------------------------------------------------------------- what was kept of it


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What a program that has ended knows of somebody: the conversation, the draft's text, what was owed to them as
    (message, state, the messenger's id), oldest first."""

    lines: list[Shown]
    paper: str
    owed: list[tuple[Outgoing, str, str]]

    @property
    def own(self) -> list[Shown]:
        """What the person said."""
        return [line for line in self.lines if line.message.author == "me"]

    @property
    def answered(self) -> set[str]:
        """The updates to which something was said."""
        return {line.cause for line in self.lines if line.message.author == "bot"}


def kept(program: Program, writers: Sequence[Writer]) -> list[Kept]:
    """Of each of them."""

    async def read() -> list[Kept]:
        async with House(program.settings, busy=False) as house:
            return [await _kept_of(house, writer.address) for writer in writers]

    return asyncio.run(read())


async def _kept_of(house: House, address: Address) -> Kept:
    visitor = await house.look.visitor(address)
    assert visitor is not None
    lines, board = await house.look.screen(visitor.scope, visitor.conversation, "page", 0, 100_000)
    paper = await house.look.paper(visitor.scope, from36(board["draft"]))
    assert paper is not None
    t = tables.deliveries
    rows = select(t.c.seq, t.c.state, t.c.messenger).where(t.c.external == address.external).order_by(t.c.seq)
    said = {line.seq: line.message for line in lines}
    owed = [(said[seq], state, id) for seq, state, id in await house.readers.run(lambda c: c.execute(rows).all())]
    text = "".join(block.text for section in paper.content.sections for block in section.blocks)
    return Kept(lines=lines, paper=text, owed=owed)


def keeps_everything(writer: Writer, kept: Kept) -> None:
    """Each text stands once and in order, in the conversation and in the draft, with what was put right; each press
    was taken once; to each of them something was said."""
    chat = writer.phone.user
    texts = [f"{chat}:{id}" for id in writer.messages]
    assert [line.seq for line in kept.lines] == list(range(1, len(kept.lines) + 1))
    said = [line for line in kept.own if line.cause in set(texts)]
    assert [(line.cause, line.message.text) for line in said] == [
        (cause, text_of(n)) for n, cause in enumerate(texts, 1)
    ]
    edits = [line.message.text for line in kept.own if line.cause.startswith("edited:")]
    assert edits == [text_of(n, edited=True) for n in writer.edited]
    assert sentences(kept.paper) == sentences(writer.paper)
    assert kept.answered >= {*texts, *(f"q:{query}" for query in writer.pressed)}
    examples = [line.cause for line in kept.lines if line.cause.startswith("q:")]
    assert examples == [f"q:{query}" for query in writer.pressed]


def sentences(text: str) -> list[str]:
    """Those of `text_of` that stand in a text."""
    return re.findall(r"第\d+件事，我们上门办好了(?:，也回访过了)?。", text)


def reached(kept: Kept, screen: Screen) -> None:
    """All that was owed is on the phone, in order, as it was said last."""
    seen = {message.id: message.text for message in _spoken(screen)}
    last, stands = 0, dict[int, list[str]]()
    for message, state, messenger in kept.owed:
        assert (state, int(messenger) in seen) == ("sent", True), message.text
        if message.slot != "card":
            assert int(messenger) >= last, message.text
            last = int(messenger)
        if message.slot in ("card", "gather"):
            stands[int(messenger)] = []
        stands.setdefault(int(messenger), []).append(message.text)
    for id, texts in stands.items():
        assert all(text in seen[id] for text in texts), (texts, seen[id])


def said_beyond(program: Program, writers: Sequence[Writer]) -> int:
    """How many messages stand on the phones of which the program does not know: what was sent and never noted, and
    is therefore sent again."""
    on_phones = sum(len(_spoken(writer.phone.screen(last=100_000))) for writer in writers)
    known = "SELECT count(DISTINCT external || ':' || messenger) FROM deliveries WHERE messenger <> ''"
    return on_phones - program.asks(known)


_KEYS_GONE = Wording.load().say("telegram.keys_gone")  # belongs to the message behind it


def _spoken(screen: Screen) -> list[Seen]:
    return [m for m in screen.from_bot if m.kind in ("text", "document") and m.text != _KEYS_GONE]
