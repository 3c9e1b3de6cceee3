"""Stories: conversations as files, told by the real house on a real database, in time that is moved by hand.

A story is a text. `>` is the person, `<` the assistant (a further line of the same message is indented by
two), `+` lets time pass, `~ 12-16` the days until that noon, `#` is a comment, `@` sets the scene. What the person
does:

    > 文字                 says it           > 文字 ⏎            says it and closes the question (the page)
    > [按钮]               presses a button   > !go:{draft}:s    presses a button by its id, old or invented
    > 〔照片 a b〕          sends pictures     > 〔小照片 a〕       one of 640 pixels
    > 〔文件 a.pdf〕        sends a file       > 〔写 300〕           an invented text of some 300 字, closed
    > 〔链接〕           opens the invite link (again)
    > 〔新手机〕            goes on on another device, by its own address

and in a messenger that has files of its own:

    > 〔照片 a b：说明〕     an album, or one picture, with a caption; they are fetched from there
    > 〔手机号 139…〕        gives the number with the messenger's button
    > 〔改说明 a：说明〕     edits the caption of a picture that was sent

A file there whose name begins with 慢 is late, with 丢 gone, with 坏 no picture.

What the office does with the case stands behind `*`: see `tests.story_office`.

The scene: `@ page`, `@ messenger` or `@ messenger telegram`; `@ calls mca people`; `@ invite 云溪县/石桥镇/槐树村 1`;
`@ folder calls` for calls of its own beside it; `@ root 青川市 市` for another root of the tree than 云溪县,
and `@ office 青川市/云溪县` where 周敏 works there.
The whole text is told anew and must come out the same. `pytest --rewrite-stories` writes it instead.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count as count_from
from pathlib import Path
from zlib import crc32
from zoneinfo import ZoneInfo

from bot.acts import MakeInvite, OpenEdition
from bot.app import House
from bot.channel import Address, Face, Outgoing, Update
from bot.config import load
from bot.engine.count import count
from bot.engine.messages import Arrived, Clip, Edited, Incoming, Knock, Pressed, Said, Sent, Shared
from bot.engine.news import next_slot
from bot.errors import Refused
from bot.workdays import china
from bot.world import World
from storage import jobs
from tests.pictures import jpeg
from tests.story_office import StoryOffice

STORIES = Path(__file__).parent / "transcripts"
START = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai
_UNITS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800}


class Clock(World):
    """Time that stands still until a story moves it; ids that are the same at every telling."""

    def __init__(self) -> None:
        self.at = START
        self._ids = 1 << 30

    def now(self) -> datetime:
        return self.at

    def new_id(self) -> int:
        self._ids += 1
        return self._ids

    def digits(self, length: int) -> str:
        return "123456"[:length]


class Telling:
    """One story being told."""

    def __init__(self, house: House, world: Clock) -> None:
        self.house = house
        self.world = world
        self.channel = "page"
        self.address = Address(channel="page", external="story")
        self.link = ""
        self.count = 0
        self.faces: list[Face] = []
        self.draft = ""
        self.there = There()
        self.desk = StoryOffice(house)

    async def office(self, line: str) -> list[str]:
        """What the person hears when the office does something with their case; or what the office hears."""
        if line == "听到":
            self.world.at = next_slot(self.world.at, "Asia/Shanghai", china())
            return [f"  周敏听到：{text}" for text in await self.desk.heard()]
        before = await self._seq()
        self.world.at += timedelta(minutes=1)
        await self.desk.do(line)
        return self._lines(await self._later(await self._conversation(), before))

    async def tell(self, line: str) -> list[str]:
        """What the assistant answers to one line of the person, as it stands in the file."""
        self.world.at += timedelta(seconds=20)
        self.count += 1
        ref = f"story:{self.count}"
        files = re.fullmatch(r"〔(照片|小照片|文件) (.+)〕", line)
        if files and self.channel in self.house.workers.fetchers:
            return await self._send(files[1], *files[2].partition("：")[::2])
        incoming = await self._sent(files[1], files[2].split()) if files else self._incoming(line)
        update = Update(address=self.address, ref=ref, incoming=replace(incoming, ref=ref), digest=line)
        taken = (await self.house.take([update]))[0]
        shown = list(taken.replies)
        shown += await self._later(taken.conversation, taken.seq)
        return self._lines(shown)

    async def _send(self, kind: str, names: str, caption: str) -> list[str]:
        """Files as a messenger hands them in: message by message, the last one first, the caption under the first."""
        clips = [self.there.put(kind, name) for name in names.split()]
        album = f"album {self.count}" if len(clips) > 1 else ""
        updates = []
        for n, clip in reversed(list(enumerate(clips))):
            arrived = Arrived(
                at=self.world.at,
                ref=clip.source,
                clips=(clip,),
                channel=self.channel,
                album=album,
                caption=caption if n == 0 else "",
            )
            updates.append(Update(address=self.address, ref=clip.source, incoming=arrived, digest=clip.source))
        taken = await self.house.take(updates)
        self.world.at += timedelta(seconds=2)
        await self.house.wakes.ring_due()
        shown = [reply for one in taken for reply in one.replies]
        return self._lines(shown + await self._later(taken[-1].conversation, taken[-1].seq))

    async def pass_time(self, text: str) -> list[str]:
        """`+ 3 days`: what the assistant says of itself meanwhile."""
        found = re.fullmatch(r"(\d+) (minute|hour|day|week)s?", text)
        assert found, text
        before = await self._seq()
        self.world.at += timedelta(seconds=int(found[1]) * _UNITS[found[2]])
        while await self.house.wakes.ring_due():
            pass
        conversation = await self._conversation()
        return self._lines(await self._later(conversation, before)) if conversation else []

    async def pass_days(self, text: str) -> list[str]:
        """`~ 12-16`: day by day and clock by clock until that noon; what is said of itself, each with its time."""
        zone = ZoneInfo("Asia/Shanghai")
        month, day = map(int, text.split("-"))
        end = datetime.combine(date(self.world.at.year, month, day), time(12), zone).astimezone(UTC)
        out: list[str] = []
        before = await self._seq()
        while self.world.at < end:
            await self.house.planning.look()
            morning = (self.world.at.astimezone(zone) + timedelta(days=1)).replace(hour=0, minute=10, second=0)
            until = min(end, morning.astimezone(UTC))
            while (due := await self.house.readers.run(jobs.next_wake)) is not None and due <= until:
                self.world.at = max(due, self.world.at)
                await self.house.wakes.ring_due()
                told = await self._later(await self._conversation(), before)
                if told:
                    out += [f"  {self.world.at.astimezone(zone):%m-%d %H:%M}", *self._lines(told)]
                before = await self._seq()
            self.world.at = max(until, self.world.at)
        return out

    async def _later(self, conversation: int, seq: int) -> list[Outgoing]:
        """What jobs that were wanted bring, done at once."""
        if not conversation:
            return []
        await self.house.workers.drain()
        visitor = await self.house.look.visitor(self.address)
        if visitor is None:
            return []
        shown = await self.house.look.events(visitor.scope, conversation, seq)
        return [s.message for s in shown if s.message.author == "bot"]

    async def _conversation(self) -> int:
        visitor = await self.house.look.visitor(self.address)
        return visitor.conversation if visitor else 0

    async def _seq(self) -> int:
        visitor = await self.house.look.visitor(self.address)
        if visitor is None:
            return 0
        shown = await self.house.look.events(visitor.scope, visitor.conversation, -1)
        return shown[-1].seq if shown else 0

    def _incoming(self, line: str) -> Incoming:
        at = self.world.at
        if line in ("〔链接〕", "〔新手机〕"):
            if line == "〔新手机〕":
                self.address = Address(channel=self.channel, external=f"story-{self.count}")
            return Knock(at=at, link=self.link)
        if found := re.fullmatch(r"〔(第一次来|我写过) ?(.*?) ?(\d{4})?〕", line):
            intent = "new" if found[1] == "第一次来" else "again"
            return Knock(at=at, link=self.link, intent=intent, name=found[2], last4=found[3] or "")  # type: ignore[arg-type]
        if found := re.fullmatch(r"〔手机号 (\S+)〕", line):
            return Shared(at=at, phone=found[1])
        if found := re.fullmatch(r"〔改说明 (\S+)：(.*)〕", line):
            return Edited(at=at, source=self.there.named[found[1]].source, text=found[2])
        if found := re.fullmatch(r"〔接续码 (\d+)〕", line):
            return Knock(at=at, code=found[1])
        if line.startswith("!"):
            return Pressed(at=at, press=line[1:].replace("{draft}", self.draft))
        if found := re.fullmatch(r"\[(.+)\]", line):
            face = next((f for f in self.faces if f.label == found[1]), None)
            assert face is not None, f"no button {line} among {[f.label for f in self.faces]}"
            return Pressed(at=at, press=face.press, label=face.label)
        if found := re.fullmatch(r"〔写 (\d+)〕", line):
            return Said(at=at, text=invented(int(found[1])), done=True)
        text = line.removesuffix(" ⏎").replace("\\n", "\n").replace("{补交码}", self.desk.key)
        return Said(at=at, text=text, done=line.endswith(" ⏎"))

    async def _sent(self, kind: str, names: list[str]) -> Sent:
        """Uploads files as a page does and says that they were sent."""
        visitor = await self.house.look.visitor(self.address)
        assert visitor is not None
        files = []
        for name in names:
            data, full = _bytes(kind, name)
            upload = f"{self.count}-{name}"
            await self.house.files.begin(visitor.person, upload, full, len(data))
            await self.house.files.put(visitor.person, upload, 0, data)
            files.append(await self.house.files.finish(visitor.person, upload))
        return Sent(at=self.world.at, files=tuple(files))

    def _lines(self, shown: list[Outgoing]) -> list[str]:
        out = []
        faces = [f for o in shown for f in o.buttons]
        if faces:
            self.faces = faces
        for outgoing in shown:
            if outgoing.card and outgoing.card.get("draft"):
                self.draft = str(outgoing.card["draft"])
            first, *rest = (line for line in outgoing.text.split("\n") if line)
            lines = [f"< {first}", *(f"  {line}" for line in rest)]
            if outgoing.card and outgoing.card["kind"] == "document":
                lines.append(f"  〔{outgoing.card['name']}〕")
            if outgoing.buttons:
                lines.append("  " + " ".join(f"[{b.label}]" for b in outgoing.buttons))
            out += [line.rstrip() for line in lines]
        return out


class There:
    """Where a messenger keeps files: fetched by their ids, one not before it was asked for four times."""

    def __init__(self) -> None:
        self.named: dict[str, Clip] = {}
        self._asked: dict[str, int] = {}

    def put(self, kind: str, name: str) -> Clip:
        """Somebody sends a file there."""
        order = len(self.named) + 1
        self.named[name] = Clip(
            kind="file" if kind == "文件" else "picture",
            remote=f"{kind} {name}",
            name=name if kind == "文件" else "",
            source=f"chat:{order}",
            order=order,
        )
        return self.named[name]

    async def fetch(self, remote: str) -> AsyncIterator[bytes]:
        """Its bytes, in pieces."""
        kind, _, name = remote.partition(" ")
        self._asked[name] = self._asked.get(name, 0) + 1
        if name.startswith("慢") and self._asked[name] <= 3:
            raise ConnectionResetError
        if name.startswith("丢"):
            raise Refused("gone")
        data = b"not a picture" * 9 if name.startswith("坏") else _bytes(kind, name)[0]
        for start in range(0, len(data), 4096):
            yield data[start : start + 4096]


def invented(words: int) -> str:
    """A text of at least so many 字, of plain sentences with numbers."""
    out = ""
    for n in count_from(1):
        out += f"第{n}次院坝会，到了{20 + n}户，议了{n}件事，当场定下{(n + 1) // 2}件。"
        if count(out) >= words:
            return out
    return out


def _bytes(kind: str, name: str) -> tuple[bytes, str]:
    if kind == "文件":
        return b"%PDF-1.4\n% " + name.encode() + b"\n%%EOF\n", name
    wide = (1600 if kind == "照片" else 640) + crc32(name.encode()) % 50
    return jpeg(wide, wide * 3 // 4), f"{name}.jpg"


async def tell(path: Path, *, place: str = "") -> str:
    """The story as it goes now; `place`: a PostgreSQL database to tell it on."""
    scene = dict.fromkeys(("calls", "folder", "invite", "role", "root", "office"), "")
    lines = path.read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.startswith("@ "):
            key, _, value = line[2:].partition(" ")
            scene[key] = value
    async with AsyncExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory()))
        world = Clock()
        calls = {"ANLITONG_CALLS__FOLDER": str(path.parent / scene["folder"])} if scene["folder"] else {}
        database = {"ANLITONG_DATABASE__URL": place} if "://" in place else {}
        name, _, level = scene["root"].partition(" ")
        root = {"ANLITONG_SITE__ROOT": name, "ANLITONG_SITE__ROOT_LEVEL": level} if name else {}
        settings = load(None, data=str(folder), environ=calls | database | root)
        house = await closing.enter_async_context(House(settings, world=world, busy=False))
        for call in scene["calls"].split() or ("mca", "people"):
            await house.act(OpenEdition(call=call))
        telling = Telling(house, world)
        telling.desk.unit = scene["office"]
        if "messenger" in scene:
            telling.channel = scene["messenger"] or "terminal"
            telling.address = Address(channel=telling.channel, external="story")
        if scene.get("messenger"):
            house.workers.fetchers[telling.channel] = telling.there.fetch
        unit, _, uses = (scene["invite"] or "云溪县/石桥镇/槐树村 1").partition(" ")
        acted = await house.act(MakeInvite(unit=unit, role=scene["role"] or "writer", uses=int(uses) if uses else None))
        telling.link = str(acted.result["link"]).rsplit("/", 1)[-1]  # type: ignore[union-attr]
        return await _retell(telling, lines)


async def _retell(telling: Telling, lines: list[str]) -> str:
    out: list[str] = []
    for line in lines:
        if line.startswith(("< ", "  ")) or line == "<":
            continue
        out.append(line)
        if line.startswith("> "):
            out += await telling.tell(line[2:])
        elif line.startswith("+ "):
            out += await telling.pass_time(line[2:])
        elif line.startswith("~ "):
            out += await telling.pass_days(line[2:])
        elif line.startswith("* "):
            out += await telling.office(line[2:])
    return "\n".join(out) + "\n"
