"""A late key at the workbench, in a real browser: made, read out again, taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.browser import Served
from tests.test_console_page import Desk, sitting


@pytest.fixture(scope="module")
def desk(browser: Any, served: Served) -> Iterator[Desk]:
    """Somebody who is there."""
    with sitting(browser, served) as one:
        yield one


def test_a_key_is_made_read_out_again_and_taken_back(desk: Desk) -> None:
    """The words to send hold the code; a key before the date, or after the level's, is refused in a sentence."""
    page = desk.page
    page.get_by_role("button", name="单位和人员").click()
    page.locator("dialog").get_by_role("button", name="补交码", exact=True).click()
    dialog = page.locator("dialog")
    assert "会注明" in dialog.inner_text()
    dialog.locator("[name=unit]").fill("云溪县/石桥镇/槐树村")
    dialog.locator("[name=until]").fill((datetime.now(UTC) + timedelta(days=1)).date().isoformat())
    dialog.locator("button[type=submit]").click()
    refused = dialog.locator(".bad", has_text="请选晚一点的日子").inner_text()
    year, month, day = re.search(r"(?:(\d+)年)?(\d+)月(\d+)日", refused).groups()  # type: ignore[union-attr]
    due = date(int(year or datetime.now(UTC).year), int(month), int(day))
    dialog.locator("[name=until]").fill((due + timedelta(days=2)).isoformat())
    dialog.locator("[name=uses]").fill("２")
    dialog.locator("button[type=submit]").click()
    code = dialog.locator(".digits").inner_text()
    assert len(code) == 9 and code[4] == "-"
    words = dialog.locator(".ntext").inner_text()
    assert code in words and "槐树村" in words
    dialog.get_by_role("button", name="单位和人员").click()
    row = page.locator("dialog tr", has_text="还能用2次，共2次")
    row.get_by_role("button", name="补交码").click()
    assert page.locator("dialog .digits").inner_text() == code
    page.locator("dialog").get_by_role("button", name="单位和人员").click()
    row.get_by_role("button", name="作废").click()
    page.locator("dialog", has_text="的补交码吗").locator("button[type=submit]").click()
    row.wait_for(state="detached")
    page.keyboard.press("Escape")
