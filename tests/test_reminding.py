"""When people are reminded: by example and by property, on time that is moved by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.dates import end_of_day
from bot.engine.definition import REMINDING_DAYS, WRITING_STATES, Reminder
from bot.engine.news import next_slot
from bot.engine.reminding import FIRST, LAST, SPREAD, Progress, days_left, decent, merge, minute_of, next_wake
from bot.engine.workdays import WorkDays
from bot.workdays import china, known_until

SHANGHAI = ZoneInfo("Asia/Shanghai")
USUAL = (Reminder(days=REMINDING_DAYS, states=WRITING_STATES),)
PLAIN = WorkDays()


def at(text: str, zone: str = "Asia/Shanghai") -> datetime:
    """12-08 09:30 of 2026 on a clock of the zone."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def half(day: str = "12-15", **more: object) -> Progress:
    """Half written, to be handed in by 24:00 of a day of 2026."""
    end = end_of_day(date.fromisoformat(f"2026-{day}"), SHANGHAI)
    known = Progress(edition=1, state="half", until=end, zone="Asia/Shanghai", since=at("11-01 12:00"))
    return replace(known, **more)  # type: ignore[arg-type]


def told(progress: Progress, now: datetime, days: WorkDays = PLAIN, rules: tuple[Reminder, ...] = USUAL) -> list[str]:
    """All reminders from an instant on to somebody who comes after each of them, by the clock of the zone."""
    heard: list[str] = []
    while (planned := next_wake(rules, progress, now, days)) is not None:
        now = planned.at
        here = now.astimezone(ZoneInfo(progress.zone))
        left = days_left(progress.until, now, progress.zone)
        heard.append(f"{here:%m-%d %H:%M} {left}")
        progress = replace(progress, told=now)
        now += timedelta(seconds=1)
    return heard


def test_the_usual_days() -> None:
    """Fourteen, seven, three and one days before, and the last morning."""
    assert told(half(), at("11-20 12:00")) == [
        "12-01 09:00 14",
        "12-08 09:00 7",
        "12-11 09:00 4",  # the 12th is a Saturday
        "12-14 09:00 1",
        "12-15 09:00 0",
    ]


def test_what_falls_on_a_day_off_comes_before_it_and_two_become_one() -> None:
    """A last Sunday: both the day before and the last morning come on Friday, once, with the days that are left."""
    assert told(half("12-13"), at("12-09 12:00")) == ["12-10 09:00 3", "12-11 09:00 2"]


def test_the_spring_festival_and_a_saturday_that_is_worked() -> None:
    """In 2026 the 15th to the 23rd of February are free, and Saturday the 14th is worked for it."""
    progress = half(since=at("01-05 12:00"), until=end_of_day(date(2026, 2, 24), SHANGHAI))
    assert told(progress, at("02-05 12:00"), china()) == ["02-10 09:00 14", "02-14 09:00 10", "02-24 09:00 0"]


def test_a_year_nobody_knows_is_monday_to_friday() -> None:
    """The calendar package ends somewhere."""
    year = known_until() + 1
    for day in (date(year, 5, 1) + timedelta(days=n) for n in range(7)):
        assert china().works(day) == (day.weekday() < 5)


def test_more_time_moves_what_is_planned_and_begins_it_again() -> None:
    """Nothing is made up for from before the new day was granted."""
    progress = half(told=at("12-14 09:00"))
    longer = replace(progress, until=end_of_day(date(2026, 12, 22), SHANGHAI), since=at("12-15 16:00"))
    assert told(longer, at("12-15 16:00")) == ["12-18 09:00 4", "12-21 09:00 1", "12-22 09:00 0"]


@pytest.mark.parametrize(
    ("asleep", "heard"),
    [
        ("12-08 09:20", ["12-08 09:20 7", "12-11 09:00 4"]),  # a moment: at once
        ("12-08 13:00", ["12-09 09:00 6", "12-11 09:00 4"]),  # a day's time: the next morning, with its own number
        ("12-12 10:00", ["12-14 09:00 1", "12-15 09:00 0"]),  # over two of them: once
        ("12-16 08:00", []),  # over the date: nothing
    ],
)
def test_what_was_missed_is_told_once_where_it_still_makes_sense(asleep: str, heard: list[str]) -> None:
    """A server that stood still since the first of December."""
    assert told(half(told=at("12-01 09:00")), at(asleep))[: len(heard) or 1] == heard


def test_who_is_silent_hears_only_the_last_one() -> None:
    """After two without an answer; and nothing at all after 不再提醒."""
    assert told(half(unanswered=2), at("11-20 12:00")) == ["12-15 09:00 0"]
    assert told(half(off=True), at("11-20 12:00")) == []


def test_a_date_that_ends_in_the_morning_has_its_last_morning_the_day_before() -> None:
    """Nobody is told at nine of what was over at eight."""
    assert told(half(until=at("12-15 08:00"), told=at("12-07 09:00")), at("12-09 12:00")) == [
        "12-11 09:00 4",
        "12-14 09:00 1",
    ]


def test_another_zone_and_the_29th_of_february() -> None:
    """Nine o'clock is where the call is."""
    urumqi = half(
        until=datetime(2028, 2, 29, 18, tzinfo=UTC), zone="Asia/Urumqi", since=datetime(2028, 2, 20, tzinfo=UTC)
    )
    assert told(urumqi, datetime(2028, 2, 26, tzinfo=UTC)) == ["02-28 09:00 1", "02-29 09:00 0"]
    assert told(half("01-01", until=end_of_day(date(2027, 1, 1), SHANGHAI)), at("12-30 12:00")) == [
        "12-31 09:00 1",
        "01-01 09:00 0",
    ]


def test_many_editions_of_a_day_are_one_message() -> None:
    """In the order of their dates; what falls on a day that is spoken for is told then."""
    one, other = half("12-15"), replace(half("12-08"), edition=2)
    plans = [p for p in (next_wake(USUAL, x, at("12-07 12:00"), PLAIN, 5) for x in (one, other)) if p]
    merged = merge(plans)
    assert merged is not None and (merged.at, [w.edition for w in merged.wakes]) == (at("12-08 09:05"), [2, 1])
    assert merge(plans, {date(2026, 12, 8)}) is None


def test_people_are_spread_over_the_morning() -> None:
    """Whatever their ids are: one after the other, or of one instant."""
    for ids in (range(5000), range(7 << 40, (7 << 40) + 5000), range(0, 5000 << 22, 1 << 22)):
        minutes = [minute_of(id) for id in ids]
        assert set(minutes) == set(range(SPREAD))
        assert max(map(minutes.count, set(minutes))) < 3 * len(minutes) / SPREAD


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda d: d.replace(tzinfo=UTC))
zones = st.sampled_from(["Asia/Shanghai", "Asia/Urumqi", "UTC"])
rules = st.lists(
    st.builds(
        Reminder,
        days=st.lists(st.integers(0, 90), max_size=5).map(tuple),
        states=st.sets(st.sampled_from(WRITING_STATES)).map(tuple),
    ),
    max_size=3,
)
progresses = st.builds(
    Progress,
    edition=st.integers(1, 3),
    state=st.sampled_from(WRITING_STATES),
    until=moments,
    zone=zones,
    since=moments,
    told=st.none() | moments,
    unanswered=st.integers(0, 4),
    off=st.booleans(),
)


@given(rules, progresses, moments, st.integers(0, SPREAD - 1))
def test_it_is_always_decent_and_always_ends(
    some: list[Reminder], progress: Progress, now: datetime, minute: int
) -> None:
    """In the morning of a working day, before the date, at most one a day, and again what was planned before."""
    zone, days = ZoneInfo(progress.zone), china()
    heard: list[date] = []
    while (planned := next_wake(tuple(some), progress, now, days, minute)) is not None:
        here = planned.at.astimezone(zone)
        assert now <= planned.at < progress.until and not progress.off
        assert FIRST <= here.time() < LAST and days.works(here.date())
        assert next_wake(tuple(some), progress, planned.at, days, minute) == planned
        assert here.date() not in heard
        heard.append(here.date())
        progress, now = replace(progress, told=planned.at), planned.at + timedelta(seconds=30)
    assert len(heard) <= len({day for rule in some for day in rule.days})


@given(progresses, moments)
def test_who_can_be_told_is_told_in_the_last_three_working_days(progress: Progress, now: datetime) -> None:
    """With the usual rules, of whoever has some days left, wants to hear and has not been silent twice."""
    progress = replace(progress, off=False, unanswered=0, told=None, since=now)
    zone, days = ZoneInfo(progress.zone), china()
    last = days.before((progress.until - timedelta(hours=11)).astimezone(zone).date())
    if decent(now, zone, days).astimezone(zone).date() >= last or now >= progress.until - timedelta(days=15):
        return
    three = [last]
    while len(three) < 3:
        three.append(days.before(three[-1] - timedelta(days=1)))
    heard = set()
    while (planned := next_wake(USUAL, progress, now, days)) is not None:
        heard.add(planned.day)
        progress, now = replace(progress, told=planned.at), planned.at + timedelta(seconds=30)
    assert heard & set(three)


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        ("11-20 16:59", "11-20 17:00"),
        ("11-20 17:00", "11-23 09:00"),  # a Friday evening
        ("09-30 18:00", "10-08 09:00"),  # the National Day
        ("02-13 18:00", "02-14 09:00"),  # a Saturday that is worked
    ],
)
def test_an_office_is_told_in_its_own_hours(now: str, slot: str) -> None:
    """News come at fixed times of working days, as China has them."""
    assert next_slot(at(now), "Asia/Shanghai", china()) == at(slot)
