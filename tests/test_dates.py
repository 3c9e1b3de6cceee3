"""Until when: date rules become real dates in route order."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.calls import load_all
from bot.engine.dates import DateRule, resolve
from bot.engine.definition import Call, Level

SHANGHAI = ZoneInfo("Asia/Shanghai")
SHIPPED = load_all()


def call(*dates: str, zone: str = "Asia/Shanghai") -> Call:
    due, *levels = dates
    return Call(id="x", title="x", due=due, zone=zone, levels=tuple(
        Level(id=f"l{n}", title="级", due=text) for n, text in enumerate(levels)
    ))  # fmt: skip


def days(found: tuple[datetime, dict[str, datetime]], zone: ZoneInfo = SHANGHAI) -> list[str]:
    """The last whole day of each date, the writer's first."""
    ends = [found[0], *found[1].values()]
    assert all(end.tzinfo is UTC and end.astimezone(zone).strftime("%H:%M") == "00:00" for end in ends)
    return [date.fromordinal(end.astimezone(zone).date().toordinal() - 1).isoformat() for end in ends]


@pytest.mark.parametrize(
    ("now", "rules", "expected"),
    [
        # the next one to come, then each the first after its predecessor
        ("2026-03-01", ["08-15", "08-30", "", "09-30", "11-30"],
         ["2026-08-15", "2026-08-30", "2026-09-30", "2026-09-30", "2026-11-30"]),
        ("2026-09-01", ["08-15", "08-30", "", "09-30", "11-30"],
         ["2027-08-15", "2027-08-30", "2027-09-30", "2027-09-30", "2027-11-30"]),
        # over the year's end
        ("2026-11-22", ["12-15", "12-31", "01-20"], ["2026-12-15", "2026-12-31", "2027-01-20"]),
        ("2026-12-31", ["12-31", "01-01"], ["2026-12-31", "2027-01-01"]),
        # leap day: the last of February
        ("2027-01-05", ["02-29", "03-01"], ["2027-02-28", "2027-03-01"]),
        ("2028-01-05", ["02-29", "03-01"], ["2028-02-29", "2028-03-01"]),
        ("2027-03-01", ["02-29"], ["2028-02-29"]),
        # inheriting: from the next, over several, and where none follows from the one before
        ("2026-03-01", ["", "", "09-30"], ["2026-09-30", "2026-09-30", "2026-09-30"]),
        ("2026-03-01", ["08-15", "", ""], ["2026-08-15", "2026-08-15", "2026-08-15"]),
        # two equal rules are the same day
        ("2026-03-01", ["10-30", "10-30"], ["2026-10-30", "2026-10-30"]),
        # dated, and yearly after dated
        ("2026-03-01", ["2025-12-15", "01-20"], ["2025-12-15", "2026-01-20"]),
    ],
)  # fmt: skip
def test_dates(now: str, rules: list[str], expected: list[str]) -> None:
    at = datetime.fromisoformat(now).replace(hour=12, tzinfo=SHANGHAI)
    assert days(resolve(call(*rules), at)) == expected


def test_a_day_is_open_until_its_midnight_in_the_calls_zone() -> None:
    midnight = datetime(2026, 12, 15, 16, tzinfo=UTC)
    assert resolve(call("12-15"), datetime(2026, 12, 15, 15, 59, 59, tzinfo=UTC))[0] == midnight
    assert resolve(call("12-15"), midnight)[0] == datetime(2027, 12, 15, 16, tzinfo=UTC)
    assert resolve(call("12-15", zone="Asia/Kathmandu"), midnight)[0] == datetime(2026, 12, 15, 18, 15, tzinfo=UTC)


def test_a_call_without_any_date_cannot_be_opened() -> None:
    with pytest.raises(ValueError, match="no date"):
        resolve(call("", ""), datetime(2026, 1, 1, tzinfo=UTC))


@given(st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(SHANGHAI)))
def test_shipped_dates_come_in_order_within_a_year(now: datetime) -> None:
    for shipped_call in SHIPPED.values():
        due, levels = resolve(shipped_call, now)
        assert now < due and (due - now).days <= 366
        assert [due, *levels.values()] == sorted([due, *levels.values()])


@pytest.mark.parametrize(
    "text", ["", "8-30", "08-32", "13-01", "02-30", "2027-02-29", "1999-01-01", "08-30 17:00", "０8-30"]
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError):
        DateRule.read(text)
