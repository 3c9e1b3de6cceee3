"""More time for one unit, from the command line: said, seen in the writer's page, taken back; nonsense is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.acts import AddUnits, OpenEdition
from bot.app import House
from bot.config import load
from storage import editions
from tests.homes import VILLAGE
from tests.test_cli import Run, anlitong  # noqa: F401 - the fixture

PLACE = ("--data", "data")


async def _granted(folder: Path) -> list[tuple[str, str]]:
    async with House(load(data=str(folder / "data")), busy=False) as house:
        found = await house.readers.run(editions.granted)
        return [(one.level, one.until.isoformat()) for one in found]


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an open edition and a village."""

    monkeypatch.chdir(tmp_path)
    async with House(load(data=str(tmp_path / "data")), busy=False) as house:
        await house.act(OpenEdition(call="mca", first=True))
        await house.act(AddUnits(paths=(VILLAGE,)))
    return tmp_path


async def test_a_unit_gets_more_time_and_gives_it_back(place: Path, anlitong: Run) -> None:  # noqa: F811
    """For its writers, and to recommend; the day is the last one, until 24:00."""
    due = json.loads(anlitong("calls", "list", "--json", *PLACE).stdout)["mca"]["editions"][0]["due"]
    year = int(due[:4])
    done = anlitong("calls", "extend", "mca", "--unit", VILLAGE, "--until", f"{year}-08-20", *PLACE)
    assert done.returncode == 0 and "槐树村延到" in done.stdout and "8月20日24时" in done.stdout
    done = anlitong("calls", "extend", "mca", "--level", "县级", "--until", f"{year}-09-05", *PLACE)
    assert done.returncode == 0, done.stderr
    assert await _granted(place) == [("", f"{year}-08-20T16:00:00+00:00"), ("county", f"{year}-09-05T16:00:00+00:00")]
    back = anlitong("calls", "extend", "mca", "--unit", VILLAGE, *PLACE)
    assert back.returncode == 0 and "取消" in back.stdout and "8月15日24时" in back.stdout
    assert [level for level, _ in await _granted(place)] == ["county"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("nothing", "--until", "2027-08-20"), "没有编号为“nothing”的征集"),
        (("mca", "--unit", "云溪县/没有镇", "--until", "2027-08-20"), "没有找到"),
        (("mca", "--until", "soon"), "不是日期"),
        (("mca", "--until", "2020-01-01"), "今天或以后"),
        (("mca", "--level", "village", "--until", "2027-08-20"), "village"),
        (("mca", "--edition", "7", "--until", "2027-08-20"), "1"),
    ],
)
def test_what_cannot_be(place: Path, anlitong: Run, args: tuple[str, ...], says: str) -> None:  # noqa: F811
    """One sentence, and nothing is granted."""
    done = anlitong("calls", "extend", *args, *PLACE)
    assert done.returncode == 1 and says in done.stderr and "Traceback" not in done.stderr
