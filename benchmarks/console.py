"""What the workbench costs a server: every view of it over thousands of cases, asked as a browser asks.

    python -m benchmarks.console [CASES]

The cases lie in a city of twenty counties; half of them stand at one county's desk, whose coordinator asks. Times are
those of the whole request inside the process, without a network.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmarks.figures import Figure

if TYPE_CHECKING:
    import httpx

    from bot.app import House

SMALL, LARGE = 6_500, 100_000
LIMITS = {SMALL: 60.0, LARGE: 120.0}  # ms, 99 of 100
ROUNDS = 40
WRITTEN = 200  # cases whose text is there to be opened: lists never read one
_CITY, _COUNTIES, _TOWNS, _VILLAGES = "青川市", 20, 20, 20
_SENTENCE = "村里把院坝会开在田间地头，谁家有难处当场说，当场定谁来办、几天办完，办完了再回来讲一遍结果。"
_STATES = ("waiting", "opened", "returned", "passed", "recommended", "not_recommended")


def figures() -> list[Figure]:
    """The slowest of 100 requests of each view, for both sizes."""
    found: list[Figure] = []
    for size in (SMALL, LARGE):
        with tempfile.TemporaryDirectory() as folder:
            found += asyncio.run(_measure(Path(folder), size))
    return found


async def _measure(folder: Path, size: int) -> list[Figure]:
    from bot.app import House
    from bot.config import load

    environ = {"ANLITONG_CALLS__OPEN": '["mca"]', "ANLITONG_SITE__ROOT": _CITY, "ANLITONG_SITE__ROOT_LEVEL": "市"}
    async with House(load(data=str(folder / "data"), environ=environ), busy=False) as house:
        await house._open_editions()
        edition = await _fill(house, size)
        client, case = await _sit_down(house, edition)
        views: dict[str, tuple[str, dict[str, Any]]] = {"overview": ("", {})}
        for queue in ("mine", "again", "returned", "writing", "todo", "passed", "up", "all"):
            views[f"list {queue}"] = ("/list", {"queue": queue})
        views["search"] = ("/list", {"q": "第1234"})
        views["a case"] = (f"/case/{case}", {})
        views["its difference"] = (f"/case/{case}/compare", {"from": 1, "to": 2})
        out = []
        for name, (path, params) in views.items():
            times = sorted([await _time(client, path, params) for _ in range(ROUNDS)])
            label = f"{size:,} cases: {name} (half {statistics.median(times):.0f} ms)"
            out.append(Figure(label, times[-1], "ms", LIMITS[size]))
        await client.aclose()
    return out


async def _time(client: httpx.AsyncClient, path: str, params: dict[str, Any]) -> float:
    began = time.perf_counter()
    answer = await client.get(f"/api/console{path}", params=params)
    assert answer.status_code == 200, answer.text
    return (time.perf_counter() - began) * 1000


async def _sit_down(house: House, edition: int) -> tuple[httpx.AsyncClient, str]:
    """A coordinator of the first county, by their link; and a case that they may open."""
    import httpx

    from bot.acts import MakeInvite
    from bot.doors import Acted
    from bot.engine.ids import b36
    from handlers.web.app import make_app

    made = await house.act(MakeInvite(unit=f"{_CITY}/第0县", role="coordinator"))
    assert isinstance(made, Acted)
    app = make_app(cast(Any, house.doors), house.web_settings(), house.wording)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://desk", headers={"X-Anlitong": "1"}, timeout=60
    )
    link = made.result["link"]
    await client.get(f"/i/{link}")
    await client.post("/api/join", json={"link": link, "intent": "", "cid": "c1234567890"})
    return client, b36(edition + 1_000_000)


async def _fill(house: House, size: int) -> int:
    """Units, people, drafts and cases by plain rows; returns the edition."""
    from storage.editions import load

    edition = next(iter(await house.readers.run(lambda c: load(c, house.calls))))
    await house.desk.submit(lambda c: _rows(c, edition, size))
    return edition


def _rows(connection: Any, edition: int, size: int) -> None:
    from sqlalchemy import insert, select

    from storage import tables as t

    root = connection.execute(select(t.units.c.id).where(t.units.c.path == _CITY)).scalar()
    ids = iter(range(10_000_000, 2**40))
    units: list[dict[str, Any]] = []
    if root is None:
        root = next(ids)
        units.append(_unit(root, None, _CITY, "市"))
    counties: list[tuple[int, str]] = []
    villages: list[list[int]] = []
    for county in range(_COUNTIES):
        path = f"{_CITY}/第{county}县"
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
    now = datetime.now(UTC)
    people: list[dict[str, Any]] = []
    drafts: list[dict[str, Any]] = []
    cases: list[dict[str, Any]] = []
    contents: list[dict[str, Any]] = []
    talks: list[dict[str, Any]] = []
    for n in range(size):
        county = 0 if n % 2 == 0 else 1 + n % (_COUNTIES - 1)
        unit = villages[county][n // 2 % len(villages[county])]
        id, at = edition + 1_000_000 + n, now - timedelta(minutes=n % 9000)
        state = _STATES[n % len(_STATES)] if n else "opened"
        people.append({"id": id, "name": f"李{n}", "invited": unit, "unit": unit, "created_at": at})
        talks.append({"id": id, "person": id})
        handed = n % 5 != 4
        draft = {"id": id, "person": id, "call": "mca", "edition": edition, "created_at": at, "seen_at": at}
        drafts.append({**draft, "state": "handed_in" if handed else "writing", "case": id if handed else 0})
        if handed:
            cases.append(
                {
                    **{"id": id, "draft": id, "edition": edition, "person": id, "unit": unit, "state": state},
                    **{"county": counties[county][1], "number": f"县{n}", "title": f"第{n}个案例", "words": 3000},
                    **{"level": "county", "holder": counties[county][0], "n": 2, "submitted_at": at},
                }
            )
        if handed and n < WRITTEN:
            contents += [_content(id, 1, "三成", at), _content(id, 2, "四成", at)]
    tables: tuple[tuple[Any, list[dict[str, Any]]], ...] = (
        *((t.people, people), (t.conversations, talks), (t.drafts, drafts), (t.cases, cases)),
    )
    for table, rows in tables:
        for start in range(0, len(rows), 5000):
            connection.execute(insert(table), rows[start : start + 5000])
    connection.execute(insert(t.submissions), contents)
    connection.exec_driver_sql("ANALYZE")


def _unit(id: int, parent: int | None, path: str, level: str) -> dict[str, Any]:
    return {
        "id": id,
        "parent": parent,
        "name": path.rpartition("/")[2],
        "level": level,
        "path": path,
        "confirmed": True,
    }


def _content(case: int, n: int, word: str, at: datetime) -> dict[str, Any]:
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
    text = {"content": content.to_json(), "hash": content.hash(), "words": content.words()}
    return {"case": case, "n": n, "at": at, **text}


if __name__ == "__main__":
    from benchmarks.figures import table

    with tempfile.TemporaryDirectory() as place:
        print(table(asyncio.run(_measure(Path(place), int(sys.argv[1]) if len(sys.argv) > 1 else SMALL))))
