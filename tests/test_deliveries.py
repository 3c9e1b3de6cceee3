"""What is owed to messengers: in order, turn by turn, kept while it cannot be sent, put together as people read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.acts import OpenEdition
from bot.app import House
from bot.channel import Address, ChannelCaps, Debt, Face, Outgoing, Sent, Trace, traced
from bot.errors import Blocked, NotYet, Refused, TryLater
from bot.sendings import length, sendings
from storage import deliveries, people, tables
from storage.codec import trace_in
from storage.messages import Line, Owed, add, owe
from tests.homes import Clock, home, writer

CAPS = ChannelCaps(push=True, edits=True, text_unit="utf16")
TO = Address(channel="fake", external="1")


class Fake:
    """A messenger that answers as it is told to."""

    name = "fake"
    caps = CAPS

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.trouble: list[Exception | None] = []
        self.n = 0

    async def run(self, take: object) -> None:
        """Says nothing."""

    async def send(self, to: Address, message: Outgoing, trace: Trace, *, notice: bool = False) -> Sent:
        """Takes it, or raises what comes next."""
        if self.trouble and (trouble := self.trouble.pop(0)):
            raise trouble
        edits = message.slot == "gather" and trace.gather
        self.n += not edits
        external = trace.gather if edits else str(self.n)
        self.sent.append(f"{message.text}*" if edits else message.text)
        return Sent(external=external, trace=traced(trace, message, external))

    def fetch(self, file: str) -> AsyncIterator[bytes]:
        """Has no files."""
        raise Refused

    def health(self) -> Mapping[str, Any]:
        """Has no counts."""
        return {}


class Owing:
    """A house with a writer, a fake messenger, and messages owed to it."""

    def __init__(self, house: House, conversation: int) -> None:
        self.house = house
        self.conversation = conversation
        self.fake = Fake()
        self.last = 900

    async def owe(self, *messages: Outgoing, claimed: bool = False) -> list[Debt]:
        """One turn's messages; `claimed`: as the desk owes what this process sends."""
        now = self.house.world.now()
        first, self.last = self.last, self.last + len(messages)
        until = now + deliveries_lease() if claimed else None

        def fill(c: Connection) -> None:
            lines = [Line(self.conversation, n, "", m, now) for n, m in enumerate(messages, first)]
            add(c, lines)
            owe(c, [Owed(x.seq, self.conversation, x.seq, TO, x.message.slot, now, until) for x in lines])

        await self.house.desk.submit(fill)
        return [
            Debt(id=n, to=TO, conversation=self.conversation, seq=n, message=m) for n, m in enumerate(messages, first)
        ]

    async def hand(self, *messages: Outgoing) -> None:
        """A turn that was just taken."""
        self.house.deliveries.hand(await self.owe(*messages, claimed=True))

    async def stands(self) -> Trace:
        """What is noted to stand at the address."""
        row = select(tables.addresses.c.stands).where(tables.addresses.c.external == TO.external)
        return trace_in(str(await self.house.readers.run(lambda c: c.execute(row).scalar())))

    async def states(self) -> list[str]:
        """The deliveries' states, in order."""
        rows = select(tables.deliveries.c.state).order_by(tables.deliveries.c.seq)
        return list(await self.house.readers.run(lambda c: c.execute(rows).scalars().all()))


def deliveries_lease() -> Any:
    """How long a claim holds."""
    from bot.outcome import LEASE

    return LEASE


@pytest.fixture
async def owing(tmp_path: Path, place: str) -> AsyncIterator[Owing]:
    async with home(tmp_path, world=Clock(), busy=False, place=place) as house:
        await house.act(OpenEdition(call="short", first=True))
        _, me = await writer(house, "me")
        owing = Owing(house, me.conversation)
        await house.desk.submit(lambda c: people.give_address(c, TO, me.person, house.world.now()))
        await house.deliveries.open(owing.fake)
        yield owing
        await house.deliveries.close()


def texts(*said: str) -> list[Outgoing]:
    """Plain messages."""
    return [Outgoing(text=text) for text in said]


async def test_owed_messages_go_in_order(owing: Owing) -> None:
    """One that has to wait long holds back what is behind it; a refused one does not; a block ends it all."""
    house, fake = owing.house, owing.fake
    clock = house.world
    assert isinstance(clock, Clock)
    await owing.owe(*texts("一", "二", "三", "四"))
    fake.trouble = [TryLater(30)]
    assert await house.deliveries.look() == 4
    await house.deliveries.drain()
    assert await house.deliveries.look() == 0
    assert fake.sent == []
    clock.forward(seconds=31)
    fake.trouble = [None, Refused(), None, Blocked()]
    assert await house.deliveries.look() == 4
    await house.deliveries.drain()
    assert fake.sent == ["一", "三"]
    assert await owing.states() == ["sent", "failed", "sent", "failed"]


async def test_what_comes_behind_a_held_message_waits_with_it(owing: Owing) -> None:
    """A turn that is handed over while an older one is put back never overtakes it."""
    house, fake, clock = owing.house, owing.fake, owing.house.world
    assert isinstance(clock, Clock)
    fake.trouble = [NotYet(clock.now() + 60 * deliveries_lease())]
    await owing.hand(*texts("一"))
    await house.deliveries.drain()
    await owing.hand(*texts("二"))
    await house.deliveries.drain()
    assert (fake.sent, await owing.states()) == ([], ["owed", "owed"])
    clock.forward(hours=2)
    await house.deliveries.look()
    await house.deliveries.drain()
    assert fake.sent == ["一", "二"]


async def test_a_turn_is_one_message_with_its_buttons_below(owing: Owing) -> None:
    """Said in one breath, sent once; both deliveries are settled under the same id."""
    question = Outgoing(text="第2问", slot="question", buttons=(Face(press="skip", label="跳过"),))
    await owing.hand(Outgoing(text="存好了", buttons=(Face(press="undo", label="撤销"),)), question)
    await owing.house.deliveries.drain()
    assert owing.fake.sent == ["存好了\n\n第2问"]
    assert await owing.states() == ["sent", "sent"]
    assert await owing.stands() == Trace(live="1")


async def test_a_line_that_grows_is_edited_and_only_its_last_state_is_sent(owing: Owing) -> None:
    """Three parts in quick succession: the first is sent, the last edits it; other words end the line."""

    def got(n: int) -> Outgoing:
        return Outgoing(text=f"收到，{n}字", slot="gather")

    for n in (3, 6, 9):
        await owing.hand(got(n))
    await owing.house.deliveries.drain()
    assert owing.fake.sent[0] == "收到，3字" and owing.fake.sent[-1] == "收到，9字*"
    await owing.hand(*texts("存好了"))
    await owing.hand(got(1))
    await owing.house.deliveries.drain()
    assert owing.fake.sent[-1] == "收到，1字"
    assert set(await owing.states()) == {"sent"}


async def test_what_stands_is_found_again_after_a_restart(owing: Owing) -> None:
    """The pinned card, the line that grows and the standing buttons, read from what was sent."""
    house = owing.house
    await owing.hand(Outgoing(text="概览", slot="card"))
    await owing.hand(Outgoing(text="收到", slot="gather", buttons=(Face(press="done", label="写完了"),)))
    await house.deliveries.drain()
    assert await owing.stands() == Trace(card="1", gather="2", live="2")
    await owing.owe(Outgoing(text="收到，又来了", slot="gather"))
    assert await house.deliveries.look() == 1
    await house.deliveries.drain()
    assert owing.fake.sent[-1] == "收到，又来了*"


async def test_a_claim_of_a_dead_process_is_taken_over(owing: Owing) -> None:
    """At once by whoever alone serves the database, else when it has lapsed."""
    house, clock = owing.house, owing.house.world
    assert isinstance(clock, Clock)
    await owing.owe(*texts("一"), claimed=True)
    assert await house.deliveries.look() == 0
    clock.forward(seconds=61)
    assert await house.deliveries.look() == 1
    await house.deliveries.drain()
    assert owing.fake.sent == ["一"]
    await owing.owe(*texts("二"), claimed=True)
    await house.desk.submit(lambda c: deliveries.release(c, ["fake"]))
    assert await house.deliveries.look() == 1
    await house.deliveries.drain()
    assert owing.fake.sent == ["一", "二"]


async def test_what_was_settled_is_forgotten_after_a_month(owing: Owing) -> None:
    """What is owed stays, however old."""
    clock = owing.house.world
    assert isinstance(clock, Clock)
    owing.fake.trouble = [None, NotYet(clock.now() + 3000 * deliveries_lease())]
    await owing.hand(*texts("一"))
    await owing.hand(*texts("二"))
    await owing.house.deliveries.drain()
    clock.forward(days=31)
    await owing.house.retention.clean()
    assert await owing.states() == ["owed"]


async def test_closing_leaves_nothing_claimed(owing: Owing) -> None:
    """What could not be sent in time is owed still."""
    house = owing.house
    owing.fake.trouble = [TryLater(10)]
    await owing.hand(*texts("一"))
    await asyncio.sleep(0)
    await house.deliveries.close(seconds=0.05)
    assert (owing.fake.sent, await owing.states()) == ([], ["owed"])


# ---------------------------------------------------------------- putting together


def made(*messages: Outgoing) -> Sequence[Outgoing]:
    """What would be sent of one turn."""
    debts = [Debt(id=n, to=TO, conversation=1, seq=n, message=m) for n, m in enumerate(messages)]
    out = sendings(debts, CAPS, lambda face: f"{face.label}：{face.note}")
    assert sorted(id for sending in out for id in sending.settles) == list(range(len(messages)))
    return [sending.message for sending in out]


def test_card_and_document_stand_alone() -> None:
    """The card has its own message; a file takes the words that came with it as its caption."""
    done = Outgoing(text="已提交", buttons=(Face(press="recall", label="撤回修改"),))
    file = Outgoing(text="这是您的稿子", card={"kind": "document", "file": "f", "name": "稿.docx", "size": 1})
    card = Outgoing(text="概览", slot="card", card={"kind": "overview"})
    sent = made(done, file, card)
    assert [m.text for m in sent] == ["已提交", "这是您的稿子", "概览"]
    assert [len(m.buttons) for m in sent] == [1, 0, 0]


def test_notes_of_choices_are_said() -> None:
    """A choice's note has no room on its button: it stands in the text."""
    (sent,) = made(Outgoing(text="选哪一类？", buttons=(Face(press="a", label="自治", note="村民自己管"),)))
    assert sent.text == "选哪一类？\n\n自治：村民自己管"


@pytest.mark.parametrize("text", ["村" * 9000, "一句。" * 3000, "段\n" * 5000, "𠀋" * 5000, "a" * 4097])
def test_long_texts_are_cut_where_they_end(text: str) -> None:
    """Each piece fits in UTF-16 units, nothing but white space is lost, and the buttons are under the last."""
    sent = made(Outgoing(text=text, buttons=(Face(press="a", label="好"),)))
    assert all(0 < length(m.text, CAPS) <= CAPS.text_limit for m in sent)
    assert "".join("".join(m.text.split()) for m in sent) == "".join(text.split())
    assert [bool(m.buttons) for m in sent] == [False] * (len(sent) - 1) + [True]
