"""How a collecting goes, as a picture at the workbench: of one's own units alone, and the rehearsal below it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bot.doors import Scope
from bot.engine.messages import Pressed, Said
from bot.folder import keep_rehearsal
from storage import curves
from tests.browser import Served
from tests.city import COUNTY, VILLAGES, city
from tests.homes import Clock, tell, writer
from tests.test_console import desk as desk_of
from tests.test_console_page import Desk, sitting
from tests.test_grace import DUE, SAID

SPACE = "{http://www.w3.org/2000/svg}"


async def test_what_happened_is_counted_in_ones_own_units(tmp_path: Path, place: str) -> None:
    """Begun, handed in, reminded: here all of it, in the other county nothing; nothing twice for who has two posts."""
    async with city(tmp_path, Clock(DUE - timedelta(days=16)), place=place) as town:
        for name, texts in (("one", (*SAID, "提交", "提交")), ("two", SAID[:-2])):
            address, _ = await writer(town.house, name, VILLAGES[0])
            await tell(town.house, address, Pressed(at=town.world.now(), press="consent:yes"))
            for text in texts:
                await tell(town.house, address, Said(at=town.world.now(), text=text))
        for _ in range(3):
            town.world.forward(days=1)
            await town.house.planning.look()
            while await town.house.wakes.ring_due():
                pass
        opened = DUE - timedelta(days=60)

        async def counted(*units: str) -> tuple[int, int, int]:
            scope = Scope(person=0, units=units)
            found = await town.house.readers.run(lambda c: curves.happened(c, scope, town.edition, opened))
            return len(found.begun), len(found.handed_in), len(found.reminded)

        here = await counted(COUNTY)
        assert here[:2] == (2, 1) and here == await counted(COUNTY, VILLAGES[0]) == await counted(COUNTY, COUNTY)
        assert await counted("青川市/平坝县") == (0, 0, 0)
        told = await (await desk_of(town)).get("/curve")
        root = ElementTree.fromstring(told["drawn"])
        assert len(root.findall(f"{SPACE}polyline")) == 2 and told["rehearsed"] == ""
        bars = [bar.text for bar in root.findall(f"{SPACE}rect/{SPACE}title")]
        assert sum(int((text or "").split()[1]) for text in bars) == here[2]


@pytest.fixture(scope="module")
def desk(browser: Any, served: Served) -> Iterator[Desk]:
    """Somebody who is there."""
    with sitting(browser, served) as one:
        yield one


def test_both_pictures_are_seen(desk: Desk) -> None:
    """As it goes, and as it went in the rehearsal."""
    rehearsed = '<svg xmlns="http://www.w3.org/2000/svg" width="960" height="420"><rect width="9" height="9"/></svg>'
    page = desk.page
    page.get_by_role("button", name="进度曲线").click()
    page.locator("dialog img.curve").first.wait_for()
    assert page.locator("dialog img.curve").count() == 1
    page.keyboard.press("Escape")
    keep_rehearsal(desk.served.folder, "mca", rehearsed)
    keep_rehearsal(desk.served.folder, "people", rehearsed)
    page.get_by_role("button", name="进度曲线").click()
    page.locator("dialog img.curve").nth(1).wait_for()
    for picture in page.locator("dialog img.curve").all():
        assert picture.evaluate("i => i.decode().then(() => i.naturalWidth)") == 960
    page.screenshot(path=str(Path(os.environ.get("ANLITONG_SHOTS") or desk.served.folder) / "curve.png"))
    page.keyboard.press("Escape")
