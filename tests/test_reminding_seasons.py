"""Whole seasons of one writer, by chance: they come, begin, hand in, are granted time; and the program stands still.

What is planned and told here is what `bot.planning` and `bot.engine.nudging` do with it, on values alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.calls import load_call
from bot.engine.dates import end_of_day
from bot.engine.definition import Call, Edition, Extension
from bot.engine.model import Reminded
from bot.engine.reminding import FIRST, LAST, PATIENCE, Begun, Writer, unanswered
from bot.engine.values import evolve
from bot.planning import Dates, plan_of
from bot.workdays import china
from tests.homes import SHORT_CALL
from tests.person import OFFICE

DAY = timedelta(days=1)
EVENTS = ("come", "begin", "write", "hand_in", "more_time", "less_time", "quiet", "down")


@dataclass
class Season:
    """One writer, some editions, and what was told on which day."""

    editions: dict[int, Edition]
    writer: Writer
    more: dict[tuple[int, int], tuple[Extension, ...]] = field(default_factory=dict)
    heard: list[tuple[datetime, tuple[int, ...]]] = field(default_factory=list)

    @property
    def dates(self) -> Dates:
        """As planning reads them."""
        return Dates(self.editions, {id: e.call.reminding for id, e in self.editions.items()}, self.more)

    def until(self, edition: int) -> datetime:
        """The writer's own date."""
        return self.dates.until(self.editions[edition], self.writer, None)

    def day(self, midnight: datetime, event: str, edition: int, hour: int) -> None:
        """A day: planned soon after midnight unless the program stands still; what still holds at the time is told."""
        plan = None if event == "down" else plan_of(self.writer, self.dates, midnight, china())
        at = midnight + timedelta(hours=hour)
        if plan is not None and plan.at < at:
            self.tell(plan, midnight)
            plan = None
        self.happen(event, edition, at)
        if plan is not None:
            self.tell(plan, midnight)

    def tell(self, plan: object, midnight: datetime) -> None:
        """What `bot.engine.nudging` tells of a plan of this day."""
        if plan.at - midnight >= DAY:  # type: ignore[attr-defined]
            return
        now, told = plan.at, []  # type: ignore[attr-defined]
        for wake in plan.wakes:  # type: ignore[attr-defined]
            known = self.writer.reminded.get(wake.edition) or Reminded(edition=wake.edition)
            draft = next((d for d in self.writer.begun if d.draft == wake.draft), None)
            holds = draft.state == "writing" if draft else not self.writer.begun
            if known.off or not holds or self.until(wake.edition) != wake.until or wake.until <= now:
                continue
            told.append(wake.edition)
            new = evolve(known, told=now, unanswered=unanswered(known, self.writer.seen) + 1)
            self.writer = evolve(self.writer, reminded={**self.writer.reminded, wake.edition: new})
        if told:
            self.heard.append((now, tuple(told)))

    def happen(self, event: str, edition: int, at: datetime) -> None:
        """What the writer or the office does."""
        w = self.writer
        if event in ("come", "begin", "write", "hand_in", "quiet"):
            self.writer = w = evolve(w, seen=at)
        own = next((d for d in w.begun if d.edition == edition), None)
        others = tuple(d for d in w.begun if d is not own)
        if event == "begin" and own is None:
            new = Begun(draft=edition, edition=edition, state="writing", done=0, track="", since=at)
            self.writer = evolve(w, begun=(*w.begun, new))
        elif event == "write" and own is not None:
            self.writer = evolve(w, begun=(*others, evolve(own, done=own.done + 1)))
        elif event == "hand_in" and own is not None:
            self.writer = evolve(w, begun=(*others, evolve(own, state="handed_in")))
        elif event == "quiet":
            known = w.reminded.get(edition) or Reminded(edition=edition)
            self.writer = evolve(w, reminded={**w.reminded, edition: evolve(known, off=True)})
        elif event == "more_time":
            until = self.until(edition) + timedelta(days=5)
            self.more[edition, w.unit] = (Extension(edition=edition, level="", unit=w.unit, until=until),)
        elif event == "less_time":
            self.more.pop((edition, w.unit), None)


ZONES = st.sampled_from(["Asia/Shanghai", "Asia/Urumqi", "America/New_York"])
LASTS = st.dates(date(2024, 2, 20), date(2026, 12, 31))


@cache
def call_in(zone: str) -> Call:
    """The short call in a zone."""
    return load_call(SHORT_CALL.replace("Asia/Shanghai", zone))


def season(last: date, apart: int, zone: str) -> tuple[Season, datetime]:
    """Two editions whose dates lie some days apart, and the first midnight, forty days before."""
    call = call_in(zone)
    here = ZoneInfo(zone)
    begin = end_of_day(last - timedelta(days=40), here)
    editions = {
        n: Edition(
            id=n, call=call, title=f"第{n}期", opened_at=begin, due=end_of_day(day, here), dates={}, office=OFFICE
        )
        for n, day in ((1, last), (2, last + timedelta(days=apart)))
    }
    writer = Writer(person=7, unit=3, came=begin, seen=begin, begun=(), reminded={})
    return Season(editions, writer), begin


happenings = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(EVENTS), st.integers(1, 2), st.integers(0, 23)), max_size=14
)


@given(LASTS, st.integers(0, 12), ZONES, happenings)
@settings(max_examples=150, deadline=None)
def test_no_season_is_indecent(last: date, apart: int, zone: str, some: list[tuple[int, str, int, int]]) -> None:
    """One message a day at most; in the morning of a working day; nothing of what is handed in, over, or unwanted."""
    it, begin = season(last, apart, zone)
    here, events = ZoneInfo(zone), {day: rest for day, *rest in some}
    for n in range(62):
        midnight = datetime.combine((begin.astimezone(here) + n * DAY).date(), datetime.min.time(), here)
        before, known = len(it.heard), it.writer
        event, edition, hour = events.get(n, ("", 1, 12))
        it.day((midnight + timedelta(minutes=5)).astimezone(UTC), event, edition, hour)
        new = it.heard[before:]
        assert len(new) <= 1
        for at, told in new:
            local = at.astimezone(here)
            assert FIRST <= local.time() < LAST and china().works(local.date()) and local.date() == midnight.date()
            handed_in = {d.edition for d in known.begun if d.state == "handed_in"}
            off = {id for id, one in known.reminded.items() if one.off}
            assert not set(told) & (handed_in | off)
            assert all(at < it.until(id) for id in told) or event in ("more_time", "less_time")


@given(LASTS, ZONES, happenings, st.booleans())
@settings(max_examples=150, deadline=None)
def test_nobody_is_forgotten(last: date, zone: str, some: list[tuple[int, str, int, int]], begun: bool) -> None:
    """Who has something to do, wants to hear of it and answers now and then, hears in the last three working days."""
    it, begin = season(last, 0, zone)
    del it.editions[2]
    here = ZoneInfo(zone)
    quiet = ("quiet", "hand_in", "more_time", "less_time", "down")
    events = {day: rest for day, *rest in some if rest[0] not in quiet and day < 36}
    if begun:
        it.happen("begin", 1, begin)
    for n in range(41):
        midnight = datetime.combine((begin.astimezone(here) + n * DAY).date(), datetime.min.time(), here)
        event, edition, hour = events.get(n, ("", 1, 12))
        it.day((midnight + timedelta(minutes=5)).astimezone(UTC), event, 1, hour)
        assert edition in (1, 2)
    worked, day = [], last
    while len(worked) < 3:
        if china().works(day):
            worked.append(day)
        day -= DAY
    told = {at.astimezone(here).date() for at, _ in it.heard}
    assert told & set(worked)
    known = it.writer.reminded.get(1)
    assert known is not None and (known.unanswered <= PATIENCE + 1)
