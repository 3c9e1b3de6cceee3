"""Jobs in a time without a database: it costs patience and none of a job's tries."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from bot import jobs, papers
from bot.engine.messages import Pressed
from storage import database, tables
from tests.homes import home, tell
from tests.test_house import written

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


@contextmanager
def away(place: str) -> Iterator[None]:
    """Nobody else can write meanwhile: SQLite's one lock is held, PostgreSQL is read-only."""
    if "://" not in place:
        keeper = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
        keeper.execute("BEGIN IMMEDIATE")
        yield
        keeper.execute("ROLLBACK")
        keeper.close()
        return
    name = place.rpartition("/")[2]
    with psycopg.connect(place, autocommit=True) as server:
        for state in ("on", "off"):
            server.execute("SET default_transaction_read_only = off")
            server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {state}")
            server.execute(CUT, (name,))
            if state == "on":
                yield


async def test_an_outage_costs_a_job_patience_and_no_try(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database goes while the paper is set, and stays away for longer than a job has tries; the paper comes."""
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.1)
    real, times, outage = papers.word_file, 0, ExitStack()

    def word_file(*args: Any) -> bytes:
        nonlocal times
        times += 1
        if times == 1:
            outage.enter_context(away(house.settings.database_place))
        elif times > jobs.TRIES:
            outage.close()
        return real(*args)

    monkeypatch.setattr(papers, "word_file", word_file)
    async with home(tmp_path, place=place) as house:
        address, scope, _ = await written(house)
        me = await house.look.visitor(address)
        assert me is not None
        await tell(house, address, Pressed(at=house.world.now(), press="cmd:word"))
        for _ in range(40):
            shown = await house.look.events(scope, me.conversation, -1)
            if shown[-1].message.card and shown[-1].message.card["kind"] == "document":
                break
            await house.look.wait(me.conversation, shown[-1].seq, 1)
        told = [s.message.text for s in shown]
        assert told[-1] == house.wording.say("document.draft")
        assert house.wording.say("document.trouble") not in told
        (job,) = await house.readers.run(lambda c: c.execute(select(tables.jobs)).all())
        assert (job.kind, job.tries) == ("paper", 1)
