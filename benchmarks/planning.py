"""Whom to remind today, planned over 100,000 drafts: `python -m benchmarks.planning [DRAFTS]`.

Three times are taken: a day on which nobody is due, the day on which everybody is who has not handed in (a wake for
each is written as well), and the look at the clock between two plans. Each in a process of its own on a filled
database, so that its memory is that of the program with a plan in it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from benchmarks.figures import Figure, median_of, resident, table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.app import House

DRAFTS, ROUNDS = 100_000, 3
SECONDS, MEMORY, LOOK = 5.0, 200.0, 50.0  # s, MB, ms
STATES = ("writing", "writing", "writing", "returned", "handed_in")
COUNTY = "青川市"


def figures(drafts: int = DRAFTS) -> list[Figure]:
    """Both databases, the median of so many rounds."""
    from tests.storehouse import empty_database

    found: list[Figure] = []
    for kind in ("sqlite", "postgres"):
        with tempfile.TemporaryDirectory() as folder, empty_database(kind, Path(folder)) as place:
            url = place if kind == "postgres" else ""
            asyncio.run(_fill(Path(folder), url, drafts))
            rounds = [_round(folder, url) for _ in range(ROUNDS)]
            name = f"{kind}, {drafts:,} drafts"
            due = int(rounds[0]["due"])
            found += [
                median_of(f"{name}: a day on which nobody is due", [r["quiet"] for r in rounds], "s", SECONDS),
                median_of(f"  on which {due:,} are, their wakes written", [r["busy"] for r in rounds], "s", SECONDS),
                median_of("  the process's memory, at its peak", [r["memory"] for r in rounds], "MB", MEMORY),
                median_of("  a look between two plans", [r["look"] for r in rounds], "ms", LOOK),
            ]
    return found


def _round(folder: str, url: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.planning", "--once", folder, url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


@asynccontextmanager
async def _house(folder: Path, url: str) -> AsyncIterator[House]:
    from bot.app import House
    from bot.config import load
    from tests.homes import Clock

    environ = {"ANLITONG_CALLS__OPEN": "[]", "ANLITONG_SITE__ROOT": COUNTY, "ANLITONG_SITE__ROOT_LEVEL": "市"}
    settings = load(data=str(folder / "data"), environ={**environ, **({"ANLITONG_DATABASE__URL": url} if url else {})})
    async with House(settings, world=Clock(datetime(2026, 3, 2, 4, 0, tzinfo=UTC)), busy=False) as house:
        yield house


async def _once(folder: Path, url: str) -> dict[str, float]:
    """The three times, and the memory after them."""
    from bot.app import calm_memory
    from bot.engine.definition import REMINDING_DAYS
    from bot.planning import read_dates
    from bot.workdays import china

    async with _house(folder, url) as house:
        calm_memory()  # as the server does
        world: Any = house.world
        edition = next(iter((await house.readers.run(lambda c: read_dates(c, house.calls))).editions.values()))
        out: dict[str, float] = {}
        last = (edition.due - timedelta(seconds=1)).astimezone(ZoneInfo(edition.call.zone))
        for name, days in (("quiet", 40), ("busy", REMINDING_DAYS[0])):
            day = china().before(last.date() - timedelta(days=days))
            world.at = datetime.combine(day, datetime.min.time(), last.tzinfo) + timedelta(minutes=5)
            began = time.perf_counter()
            count = await house.planning.look()
            out[name] = time.perf_counter() - began
            out["due"] = count
            began = time.perf_counter()
            await house.planning.look()
            out["look"] = (time.perf_counter() - began) * 1000
        out["memory"] = resident(os.getpid(), peak=True)
        await house.desk.submit(_forget)
        return out


def _forget(connection: Any) -> None:
    connection.exec_driver_sql("DELETE FROM wakes")
    connection.exec_driver_sql("DELETE FROM plans")


async def _fill(folder: Path, url: str, drafts: int) -> None:
    from bot.acts import AddUnits, OpenEdition
    from bot.doors import Acted

    async with _house(folder, url) as house:
        opened = await house.act(OpenEdition(call="mca"))
        await house.act(AddUnits(paths=(COUNTY,)))
        assert isinstance(opened, Acted)
        await house.desk.submit(lambda c: _rows(c, int(opened.result["edition"]), drafts, house.world.now()))


def _rows(connection: Any, edition: int, drafts: int, now: datetime) -> None:
    from sqlalchemy import insert, select

    from storage import tables as t

    unit = connection.execute(select(t.units.c.id).limit(1)).scalar()
    rows: dict[Any, list[dict[str, Any]]] = {t.people: [], t.conversations: [], t.drafts: []}
    rows |= {t.cases: [], t.decisions: [], t.reminders: []}
    for n in range(drafts):
        id, state, at = 10_000_000 + n * 3, STATES[n % len(STATES)], now - timedelta(minutes=n % 9000)
        rows[t.people].append({"id": id, "name": f"李{n}", "invited": unit, "unit": unit, "created_at": at})
        rows[t.conversations].append({"id": id, "person": id, "consent": "1", "seen_at": at})
        draft = {"id": id, "person": id, "call": "mca", "edition": edition, "created_at": at, "seen_at": at}
        case = id if state in ("returned", "handed_in") else 0
        rows[t.drafts].append({**draft, "state": state, "case": case, "next": 1 + n % 9, "sections_done": n % 7})
        rows[t.reminders].append({"person": id, "edition": edition, "level": "", "told_at": at, "unanswered": n % 2})
        if case:
            about = {"id": id, "draft": id, "edition": edition, "person": id, "unit": unit, "holder": unit, "n": 1}
            about |= {"state": "returned" if state == "returned" else "waiting", "county": COUNTY, "number": f"县{n}"}
            rows[t.cases].append({**about, "submitted_at": at, "back_by": None})
        if state == "returned":
            back = {"id": id, "case": id, "n": 1, "level": "", "kind": "returned", "actor": 0, "at": at, "unit": unit}
            rows[t.decisions].append(back)
    for into, some in rows.items():
        for start in range(0, len(some), 5000):
            connection.execute(insert(into), some[start : start + 5000])
    connection.exec_driver_sql("ANALYZE")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--once"]:
        print(json.dumps(asyncio.run(_once(Path(sys.argv[2]), sys.argv[3]))))
    else:
        print(table(figures(int(sys.argv[1]) if len(sys.argv) > 1 else DRAFTS)))
