"""What the official pack costs: 300 cases with five pictures of about 1 MB each, made and thrown away.

    python -m benchmarks.pack

The house runs in a process of its own; memory is that process's at its greatest. The cases have 60 different photos
among them, each with its prepared copy; the pack holds 1,500.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, median_of, resident

if TYPE_CHECKING:
    from bot.app import House
    from bot.engine.content import Picture
    from storage.files import FileStore

CASES, EACH, PHOTOS = 300, 5, 60
ROUNDS = 3
_MB = 1024 * 1024
_SENTENCE = "村里把院坝会开在田间地头，谁家有难处当场说，当场定谁来办、几天办完，办完了再回来讲一遍结果。"
_UNIT = "云溪县/石桥镇/槐树村"


def figures() -> list[Figure]:
    """Time to the first byte, the whole, the greatest memory, and how long the loop was held up."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_fill(Path(folder)))
        told = [_alone(folder) for _ in range(ROUNDS)]
    seen = {name: [one[name] for one in told] for name in told[0]}
    return [
        median_of(f"{CASES} cases, {EACH} pictures each: to the first byte", seen["first"], "s", 2),
        median_of("the same: the whole", seen["whole"], "s"),
        median_of("the same: bytes", [size / _MB for size in seen["bytes"]], "MB"),
        median_of("the same: memory of the process", seen["peak"], "MB", 200),
        median_of("the same: memory before it", seen["before"], "MB"),
        median_of("the same: the loop held up, at most", [held * 1000 for held in seen["held"]], "ms", 50),
    ]


def _alone(folder: str) -> dict[str, float]:
    """One pack in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pack", folder], check=True, capture_output=True, text=True, timeout=300
    )
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _house(folder: Path) -> House:
    from bot.app import House
    from bot.config import load

    return House(load(data=str(folder / "data"), environ={"ANLITONG_CALLS__OPEN": '["mca"]'}), busy=False)


async def _fill(folder: Path) -> None:
    """A folder of cases: one was handed in, the others are rows like its own."""
    from bot.acts import AddUnits, EnterCase, OpenEdition
    from bot.doors import Acted
    from bot.engine.content import Block, ContentSection
    from storage import review
    from storage.tables import cases

    async with _house(folder) as house:
        opened = await house.act(OpenEdition(call="mca"))
        await house.act(AddUnits(paths=(_UNIT,)))
        assert isinstance(opened, Acted)
        entry = EnterCase(
            edition=int(opened.result["edition"]), unit=_UNIT, name="李建国", title="片长进院坝", text="。"
        )
        entered = await house.act(entry)
        assert isinstance(entered, Acted), entered
        first = int(entered.result["case"])
        photos = await asyncio.to_thread(_photos, house.files)
        blocks = tuple(Block(id=f"s/q/{n}/0", text=_SENTENCE * 2) for n in range(24))
        sections = (ContentSection(id="s", n=1, heading="主要做法", blocks=blocks),)
        now = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

        def more(connection: object) -> None:
            from sqlalchemy import Connection

            assert isinstance(connection, Connection)
            before = review.content(connection, first, 1)
            row = dict(connection.execute(cases.select().where(cases.c.id == first)).one()._mapping)
            assert before is not None
            for n in range(CASES):
                shown = tuple(replace(photos[(n * EACH + k) % PHOTOS], n=k + 1) for k in range(EACH))
                content = replace(before, title=f"第{n}篇案例", sections=sections, pictures=shown)
                own = {"id": first + 1 + n, "draft": row["draft"] + 1 + n, "number": f"云溪26-{n + 2:03d}"}
                connection.execute(cases.insert(), {**row, **own, "title": content.title, "words": content.words()})
                review.freeze(connection, first + 1 + n, 1, content, now)
            connection.execute(cases.delete().where(cases.c.id == first))

        await house.desk.submit(more)


def _photos(files: FileStore) -> list[Picture]:
    """Photos in the store, filled up to about 1 MB, as a phone's are."""
    from bot.engine.content import Picture
    from tests.pictures import jpeg

    made = []
    for n in range(PHOTOS):
        data = jpeg(1600 + n, 1200) + os.urandom(_MB - 40_000)
        kept = files.store(data, kind="picture", mime="image/jpeg", name="a.jpg", width=1600 + n, height=1200)
        files.prepared(kept.hash)
        made.append(Picture(id=str(n), n=1, file=kept.hash, name="a.jpg", caption="院坝会", width=1600, height=1200))
    return made


async def _measure(folder: Path) -> dict[str, float]:
    """The pack of a filled folder, as a page would send it."""
    from bot.app import EVERYTHING, calm_memory
    from storage import editions

    async with _house(folder) as house:
        calm_memory()  # as the server does
        held = 0.0

        async def turn() -> None:
            nonlocal held
            while True:
                begun = time.perf_counter()
                await asyncio.sleep(0.005)
                held = max(held, time.perf_counter() - begun - 0.005)

        known = await house.readers.run(lambda c: editions.load(c, house.calls))
        before, turning = resident(os.getpid()), asyncio.create_task(turn())
        begun, first, size = time.perf_counter(), 0.0, 0
        pack = await house.look.pack(EVERYTHING, next(iter(known)), state="all")
        assert pack is not None and pack.cases == CASES
        async for piece in pack.pieces:
            first = first or time.perf_counter() - begun
            size += len(piece)
        whole = time.perf_counter() - begun
        turning.cancel()
        peak = resident(os.getpid(), peak=True)
        return {"first": first, "whole": whole, "bytes": size, "peak": peak, "before": before, "held": held}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(asyncio.run(_measure(Path(sys.argv[1])))))
    else:
        from benchmarks.figures import table

        print(table(figures()))
