"""The process beside the serving one: the same answers as without it, whatever happens to it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from bot.acts import MarkOpened
from bot.aside.keeper import Aside
from bot.engine.content import Picture
from bot.papers import Print
from bot.workbench.views import VIEWS, Asked
from tests.browser import serving
from tests.city import City, city
from tests.homes import Clock
from tests.http_person import HttpPerson


@pytest.fixture
async def town(tmp_path: Path, place: str) -> AsyncIterator[City]:
    """The city on both databases."""
    async with city(tmp_path, Clock(), place=place) as one:
        yield one


@asynccontextmanager
async def running(aside: Aside) -> AsyncIterator[asyncio.Task[None]]:
    """The aside with its process, which is there when the block begins and gone after it."""
    task = asyncio.create_task(aside.run())
    async with asyncio.timeout(30):
        while aside.pid is None and not task.done():
            await asyncio.sleep(0.01)
    pid = aside.pid
    assert pid is not None
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert aside.pid is None and not Path(f"/proc/{pid}").exists()


def asked(town: City, view: str, *args: Any) -> Asked:
    """A look of the county's coordinator."""
    return Asked(view=view, viewer=town.county.visitor, now=town.house.world.now(), edition=town.edition, args=args)


def looks(town: City, case: int) -> list[Asked]:
    """Every view there is, once."""
    args: dict[str, tuple[Any, ...]] = {
        "listing": ({"queue": "all"},),
        "books": (0,),
        "nudges": ("http://here",),
        "case": (case, 0),
        "compare": (case, 1, 1),
        "history": (case,),
    }
    return [asked(town, view, *args.get(view, ())) for view in VIEWS]


async def test_the_process_answers_as_a_reader_does(town: City) -> None:
    """Every view, before and after something has happened; what there is not is refused alike."""
    case, aside = await town.case(), town.house.aside
    async with running(aside):
        for _ in range(2):
            for look in looks(town, case):
                here = look.do(aside.here)
                assert here is not None
                assert await aside.ask(look) == here, look.view
            await town.act(town.county, MarkOpened(case=case))
        with pytest.raises(ValueError, match="nowhere"):
            await aside.ask(asked(town, "listing", {"queue": "nowhere"}))
        assert await aside.ask(asked(town, "case", 77, 0)) is None


async def test_who_has_asked_is_answered_though_the_process_dies(town: City) -> None:
    """A real kill under many looks: each of them is answered, by a reader if need be, and the next ones as well."""
    case, aside = await town.case(), town.house.aside
    look = asked(town, "case", case, 0)
    told = await aside.ask(look)
    async with running(aside) as task:
        assert aside.pid is not None
        under_way = [asyncio.create_task(aside.ask(look)) for _ in range(50)]
        await asyncio.sleep(0)
        os.kill(aside.pid, signal.SIGKILL)
        assert await asyncio.gather(*under_way) == [told] * 50
        await task  # whoever keeps it is told, and begins it again
        assert await aside.ask(look) == told


async def test_a_word_file_is_made_aside(town: City) -> None:
    """The same file as here; a picture whose bytes are gone is told as it is here."""
    case = await town.case()
    printing = await town.house.look.printing(town.county.visitor.scope, (await town.at(case)).draft, 1)
    assert printing is not None
    gone = Picture(id="p1", n=1, file="0" * 64, caption="", name="1.jpg", width=1, height=1)
    bare = replace(printing, paper=replace(printing.paper, content=replace(printing.paper.content, pictures=(gone,))))
    async with running(town.house.aside):
        made = await town.house.look.word(printing)
        assert opened(made) == opened(Print(printing=printing).do(town.house.aside.here))
        with pytest.raises(OSError, match="0000"):
            await town.house.look.word(bare)


def opened(word: bytes) -> str:
    """The text of a Word file."""
    with ZipFile(BytesIO(word)) as zipped:
        return zipped.read("word/document.xml").decode()


async def test_a_view_that_breaks_breaks_alone(town: City) -> None:
    """What nobody foresaw is an error for who asked; the process lives on."""
    case, aside = await town.case(), town.house.aside
    async with running(aside):
        pid = aside.pid
        with pytest.raises(RuntimeError, match="KeyError"):
            await aside.ask(asked(town, "no view of ours"))
        assert await aside.ask(asked(town, "history", case)) and aside.pid == pid


async def first_look(officer: HttpPerson, link: str) -> None:
    """A coordinator comes by their link and sees the queues."""
    await officer.join(link)
    assert (await officer.ask("GET", "/api/console")).json["queues"]
    officer.close()


def children(pid: int) -> list[int]:
    """The processes that a process has begun."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_the_process_ends_with_the_server_that_was_killed(tmp_path: Path) -> None:
    """It comes with the first look of a coordinator; nothing is left when the server is killed."""
    with serving(tmp_path / "data") as served:
        officer = HttpPerson(served.url)
        asyncio.run(first_look(officer, served.links[1]))
        (child,) = within(lambda: children(served.pid))
        assert b"bot.aside.process" in Path(f"/proc/{child}/cmdline").read_bytes()
        os.kill(served.pid, signal.SIGKILL)
        assert within(lambda: not Path(f"/proc/{child}").exists())


def within(look: Any, seconds: float = 20) -> Any:
    """What is found as soon as there is something."""
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.02)
    return found
