"""What the workbench costs a server: every view of it over thousands of cases, asked as a browser asks.

    python -m benchmarks.console [CASES] [sqlite|postgres]

The cases lie in a city of twenty counties, half of them in one, and a quarter as many drafts beside them. That county's
coordinator asks, and the city's. Times are those of the whole request, without a network; views are read by the
process aside, as behind a server.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmarks.figures import Figure

if TYPE_CHECKING:
    import httpx

    from bot.app import House

SMALL, LARGE = 6_500, 100_000
LIMITS = {SMALL: 60.0, LARGE: 120.0}  # ms, 99 of 100
ROUNDS = 100
WRITTEN = 200  # cases whose text is there to be opened: lists never read one
QUEUES = ("mine", "again", "returned", "writing", "todo", "passed", "up", "not", "all")
CITY, COUNTY = "青川市", "青川市/第0县"
_COUNTIES, _TOWNS, _VILLAGES = 20, 20, 20
_SENTENCE = "村里把院坝会开在田间地头，谁家有难处当场说，当场定谁来办、几天办完，办完了再回来讲一遍结果。"
_STATES = ("waiting", "opened", "returned", "passed", "waiting", "not_recommended")
_UP = 4  # of these, that which the city holds


def figures() -> list[Figure]:
    """Each view's p99 of 100 requests and its first, for both sizes, both databases and both viewers."""
    return [f for size in (SMALL, LARGE) for kind in ("sqlite", "postgres") for f in figures_of(size, kind)]


def figures_of(size: int, kind: str) -> list[Figure]:
    """Those of one size and database."""
    from tests.storehouse import empty_database

    with tempfile.TemporaryDirectory() as folder, empty_database(kind, Path(folder)) as place:
        url = place if kind == "postgres" else ""
        return asyncio.run(_measure(Path(folder), url, f"{kind}, {size:,}", size))


async def _measure(folder: Path, url: str, name: str, size: int) -> list[Figure]:
    async with opened(folder, url) as house:
        edition = await fill(house, size)
        print(f"{name}: load {os.getloadavg()[0]:.1f}", file=sys.stderr)
        found: list[Figure] = []
        clients = {unit: await sit_down(house, unit) for unit in (COUNTY, CITY)}
        async with _aside(house):
            for unit, client in clients.items():
                found += await views(client, f"{name}: {unit.rpartition('/')[2]}", edition, LIMITS[size])
                await client.aclose()
        return found


@asynccontextmanager
async def _aside(house: House) -> AsyncIterator[None]:
    """The process aside, as it stands beside a server that coordinators have come to."""
    running = asyncio.create_task(house.aside.run())
    while house.aside.pid is None:
        await asyncio.sleep(0.05)
    yield
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def opened(folder: Path, url: str = "") -> AsyncIterator[House]:
    """A house of a city; `url`: its PostgreSQL database, if it has one."""
    from bot.app import House
    from bot.config import load

    async with House(load(data=str(folder / "data"), environ=environ(url)), busy=False) as house:
        await house._open_editions()
        yield house


def environ(url: str = "") -> dict[str, str]:
    """The settings of that house."""
    known = {"ANLITONG_CALLS__OPEN": '["mca"]', "ANLITONG_SITE__ROOT": CITY, "ANLITONG_SITE__ROOT_LEVEL": "市"}
    return {**known, **({"ANLITONG_DATABASE__URL": url} if url else {})}


async def views(client: httpx.AsyncClient, name: str, edition: int, limit: float) -> list[Figure]:
    """All views of one coordinator."""
    case = case_id(edition, 0)
    asked: dict[str, tuple[str, dict[str, Any]]] = {"overview": ("", {})}
    for queue in QUEUES:
        asked[f"list {queue}"] = ("/list", {"queue": queue})
    asked["one town's list"] = ("/list", {"queue": "all", "town": f"{COUNTY}/第3镇"})
    asked["search"] = ("/list", {"q": "第1234"})
    asked["search, nothing there"] = ("/list", {"q": "没有的词"})
    asked["a case"] = (f"/case/{case}", {})
    asked["its difference"] = (f"/case/{case}/compare", {"from": 1, "to": 2})
    found, firsts = [], []
    for view, (path, params) in asked.items():
        first, *times = [await _time(client, path, params) for _ in range(ROUNDS + 1)]
        times.sort()
        firsts.append((first, view))
        label = f"{name}: {view} (half {statistics.median(times):.0f}, slowest {times[-1]:.0f})"
        found.append(Figure(label, times[int(len(times) * 0.99) - 1], "ms", limit))
    slowest = max(firsts)
    found.append(Figure(f"{name}: the slowest first request: {slowest[1]}", slowest[0], "ms", limit))
    return found


async def _time(client: httpx.AsyncClient, path: str, params: dict[str, Any]) -> float:
    began = time.perf_counter()
    answer = await client.get(f"/api/console{path}", params=params)
    assert answer.status_code == 200, answer.text
    return (time.perf_counter() - began) * 1000


def case_id(edition: int, n: int) -> str:
    """The n-th case, as the page names it; the first `WRITTEN` may be opened."""
    from bot.engine.ids import b36

    return b36(edition + 1_000_000 + n)


async def sit_down(house: House, unit: str) -> httpx.AsyncClient:
    """A coordinator of a unit, by their link."""
    import httpx

    from bot.acts import MakeInvite
    from bot.doors import Acted
    from handlers.web.app import make_app

    made = await house.act(MakeInvite(unit=unit, role="coordinator"))
    assert isinstance(made, Acted)
    app = make_app(cast(Any, house.doors), house.web_settings(), house.wording)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://desk", headers={"X-Anlitong": "1"}, timeout=60
    )
    link = made.result["link"]
    await client.get(f"/i/{link}")
    await client.post("/api/join", json={"link": link, "intent": "", "cid": "c1234567890"})
    return client


async def fill(house: House, size: int, written: int = WRITTEN) -> int:
    """Units, people, drafts and cases by plain rows, so many with their text; returns the edition."""
    from storage.database import open_writer
    from storage.editions import load

    edition = next(iter(await house.readers.run(lambda c: load(c, house.calls))))
    await house.desk.submit(lambda c: _rows(c, edition, size, written))
    if house.settings.database.url:  # what the server does by itself within some minutes
        engine = open_writer(house.settings.database_place).execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
        engine.dispose()
    return edition


def _rows(connection: Any, edition: int, size: int, written: int) -> None:
    from sqlalchemy import insert

    from storage import tables as t

    texts = (_content("三成"), _content("四成"))

    root, counties, villages = _tree(connection)
    now = datetime.now(UTC)
    rows: dict[Any, list[dict[str, Any]]] = {
        **{t.people: [], t.conversations: [], t.drafts: [], t.cases: [], t.submissions: [], t.decisions: []}
    }
    for n in range(size + size // 4):
        county = 0 if n % 2 == 0 else 1 + n // 2 % (_COUNTIES - 1)
        unit = villages[county][n // 2 % len(villages[county])]
        id, at, handed = edition + 1_000_000 + n, now - timedelta(minutes=n % 9000), n < size
        rows[t.people].append({"id": id, "name": f"李{n}", "invited": unit, "unit": unit, "created_at": at})
        rows[t.conversations].append({"id": id, "person": id})
        draft = {"id": id, "person": id, "call": "mca", "edition": edition, "created_at": at, "seen_at": at}
        rows[t.drafts].append(
            {**draft, "state": "handed_in" if handed else "writing", "case": id if handed else 0, "words": 900}
        )
        if not handed:
            continue
        up = n // 2 % len(_STATES) == _UP
        again = n < WRITTEN or n // 2 % 4 == 1
        rows[t.cases].append(
            {
                **{"id": id, "draft": id, "edition": edition, "person": id, "unit": unit, "words": 3000},
                **{"state": "opened" if n == 0 else _STATES[n // 2 % len(_STATES)], "submitted_at": at},
                **{"county": counties[county][1], "number": f"县{n}", "title": f"第{n}个案例", "n": 1 + again},
                **{"level": "city" if up else "county", "holder": root if up else counties[county][0]},
            }
        )
        if again:
            back = {"case": id, "n": 1, "level": "county", "kind": "returned", "actor": id, "at": at}
            rows[t.decisions].append({**back, "id": id, "unit": counties[county][0]})
        if n < written:
            rows[t.submissions] += [{"case": id, "n": k, "at": at, **texts[k - 1]} for k in range(1, 2 + again)]
    for table, some in rows.items():
        for start in range(0, len(some), 5000):
            connection.execute(insert(table), some[start : start + 5000])
    connection.exec_driver_sql("ANALYZE")


def _tree(connection: Any) -> tuple[int, list[tuple[int, str]], list[list[int]]]:
    """The city's id, the counties with their ids and paths, and the ids of the villages of each."""
    from sqlalchemy import insert, select

    from storage import tables as t

    ids = iter(range(10_000_000, 2**40))
    units: list[dict[str, Any]] = []
    root = connection.execute(select(t.units.c.id).where(t.units.c.path == CITY)).scalar()
    if root is None:
        root = next(ids)
        units.append(_unit(root, None, CITY, "市"))
    counties: list[tuple[int, str]] = []
    villages: list[list[int]] = []
    for county in range(_COUNTIES):
        path = f"{CITY}/第{county}县"
        counties.append((next(ids), path))
        units.append(_unit(counties[-1][0], root, path, "县"))
        villages.append([])
        for town in range(_TOWNS):
            home = next(ids)
            units.append(_unit(home, counties[-1][0], f"{path}/第{town}镇", "乡镇"))
            for village in range(_VILLAGES):
                villages[-1].append(next(ids))
                units.append(_unit(villages[-1][-1], home, f"{path}/第{town}镇/第{village}村", "村"))
    connection.execute(insert(t.units), units)
    return root, counties, villages


def _unit(id: int, parent: int | None, path: str, level: str) -> dict[str, Any]:
    return {
        "id": id,
        "parent": parent,
        "name": path.rpartition("/")[2],
        "level": level,
        "path": path,
        "confirmed": True,
    }


def _content(word: str) -> dict[str, Any]:
    from bot.engine.content import Block, Content, ContentSection

    sections = tuple(
        ContentSection(
            id=f"s{k}",
            n=k,
            heading="主要做法",
            blocks=tuple(
                Block(id=f"s{k}/q/{b}/0", text=_SENTENCE.replace("当场", word if b == 2 else "当场") * 3)
                for b in range(8)
            ),
        )
        for k in range(1, 4)
    )
    content = Content(call="mca", title="片长进院坝", unit="青川市", sections=sections)
    return {"content": content.to_json(), "hash": content.hash(), "words": content.words()}


if __name__ == "__main__":
    from benchmarks.figures import table

    size = int(sys.argv[1]) if len(sys.argv) > 1 else SMALL
    for one in sys.argv[2:] or ("sqlite", "postgres"):
        print(table(figures_of(size, one)), flush=True)
