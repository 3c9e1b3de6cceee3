"""Calls that roll by month: their dates, the next round that opens by itself, and what goes on in it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.acts import Extend, OpenEdition
from bot.app import House
from bot.call_sense import check
from bot.config import load
from bot.doors import Acted, Refusal
from bot.engine.dates import DateRule, coming, resolve
from bot.engine.definition import offered
from storage import editions
from storage.tables import drafts
from tests.homes import SHORT_CALL, VILLAGE, Clock, officer

SHANGHAI = ZoneInfo("Asia/Shanghai")
LEVELS = '\n[[level]]\nid = "county"\ntitle = "县级"\ndue = "*-05"\n'


@pytest.mark.parametrize(
    ("rule", "now", "day"),
    [
        ("*-25", "2026-11-22T10:00", "2026-11-25"),
        ("*-25", "2026-11-25T23:59", "2026-11-25"),
        ("*-25", "2026-11-26T00:00", "2026-12-25"),
        ("*-25", "2026-12-31T12:00", "2027-01-25"),
        ("*-31", "2026-02-01T00:00", "2026-02-28"),
        ("*-31", "2028-02-10T00:00", "2028-02-29"),
        ("*-31", "2026-04-30T23:00", "2026-04-30"),
        ("*-01", "2026-12-02T00:00", "2027-01-01"),
    ],
)
def test_the_next_day_of_the_month(rule: str, now: str, day: str) -> None:
    """Until 24:00 of the day in the zone; at midnight itself it is over."""
    since = datetime.fromisoformat(now).replace(tzinfo=SHANGHAI) + timedelta(microseconds=1)
    end = coming(DateRule.read(rule), since, SHANGHAI)
    assert (end - timedelta(microseconds=1)).astimezone(SHANGHAI).date().isoformat() == day


@given(
    day=st.integers(1, 31),
    now=st.datetimes(datetime(2000, 1, 2), datetime(2099, 1, 1)),
    zone=st.sampled_from(["Asia/Shanghai", "Asia/Urumqi", "UTC", "America/New_York"]),
)
def test_it_is_never_past_and_never_far(day: int, now: datetime, zone: str) -> None:
    """Any day, any instant, any zone: within the next month, and on the day or the month's last one."""
    since = now.replace(tzinfo=UTC)
    end = coming(DateRule(month=0, day=day), since, ZoneInfo(zone))
    last = (end - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()
    assert since <= end <= since + timedelta(days=32)
    assert last.day == day or (last.day < day and (last + timedelta(days=1)).day == 1)


@pytest.mark.parametrize("text", ["*-00", "*-32", "2026-*-05", "*-5", "**-05"])
def test_no_day_of_any_month(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        DateRule.read(text)


def test_months_and_years_do_not_mix() -> None:
    """The mistake is named at its key; a level's day after the month's end is the next month's."""
    raw = _raw(SHORT_CALL.replace('"12-15"', '"*-25"') + LEVELS.replace('"*-05"', '"08-30"'))
    assert [(m.key, "按月" in m.sentence) for m in check(raw, "x.toml")[1]] == [("level[1].due", True)]
    assert check(_raw(SHORT_CALL.replace('"12-15"', '"*-25"') + LEVELS), "x.toml")[1] == ()


def _raw(text: str) -> dict[str, object]:
    import tomllib

    return tomllib.loads(text)


def settings(folder: Path, place: str) -> dict[str, str]:
    """A house with one call that rolls by month."""
    calls = folder / "calls"
    calls.mkdir(exist_ok=True)
    (calls / "short.toml").write_text(SHORT_CALL.replace('"12-15"', '"*-25"') + LEVELS, "utf-8")
    database = {"ANLITONG_DATABASE__URL": place} if "://" in place else {}
    return {"ANLITONG_CALLS__FOLDER": str(calls), "ANLITONG_CALLS__OPEN": '["short"]', **database}


async def test_the_next_round_opens_by_itself_and_once(tmp_path: Path, place: str) -> None:
    """At the end of the month's round, whoever asks first, in however many processes: one new round, under its
    month's name; what was begun goes on in it, what was handed in stays."""
    clock = Clock(datetime(2026, 11, 22, 2, tzinfo=UTC))
    config = load(data=str(tmp_path / "data"), environ=settings(tmp_path, place))
    async with House(config, world=clock, busy=False) as house:
        opened = await house.act(OpenEdition(call="short", first=True))
        assert isinstance(opened, Acted) and opened.result["title"] == "2026年11月短案例"
        old = int(opened.result["edition"])
        who = await officer(house, "w", VILLAGE, name="周敏")
        await house.desk.submit(lambda c: c.execute(drafts.insert(), _drafts(who.visitor.person, old)) and None)
        twice = await house.act(OpenEdition(call="short"))
        assert isinstance(twice, Refusal) and twice.key == "office.round_open"
        assert await _next(house) == {}
        clock.at = datetime(2026, 11, 25, 15, 59, 59, tzinfo=UTC)
        assert await _next(house) == {}
        clock.at = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
        results = await asyncio.gather(*(_next(house) for _ in range(5)))
        (made,) = [one for one in results if one]
        assert made["title"] == "2026年12月短案例"
        known = await house.readers.run(lambda c: editions.load(c, house.calls))
        new = known[made["edition"]]
        assert new.due == datetime(2026, 12, 25, 16, tzinfo=UTC)
        assert new.dates["county"] == datetime(2027, 1, 5, 16, tzinfo=UTC)
        assert [e.id for e in offered(known.values(), clock.at)] == [new.id]
        rows = await house.readers.run(lambda c: c.execute(drafts.select().order_by(drafts.c.id)).all())
        assert [row.edition for row in rows] == [new.id, old, old]


def _drafts(person: int, edition: int) -> list[dict[str, object]]:
    """One that is being written, one handed in, one taken back."""
    own = {"person": person, "call": "short", "edition": edition, "created_at": datetime(2026, 11, 22, tzinfo=UTC)}
    states = (("writing", 0), ("handed_in", 5), ("writing", 6))
    return [{**own, "id": n, "state": state, "case": case} for n, (state, case) in enumerate(states, 100)]


async def _next(house: House) -> dict[str, object]:
    done = await house.act(OpenEdition(call="short", next=True))
    assert isinstance(done, Acted), done
    return dict(done.result)


async def test_who_has_more_time_stays_where_they_are(tmp_path: Path) -> None:
    """A draft of a unit whose date was moved is not carried into the next round."""
    clock = Clock(datetime(2026, 11, 22, 2, tzinfo=UTC))
    config = load(data=str(tmp_path / "data"), environ=settings(tmp_path, ""))
    async with House(config, world=clock, busy=False) as house:
        opened = await house.act(OpenEdition(call="short", first=True))
        assert isinstance(opened, Acted)
        old = int(opened.result["edition"])
        who = await officer(house, "w", VILLAGE, role="writer", name="李建国")
        await house.desk.submit(lambda c: c.execute(drafts.insert(), _drafts(who.visitor.person, old)[:1]) and None)
        await house.act(Extend(edition=old, unit=VILLAGE, until=date(2026, 11, 30)))
        clock.at = datetime(2026, 11, 26, 2, tzinfo=UTC)
        assert (await _next(house))["edition"] != old
        (row,) = await house.readers.run(lambda c: c.execute(drafts.select()).all())
        assert row.edition == old


@pytest.mark.postgres
@pytest.mark.parametrize("migrated", ["postgres"], indirect=True)
async def test_two_processes_open_one_round(tmp_path: Path, place: str) -> None:
    """Each with its own connection to the same database."""
    environ = settings(tmp_path, place)
    late = Clock(datetime(2026, 11, 22, 2, tzinfo=UTC))
    one = House(load(data=str(tmp_path / "one"), environ=environ), world=late, busy=False)
    other = House(load(data=str(tmp_path / "two"), environ=environ), world=late, busy=False)
    async with one, other:
        await one.act(OpenEdition(call="short", first=True))
        late.at = datetime(2026, 11, 26, 2, tzinfo=UTC)
        results = await asyncio.gather(*(_next(house) for house in (one, other) for _ in range(4)))
        assert len([result for result in results if result]) == 1
        known = await one.readers.run(lambda c: editions.load(c, one.calls))
        assert len(known) == 2


def test_dates_in_route_order() -> None:
    """The writer's day, then each level's first one that is not before it."""
    from bot.calls import load_all

    call = load_all()["mca"]
    levels = tuple(replace(level, due=f"*-{day}") for level, day in zip(call.levels, (31, 10, 20, 25), strict=False))
    call = replace(call, due="*-28", levels=levels)
    due, dates = resolve(call, datetime(2026, 12, 29, tzinfo=UTC))
    days = [(end - timedelta(microseconds=1)).astimezone(SHANGHAI).date().isoformat() for end in (due, *dates.values())]
    assert days[:4] == ["2027-01-28", "2027-01-31", "2027-02-10", "2027-02-20"]
