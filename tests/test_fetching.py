"""Files fetched from a messenger: real bytes over a loopback socket that breaks, stalls, refuses and dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot import fetching
from bot.acts import OpenEdition
from bot.app import House
from bot.channel import Address
from bot.doors import Scope
from bot.engine.messages import Arrived, Clip, Pressed, Woke
from bot.errors import Refused, TryLater
from bot.fetching import LATER
from storage import tables
from tests.homes import Clock, home, tell
from tests.pictures import jpeg
from tests.test_house import written

PIECE = 16_000


class There:
    """A messenger's file server. `files` by their ids; `breaks`: so often a file's connection is cut in the middle."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.breaks: dict[str, int] = {}
        self.asked: list[str] = []
        self.hold = asyncio.Event()
        self.held = asyncio.Event()
        self.stops_at = ""
        self.later = 0.0
        self._port = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[There]:
        """Serves on a loopback socket."""
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self.hold.set()
            server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            remote = (await reader.readline()).decode().strip()
            self.asked.append(remote)
            data = self.files[remote]
            writer.write(len(data).to_bytes(8, "big"))
            for start in range(0, len(data), PIECE):
                if start and self.breaks.get(remote, 0):
                    self.breaks[remote] -= 1
                    writer.transport.abort()
                    return
                if start and remote == self.stops_at:
                    self.held.set()
                    await self.hold.wait()
                writer.write(data[start : start + PIECE])
                await writer.drain()
        writer.close()

    async def fetch(self, remote: str) -> AsyncIterator[bytes]:
        """As a channel fetches: pieces as they come, the messenger's no as Refused, its not now as TryLater."""
        if self.later:
            raise TryLater(self.later)
        if remote not in self.files:
            raise Refused("this file is gone")
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(f"{remote}\n".encode())
            left = int.from_bytes(await reader.readexactly(8), "big")
            while left:
                piece = await reader.read(PIECE)
                if not piece:
                    raise ConnectionResetError
                left -= len(piece)
                yield piece
        finally:
            writer.close()


class Sender:
    """Somebody who writes a case and sends files by messenger."""

    def __init__(self, house: House, address: Address, scope: Scope, draft: int) -> None:
        self.house, self.address, self.scope, self.draft = house, address, scope, draft
        self.order = 100

    async def send(self, *clips: Clip) -> None:
        """One file, or an album and the clock that ends it."""
        album = f"album {self.order}" if len(clips) > 1 else ""
        now = self.house.world.now()
        for clip in clips:
            await tell(self.house, self.address, Arrived(at=now, clips=(clip,), channel="telegram", album=album))
        if album:
            own = Address(channel="house", external=str(await self.conversation()))
            await tell(self.house, own, Woke(at=now, kind="album", data={"album": album, "pieces": len(clips)}))

    def clip(self, remote: str, **more: Any) -> Clip:
        """A file that lies there."""
        self.order += 1
        columns = {"kind": "picture", "source": f"7:{self.order}", "order": self.order, **more}
        return Clip(remote=remote, **columns)

    async def conversation(self) -> int:
        """The conversation's id."""
        visitor = await self.house.look.visitor(self.address)
        assert visitor is not None
        return visitor.conversation

    async def heard(self) -> list[str]:
        """What stands in the conversation, the person's own files as the names in 〔〕."""
        shown = await self.house.look.events(self.scope, await self.conversation(), -1)
        out = []
        for one in shown:
            card = one.message.card or {}
            mine = one.message.author == "me" and card.get("kind") == "pictures"
            out.append(f"〔{' '.join(i['name'] for i in card['items'])}〕" if mine else one.message.text)
        return out

    async def rows(self, what: Any) -> list[Any]:
        """Rows of the database."""
        return list(await self.house.readers.run(lambda c: c.execute(what).all()))

    async def kept(self) -> list[tuple[str, str, int]]:
        """(name, source, size) of the draft's attachments, in their order."""
        t = tables.attachments
        found = await self.rows(select(t.c.name, t.c.source, t.c.size).where(t.c.draft == self.draft).order_by(t.c.id))
        return [tuple(row) for row in found]

    async def job(self) -> Any:
        """The one fetch job."""
        (row,) = await self.rows(select(tables.jobs).where(tables.jobs.c.kind == "fetch"))
        return row


@asynccontextmanager
async def sending(
    folder: Path, there: There, *, place: str = "", fetches: bool = True, world: Clock | None = None
) -> AsyncIterator[Sender]:
    """A house whose workers run only when they are asked to."""
    async with there.open(), home(folder, world=world or Clock(), busy=False, place=place) as house:
        if fetches:
            house.workers.fetchers["telegram"] = there.fetch
        await house.act(OpenEdition(call="short"))
        address, scope, draft = await written(house)
        yield Sender(house, address, scope, draft)


@pytest.fixture
def there() -> There:
    """The messenger's files: two real photos of some size."""
    one = There()
    one.files = {"a": jpeg(1600, 1200, quality=95), "b": jpeg(1500, 1100, quality=95)}
    assert all(len(data) > PIECE for data in one.files.values())
    return one


async def until(true: Callable[[], Any]) -> None:
    """Waits for something that is about to come."""
    async with asyncio.timeout(20):
        while not await true():
            await asyncio.sleep(0.01)


# ---------------------------------------------------------------- the way they come


async def test_a_net_that_breaks_twice_costs_two_tries_and_nothing_else(
    tmp_path: Path, place: str, there: There
) -> None:
    """The third try brings the photo whole; it is told once, and named where it came without a name."""
    there.breaks = {"a": 2}
    async with sending(tmp_path, there, place=place) as me:
        await me.send(me.clip("a"))
        await me.house.workers.drain()
        assert there.asked == ["a", "a", "a"]
        ((name, source, size),) = await me.kept()
        assert (name, source) == ("照片101.jpg", "7:101")
        file = (await me.rows(select(tables.attachments.c.file)))[0][0]
        kept = b"".join([piece async for piece in me.house.files.get(file)])
        assert len(kept) == size and kept[:2] == there.files["a"][:2]
        heard = await me.heard()
        assert heard[-2] == "〔照片101.jpg〕" and "收到1张" in heard[-1]
        assert not any("没传上来" in text for text in heard)
        assert (await me.job()).state == "done"


async def test_a_job_that_was_killed_is_done_again_and_fetches_only_what_is_missing(
    tmp_path: Path, place: str, there: There
) -> None:
    """The worker dies in the middle of the second photo; its claim lapses; the next one stores nothing twice."""
    world = Clock()
    there.stops_at = "b"
    async with sending(tmp_path, there, place=place, world=world) as me:
        await me.send(me.clip("a"), me.clip("b"))
        worker = asyncio.create_task(me.house.workers.run())
        await there.held.wait()
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        assert await me.kept() == [] and (await me.job()).state == "claimed"
    there.stops_at = ""
    there.hold = asyncio.Event()
    async with there.open(), home(tmp_path, world=world, busy=False, place=place) as house:
        house.workers.fetchers["telegram"] = there.fetch
        me.house = house
        await house.workers.drain()
        assert await me.kept() == [], "the claim of whoever died holds for a while"
        world.forward(minutes=6)
        await house.workers.drain()
        assert there.asked == ["a", "b", "b"]
        assert [(name, source) for name, source, _ in await me.kept()] == [
            ("照片101.jpg", "7:101"),
            ("照片102.jpg", "7:102"),
        ]
        before = await me.heard()
        await _claim_lapses(house, world)
        await house.workers.drain()
        assert there.asked == ["a", "b", "b"] and len(await me.kept()) == 2 and await me.heard() == before
        files = await me.rows(select(func.count()).select_from(tables.files))
        assert files[0][0] == 2


async def _claim_lapses(house: House, world: Clock) -> None:
    """What a crash right after the telling leaves behind: told, and still claimed."""
    lapsed = update(tables.jobs).where(tables.jobs.c.kind == "fetch")
    await house.desk.submit(lambda c: c.execute(lapsed.values(state="claimed", claimed_until=world.now())))
    world.forward(seconds=1)


async def test_an_album_with_a_file_that_is_none_keeps_the_others(tmp_path: Path, there: There) -> None:
    """Refused by the store, expired at the messenger, too big before it is asked for: each is said, none is tried."""
    there.files["odd"] = b"no picture at all" * 9
    async with sending(tmp_path, there) as me:
        clips = [me.clip(remote) for remote in ("b", "odd", "gone")]
        await me.send(*clips, me.clip("a", size=30 * 1024 * 1024, kind="file", name="大.pdf"))
        await me.house.workers.drain()
        heard = await me.heard()
        assert [name for name, _, _ in await me.kept()] == ["照片101.jpg"]
        assert "刚才发的第3张没有传上来，请再发一次。" in heard
        assert any(text.startswith("刚才发的第2张：这种文件收不了") for text in heard)
        assert any(text.startswith("“大.pdf”：这个文件有30MB，最多20MB") for text in heard)
        assert there.asked == ["b", "odd"]


async def test_a_file_that_is_bigger_than_was_said_is_left_off(
    tmp_path: Path, there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit holds for the bytes that come; nothing of them stays on the disk."""
    there.files["big"] = b"%PDF-" + bytes(2 * 1024 * 1024)
    async with sending(tmp_path, there) as me:
        monkeypatch.setattr(me.house.workers._fetching, "_most", 1)
        await me.send(me.clip("big", kind="file", name="大.pdf"))
        await me.house.workers.drain()
        assert (await me.heard())[-1].startswith("这个文件有2MB，最多1MB")
        assert list((tmp_path / "data" / "uploads").iterdir()) == []


# ---------------------------------------------------------------- late


async def test_what_is_late_is_said_once_and_comes_by_itself(tmp_path: Path, place: str, there: There) -> None:
    """After three quick tries the job is let go; nobody claims it before its time; then it goes on."""
    world = Clock()
    there.breaks = {"a": 6}
    async with sending(tmp_path, there, place=place, world=world) as me:
        await me.send(me.clip("a"), me.clip("b"))
        await me.house.workers.drain()
        assert (await me.heard())[-1] == "刚才发的第1张还没传上来（信号弱）。字先写着，有网我接着传。"
        assert (await me.job()).state == "waiting" and there.asked == ["a", "b", "a", "a"]
        await me.house.workers.drain()
        assert len(there.asked) == 4
        for pause in LATER[:2]:
            world.forward(seconds=pause)
            await me.house.workers.drain()
        heard = await me.heard()
        assert there.asked == ["a", "b", *"aaaaaa"] and [s for _, s, _ in await me.kept()] == ["7:101", "7:102"]
        assert sum("没传上来" in text for text in heard) == 1 and "收到2张" in heard[-1]


async def test_after_an_hour_the_person_is_asked_to_send_it_again(
    tmp_path: Path, there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ever longer pauses until then; what did come is kept."""
    monkeypatch.setattr(fetching, "PAUSES", (0.0,))
    world = Clock()
    there.breaks = {"a": 10_000}
    async with sending(tmp_path, there, world=world) as me:
        await me.send(me.clip("a"), me.clip("b"))
        began, pauses = world.now(), []
        while (await me.job()).state != "done":
            await me.house.workers.drain()
            if (at := (await me.job()).not_before) and at > world.now():
                pauses.append((at - world.now()).total_seconds())
                world.at = at
        assert pauses == sorted(pauses) and 3600 <= (world.now() - began).total_seconds() <= 3700
        heard = await me.heard()
        assert heard[-3:-1] == ["〔照片102.jpg〕", "刚才发的第1张没有传上来，请再发一次。"] and "收到1张" in heard[-1]
        there.breaks = {}
        await me.send(me.clip("gone"))
        await me.house.workers.drain()
        assert (await me.heard())[-1] == "照片没有传上来，请再发一次。"


async def test_a_messenger_that_says_when_is_not_asked_before(tmp_path: Path, there: There) -> None:
    """No quick tries then, and no try earlier than it said."""
    world = Clock()
    there.later = 100.0
    async with sending(tmp_path, there, world=world) as me:
        await me.send(me.clip("a"))
        await me.house.workers.drain()
        assert ((await me.job()).not_before - world.now()).total_seconds() == 100
        there.later = 0.0
        world.forward(seconds=99)
        await me.house.workers.drain()
        assert there.asked == []
        world.forward(seconds=1)
        await me.house.workers.drain()
        assert len(await me.kept()) == 1


async def test_a_connection_on_which_nothing_comes_is_given_up(
    tmp_path: Path, there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts as late, as if it had broken."""
    monkeypatch.setattr(fetching, "_STALLED", 0.1)
    monkeypatch.setattr(fetching, "PAUSES", (0.0,))
    there.stops_at = "a"
    async with sending(tmp_path, there) as me:
        await me.send(me.clip("a"))
        await me.house.workers.drain()
        assert (await me.heard())[-1] == "照片还没传上来（信号弱）。字先写着，有网我接着传。"


# ---------------------------------------------------------------- beside others


async def test_slow_files_hold_no_document_up(tmp_path: Path, there: There) -> None:
    """While more files are being fetched than are fetched at once, a Word file is set."""
    there.stops_at = "a"
    async with sending(tmp_path, there) as me:
        for _ in range(6):
            await me.send(me.clip("a"))
        worker = asyncio.create_task(me.house.workers.run())
        await until(lambda: _asked(there, 4))
        await tell(me.house, me.address, Pressed(at=me.house.world.now(), press="cmd:word"))
        me.house.workers.ring()
        await until(lambda: _says(me, me.house.wording.say("document.draft")))
        assert there.asked == ["a"] * 4 and await me.kept() == []
        there.hold.set()
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def _asked(there: There, times: int) -> bool:
    return len(there.asked) >= times


async def _says(me: Sender, text: str) -> bool:
    return text in await me.heard()


async def test_a_process_without_the_messenger_leaves_its_files_to_another(
    tmp_path: Path, place: str, there: There
) -> None:
    """Its own work it does all the same."""
    async with sending(tmp_path, there, place=place, fetches=False) as me:
        await me.send(me.clip("a"))
        await tell(me.house, me.address, Pressed(at=me.house.world.now(), press="cmd:word"))
        await me.house.workers.drain()
        assert me.house.wording.say("document.draft") in await me.heard()
        job = await me.job()
        assert (job.state, job.tries, job.channel) == ("waiting", 0, "telegram")
        me.house.workers.fetchers["other"] = there.fetch
        await me.house.workers.drain()
        assert (await me.job()).tries == 0
        me.house.workers.fetchers["telegram"] = there.fetch
        await me.house.workers.drain()
        assert len(await me.kept()) == 1


async def test_nothing_is_told_of_files_whose_sender_was_erased_meanwhile(tmp_path: Path, there: There) -> None:
    """Neither the photo nor a word about it comes back into the conversation."""
    there.stops_at = "a"
    async with sending(tmp_path, there) as me:
        await me.send(me.clip("a"))
        worker = asyncio.create_task(me.house.workers.run())
        await there.held.wait()
        for press in ("erase:ask", "erase:yes"):
            await tell(me.house, me.address, Pressed(at=me.house.world.now(), press=press))
        before = await me.heard()
        there.hold.set()
        await until(lambda: _idle(me.house))
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        assert await me.heard() == before
        assert await me.rows(select(tables.attachments)) == []


async def _idle(house: House) -> bool:
    return not house.workers._under_way
