"""What is acknowledged is there, once and in order, whatever happens to the program or its database.

A real `anlitong serve`, written to over HTTP by people whose phones send again as the page does.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import resource
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests import storehouse
from tests.browser import MANY, Served, free_port, serving
from tests.http_person import HttpPerson
from tests.needs import need

ROUNDS = 50 if os.environ.get("ANLITONG_SOAK") == "1" else 3
WRITERS = 6
_ENVIRON = {**MANY, "ANLITONG_CALLS__OPEN": '["mca"]'}


class Program:
    """`anlitong serve` on one folder and one port, started as often as one likes."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder, self._environ, self._port = folder, {**_ENVIRON, **environ}, free_port()
        self._running = ExitStack()
        self.served: Served

    async def start(self) -> None:
        """Returns when it listens."""
        manager = serving(self._folder, port=self._port, environ=self._environ)
        self.served = await asyncio.to_thread(self._running.enter_context, manager)

    async def stop(self) -> None:
        """Ends it, dead or alive."""
        await asyncio.to_thread(self._running.close)

    async def signalled(self, number: signal.Signals) -> tuple[int, int]:
        """Sends it a signal and waits for its end: how it ended (os.CLD_…) and with which status."""
        os.kill(self.served.pid, number)
        end = await asyncio.to_thread(os.waitid, os.P_PID, self.served.pid, os.WEXITED | os.WNOWAIT)
        assert end is not None
        return end.si_code, end.si_status


@asynccontextmanager
async def running(folder: Path, environ: Mapping[str, str]) -> AsyncIterator[Program]:
    """A program that has been started."""
    program = Program(folder, environ)
    await program.start()
    try:
        yield program
    finally:
        await program.stop()


@contextmanager
def database(kind: str, folder: Path) -> Iterator[dict[str, str]]:
    """Settings for a database of this kind that nobody else uses."""
    if kind == "sqlite":
        yield {}
        return
    need("PostgreSQL", storehouse.server_is_there(), "nothing listens on 127.0.0.1:5432")
    with storehouse.empty_database(kind, folder) as url:
        yield {"ANLITONG_DATABASE__URL": url}


async def write(person: HttpPerson, link: str, enough: asyncio.Event) -> None:
    """Somebody new joins and writes until it is enough, and three sentences more."""
    await person.begin(link)
    after = n = 0
    while after < 3:
        after += enough.is_set()
        n += 1
        await person.say(f"第{n}件事，我们上门办好了。")
        await asyncio.sleep(0.01)


@asynccontextmanager
async def crowd(program: Program, first: int = 1) -> AsyncIterator[list[HttpPerson]]:
    """People who write while the block runs; at its end each has had everything acknowledged, and finds it."""
    people = [HttpPerson(program.served.url, source=f"127.0.{first}.{n}") for n in range(1, WRITERS + 1)]
    enough = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for person in people:
            group.create_task(write(person, program.served.writer, enough))
        yield people
        enough.set()
    for person in people:
        await finds_everything(person)
        person.close()


async def finds_everything(person: HttpPerson) -> None:
    """Each acknowledged message stands in the conversation once, in order, and in the draft as well."""
    events = await person.all_events()
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    mine = [(e["cause"].rpartition(":")[2], e["text"]) for e in events if e["author"] == "me"]
    assert mine == [(s.cid, s.text) for s in person.acknowledged]
    answered = {e["cause"].rpartition(":")[2] for e in events if e["author"] == "bot"}
    assert answered >= {s.cid for s in person.acknowledged}
    assert said_in("".join(await person.paper())) == said_in("".join(s.text for s in person.acknowledged))


def said_in(text: str) -> list[str]:
    """The numbers of the sentences, as they stand in a text."""
    return re.findall(r"第(\d+)件事", text)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def test_killed_at_any_moment_it_keeps_what_it_acknowledged(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path) as environ:
        async with running(tmp_path / "data", environ) as program:
            for round in range(ROUNDS if kind == "sqlite" else max(1, ROUNDS // 10)):
                async with crowd(program, first=round + 1):
                    await asyncio.sleep(random.uniform(0.02, 2.5))
                    assert await program.signalled(signal.SIGKILL) == (os.CLD_KILLED, signal.SIGKILL)
                    await program.stop()
                    await program.start()


async def test_told_to_end_it_ends_well_and_soon_though_people_write_and_wait(tmp_path: Path) -> None:
    async with running(tmp_path / "data", {}) as program:
        idle = HttpPerson(program.served.url, source="127.0.0.9")
        await idle.begin(program.served.writer)
        async with crowd(program) as people:
            await asyncio.sleep(1)
            waiting = asyncio.create_task(idle.until_answered("GET", f"/api/events?after={idle.seq}&wait=25"))
            await asyncio.sleep(0.5)
            before = [len(p.acknowledged) for p in people]
            async with asyncio.timeout(15):  # drains for 5 seconds at most
                assert await program.signalled(signal.SIGTERM) == (os.CLD_EXITED, 0)
            await program.stop()
            await program.start()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        assert all(len(p.acknowledged) > n for p, n in zip(people, before, strict=True))
        assert not any(p.statuses.get(500) for p in people)
        idle.close()


# ---------------------------------------------------------------- the database goes away


@contextmanager
def no_room(program: Program, folder: Path) -> Iterator[None]:
    """No file the program writes may grow, its log least of all."""
    _, hard = resource.prlimit(program.served.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(program.served.pid, resource.RLIMIT_FSIZE, (16, hard))
    try:
        yield
    finally:
        resource.prlimit(program.served.pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def locked(program: Program, folder: Path) -> Iterator[None]:
    """Somebody else holds the database for longer than the program waits."""
    holder = sqlite3.connect(folder / "data" / "anlitong.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        holder.execute("ROLLBACK")
        holder.close()


@pytest.mark.parametrize("trouble", [no_room, locked])
async def test_what_cannot_be_stored_is_not_acknowledged(trouble, tmp_path: Path) -> None:
    async with running(tmp_path / "data", {}) as program:
        person = HttpPerson(program.served.url)
        await person.begin(program.served.writer)
        await person.say("第1件事，我们上门办好了。")
        lost = {"cid": "the-second-one", "base_seq": person.seq, "text": "第2件事，我们上门办好了。"}
        with trouble(program, tmp_path):
            for _ in range(2):
                refused = await person.ask("POST", "/api/say", lost)
                assert (refused.status, refused.json["error"]) == (503, "刚才没存上，请再发一次。")
                assert refused.headers["retry-after"].isdigit()
            seen = await person.ask("GET", f"/api/events?after={person.seq}")
            assert seen.json["events"] == []
        taken = await person.ask("POST", "/api/say", lost)
        assert (taken.status, taken.json["outcome"]) == (200, "fresh")
        await person.say("第3件事，我们上门办好了。")
        assert said_in("".join(await person.paper())) == ["1", "2", "3"]
        person.close()


@pytest.mark.postgres
async def test_postgres_cut_off_under_load_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with database("postgres", tmp_path) as environ:
        url = environ["ANLITONG_DATABASE__URL"]
        cut = 0
        async with (
            await psycopg.AsyncConnection.connect(url, autocommit=True) as killer,
            running(tmp_path / "data", environ) as program,
            crowd(program) as people,
        ):
            for _ in range(4 * ROUNDS):
                await asyncio.sleep(random.uniform(0.05, 0.4))
                cursor = await killer.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                cut += len(await cursor.fetchall())
        assert cut > 0
        assert sum(p.statuses.get(503, 0) for p in people) > 0
        assert {s for p in people for s in p.sentences} == {"刚才没存上，请再发一次。"}
        assert not any(p.statuses.get(500) for p in people)


@pytest.mark.postgres
async def test_a_read_only_postgres_takes_nothing_until_it_may_be_written(tmp_path: Path) -> None:
    with database("postgres", tmp_path) as environ:
        url = environ["ANLITONG_DATABASE__URL"]
        name = url.rpartition("/")[2]
        async with running(tmp_path / "data", environ) as program, crowd(program) as people:
            await asyncio.sleep(1)
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as keeper:
                for state in ("on", "off"):
                    await keeper.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {state}")
                    await keeper.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                    await asyncio.sleep(0.5)
        assert {s for p in people for s in p.sentences} == {"刚才没存上，请再发一次。"}


@pytest.mark.postgres
async def test_two_programs_on_one_postgres_share_a_person_and_survive_a_kill(tmp_path: Path) -> None:
    with database("postgres", tmp_path) as environ:
        async with running(tmp_path / "data", environ) as first, running(tmp_path / "data", environ) as second:
            one = HttpPerson(first.served.url, source="127.0.0.2")
            await one.begin(first.served.writer)
            begun = len(one.acknowledged)
            two = HttpPerson(second.served.url, source="127.0.0.3", cookie=one.cookie)
            await two.read()

            async def say(person: HttpPerson, numbers: range) -> None:
                for n in numbers:
                    await person.say(f"第{n}件事，我们上门办好了。")

            async def kill() -> None:
                await asyncio.sleep(0.7)
                await second.signalled(signal.SIGKILL)
                await second.stop()
                await second.start()

            await asyncio.gather(say(one, range(100, 160)), say(two, range(200, 260)), kill())
            events = await one.all_events()
            mine = [e["text"] for e in events if e["author"] == "me"][begun:]
            assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
            numbers = [int(n) for n in said_in("".join(mine))]
            assert [n for n in numbers if n < 200] == list(range(100, 160))
            assert [n for n in numbers if n >= 200] == list(range(200, 260))
            assert [int(n) for n in said_in("".join(await one.paper()))] == numbers
            assert len({e["cause"] for e in events if e["author"] == "me"}) == len(one.acknowledged + two.acknowledged)
            one.close()
            two.close()
