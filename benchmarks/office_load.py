"""A hundred coordinators at work while two hundred cadres write, on one serving process.

    python -m benchmarks.office_load [sqlite|postgres]

6,500 cases in a city of twenty counties, half of them in one. Five coordinators sit in each county and in the city;
one after the other they look at their queue, open a case, comment on a sentence, return the case or pass it, and see
queue and overview again, a step every four seconds. The cadres send a message every two seconds, on a timetable, as
in `benchmarks.load`. All of them live in one process beside the server, on the same cores.

With "live" every coordinator's page also reads queue and overview again after whatever anybody did, as the real one
does: that is the worst morning there is, and is told, not judged.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.console import CITY, COUNTY, SMALL, environ, fill, opened
from benchmarks.crowd import LIFTED, NEW, settle, source
from benchmarks.figures import Figure, children, cpu_seconds, resident, table
from tests.browser import free_port
from tests.http_person import HttpPerson

OFFICERS, CADRES = 100, 200
THINK, EVERY, SECONDS = 4.0, 2.0, 60.0
STEPS = 5  # of a round: queue, case, and three commands
CADRE_LIMIT, OFFICER_LIMIT = 50.0, 60.0  # ms, 99 of 100
AGAIN = 2.4  # seconds between two looks of a page that hears of something every moment
TEXT = "这里请写具体：多少户，几个人，什么时候办完的？"
_QUOTE = {"section": "s1", "question": "q", "block": "s1/q/0/0", "start": 0, "quote": "村里把院坝会开在田间地头"}


def figures() -> list[Figure]:
    """Both databases, without the live pages and with them."""
    return [f for kind in ("sqlite", "postgres") for live in (False, True) for f in figures_of(kind, live)]


def figures_of(kind: str, live: bool) -> list[Figure]:
    """A minute on one database."""
    from tests.storehouse import empty_database

    with tempfile.TemporaryDirectory() as folder, empty_database(kind, Path(folder)) as place:
        url = place if kind == "postgres" else ""
        asyncio.run(_gather(Path(folder), url))
        print(f"{kind}: load before {os.getloadavg()[0]:.1f}", file=sys.stderr)
        with _serving(Path(folder) / "data", {**LIFTED, **environ(url)}) as (address, pid):
            before, began = cpu_seconds(pid), time.monotonic()
            told = _drive(address, folder, live)
            lasted = time.monotonic() - began
            share = (cpu_seconds(pid) - before) / lasted
            (beside,) = children(pid)
            name = f"{kind}{', live' if live else ''}"
            limits = (None, None) if live else (CADRE_LIMIT, OFFICER_LIMIT)
            found = []
            for who, limit in zip(("cadres", "reads", "acts"), (limits[0], limits[1], limits[1]), strict=True):
                one = told[who]
                label = f"{name}: {who}, {one['rate']:.0f} a second (half {one['p50']:.1f}, slowest {one['max']:.0f})"
                found.append(Figure(label, one["p99"], "ms", limit))
            found += [
                Figure(f"{name}: errors", sum(one["errors"] for one in told.values()), "", None if live else 0),
                Figure(f"{name}: the server's share of one core", share * 100, "%"),
                Figure(f"{name}: the reading process's share", cpu_seconds(beside) / lasted * 100, "%"),
                Figure(f"{name}: their memory", resident(pid) + resident(beside), "MB"),
            ]
            return found


async def _gather(folder: Path, url: str) -> None:
    """The city with its cases, and the cookies of all who come."""
    from starlette.responses import Response

    from bot.acts import MakeInvite
    from bot.doors import Acted
    from handlers.web.session import Sessions

    async with opened(folder, url) as house:
        await fill(house, SMALL, SMALL)
        links = []
        for n in range(OFFICERS):
            unit = CITY if n % 20 == 0 else COUNTY if n % 20 == 1 else f"{CITY}/第{n % 20}县"
            made = await house.act(MakeInvite(unit=unit, role="coordinator"))
            assert isinstance(made, Acted)
            links.append(made.result["link"])
        sessions = Sessions(house.web_settings(), house.world)
        cookies, externals = [], []
        for _ in range(CADRES):
            session, response = sessions.new(), Response()
            sessions.write(response, session, always=True)
            cookies.append(response.headers["set-cookie"].split(";")[0])
            externals.append(session.external)
        await settle(house, "page", externals)
    (folder / "who.json").write_text(json.dumps({"links": links, "cookies": cookies}))


@contextlib.contextmanager
def _serving(folder: Path, settings: dict[str, str]) -> Iterator[tuple[str, int]]:
    """The program on a filled folder: its address and process."""
    port = free_port()
    command = [sys.executable, "-m", "bot", "serve", "--port", str(port), "--data", str(folder)]
    env = {**os.environ, **settings}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            asyncio.run(_well(url))
            yield url, process.pid
        finally:
            process.terminate()


async def _well(url: str) -> None:
    person = HttpPerson(url, pause=lambda _: 0.05)
    await person.until_answered("GET", "/healthz")
    person.close()


def _drive(url: str, place: str, live: bool) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.office_load", "drive", url, place, str(int(live))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=SECONDS + 120)
    told: dict[str, Any] = json.loads(done.stdout)
    print(f"    {told}", file=sys.stderr)
    return told


# ---------------------------------------------------------------- who comes


class _Times:
    """How long requests of a kind took, in ms, and how many were not answered as they should be."""

    def __init__(self) -> None:
        self.took: list[float] = []
        self.errors = 0

    def told(self, wall: float) -> dict[str, float]:
        took = sorted(self.took) or [0.0]
        at = {"p50": took[len(took) // 2], "p99": took[int(len(took) * 0.99)], "max": took[-1]}
        return {"rate": len(self.took) / wall, "errors": self.errors, **at}


class _Day:
    """Everybody, until the minute is over."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cadres, self.reads, self.acts = _Times(), _Times(), _Times()
        self.taken: set[str] = set()
        self.edition = ""
        self.begin = self.end = 0.0

    async def ask(self, who: HttpPerson, times: _Times, path: str, data: Any = None, due: float = 0) -> Any:
        """One request; None where it went wrong."""
        began = due or time.perf_counter()
        try:
            answer = await who.ask("POST" if data is not None else "GET", path, data)
        except (OSError, TimeoutError):
            times.errors += 1
            return None
        finally:
            times.took.append((time.perf_counter() - began) * 1000)
        if answer.status == 200:
            return answer.json
        # Somebody of the same office was quicker with this case: a sentence, and no error.
        times.errors += answer.status != 409
        return None

    async def cadre(self, person: HttpPerson, n: int) -> None:
        """A message every two seconds; its time counts from when it was due."""
        due = self.begin + EVERY * n / CADRES
        while due < self.end:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            data = {"cid": os.urandom(8).hex(), "base_seq": person.seq, "text": NEW}
            answer = await self.ask(person, self.cadres, "/api/say", data, due)
            person.seq = answer["seq"] if answer else person.seq
            due += EVERY

    async def look(self, person: HttpPerson) -> list[dict[str, Any]]:
        """Queue and overview, both at once, as the page asks for them."""
        second = HttpPerson(self.url, source=person.source, cookie=person.cookie)
        _, told = await asyncio.gather(
            self.ask(person, self.reads, f"/api/console?edition={self.edition}"),
            self.ask(second, self.reads, f"/api/console/list?queue=mine&edition={self.edition}"),
        )
        second.close()
        return list(told["rows"]) if told else []

    async def officer(self, person: HttpPerson, n: int) -> None:
        """Case after case, a step every four seconds."""
        due = self.begin + Random(n).uniform(0, STEPS * THINK)  # nobody keeps step with the others

        async def pause() -> None:
            nonlocal due
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            due += THINK

        while due < self.end:
            await pause()
            rows = await self.look(person)
            if (row := self.take(rows)) is None:
                continue
            await pause()
            await self.ask(person, self.reads, f"/api/console/case/{row['case']}")
            for command in _commands(row, n):
                await self.ask(person, self.acts, "/api/console/act", command)
                await pause()

    def take(self, rows: list[dict[str, Any]]) -> dict[str, Any] | None:
        """The first case that nobody else has opened."""
        row = next((row for row in rows if row["case"] and row["case"] not in self.taken), None)
        if row is not None:
            self.taken.add(row["case"])
        return row

    async def warm(self, officers: list[HttpPerson]) -> None:
        """A round of each kind: what is loaded at its first use is loaded then."""
        for n, person in enumerate(officers):
            if row := self.take(await self.look(person)):
                await self.ask(person, self.reads, f"/api/console/case/{row['case']}")
                for command in _commands(row, n):
                    await self.ask(person, self.acts, "/api/console/act", command)
        await asyncio.sleep(5)

    async def page(self, person: HttpPerson, n: int) -> None:
        """The same person's page, which reads again whenever anything has happened."""
        due = self.begin + AGAIN * n / OFFICERS
        while due < self.end:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await self.look(person)
            due = max(due + AGAIN, time.perf_counter())


def _commands(row: dict[str, Any], n: int) -> list[dict[str, Any]]:
    """What is done with a case: every second one is returned, the others are passed."""
    case = {"case": row["case"], "n": row["n"]}
    back = {"do": "return", **case, "to": "writer", "route": "direct", "reason": "请按意见改。"}
    passed = {"do": "pass", "cases": [case]}
    return [{"do": "open", **case}, {"do": "comment", **case, "text": TEXT, **_QUOTE}, back if n % 2 else passed]


async def _people(url: str, place: str, live: bool) -> dict[str, Any]:
    who = json.loads((Path(place) / "who.json").read_text())
    cadres = [HttpPerson(url, source=source(n), cookie=cookie) for n, cookie in enumerate(who["cookies"])]
    officers = [HttpPerson(url, source=source(CADRES + n)) for n in range(OFFICERS)]
    day = _Day(url)
    for person in cadres:
        await person.read()
    for person, link in zip(officers, who["links"], strict=True):
        await person.join(f"{url}/i/{link}")
        day.edition = day.edition or (await person.ask("GET", "/api/console")).json["edition"]
        await day.look(person)
    await day.warm(officers[2:6])
    for times in (day.cadres, day.reads, day.acts):
        times.took.clear()
    day.begin = time.perf_counter() + 0.5
    day.end = day.begin + SECONDS
    pages = [HttpPerson(url, source=p.source, cookie=p.cookie) for p in officers] if live else []
    cpu = time.process_time()
    await asyncio.gather(
        *(day.cadre(person, n) for n, person in enumerate(cadres)),
        *(day.officer(person, n) for n, person in enumerate(officers)),
        *(day.page(person, n) for n, person in enumerate(pages)),
    )
    wall = time.perf_counter() - day.begin  # who is in the middle of a step ends it
    print(f"    the drivers' share of a core: {(time.process_time() - cpu) / wall:.2f}", file=sys.stderr)
    for person in (*cadres, *officers, *pages):
        person.close()
    return {name: getattr(day, name).told(SECONDS) for name in ("cadres", "reads", "acts")}


if __name__ == "__main__":
    if sys.argv[1:2] == ["drive"]:
        print(json.dumps(asyncio.run(_people(sys.argv[2], sys.argv[3], sys.argv[4] == "1"))))
    else:
        for one in sys.argv[1:] or ("sqlite", "postgres"):
            for with_pages in (False, True):
                print(table(figures_of(one, with_pages)), flush=True)
