"""What the dates of the levels bring: cases that nobody decided in time, and those that more time brings back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.acts import TimeOut
from bot.engine.definition import Call, Edition, closes, deadline
from bot.engine.reminding import decent, minute_of
from bot.engine.route import level_of
from bot.office.matter import Matter, Refused
from bot.workdays import china
from storage import commands
from storage import editions as edition_rows
from storage import review as rows

EVENT = "out_of_time"


def time_out(m: Matter, command: TimeOut) -> Mapping[str, Any]:
    """Up to so many cases of levels whose date has passed; a unit that was granted more time keeps its own."""
    if not m.is_house:
        raise Refused("denied")
    left = command.limit
    for edition, level, still in _over(m.connection, m.setting.calls, m.now):
        found = commands.undecided(m.connection, edition.id, level, still, left) if left else []
        for row in found:
            _let_pass(m, row, edition)
        left -= len(found)
    return {"closed": command.limit - left}


def before_it_closes(m: Matter, edition: Edition, path: str, until: datetime) -> None:
    """Refuses more time for a unit's writers than they have who are to recommend what comes of it."""
    for stop in m.stops_of(path, edition)[:1]:
        closing = deadline(edition, stop.level, m.holder_of(stop), m.extensions)
        if closes(edition, stop.level) and until > closing:
            level = level_of(edition.call, stop.level)
            raise Refused("beyond_level", level=level.title if level else "", until=m.moment(closing, edition))


def waits(connection: Connection, calls: Mapping[str, Call], now: datetime) -> bool:
    """Whether there is anything for `time_out` to do."""
    return any(
        commands.undecided(connection, e.id, level, still, 1) for e, level, still in _over(connection, calls, now)
    )


def _over(connection: Connection, calls: Mapping[str, Call], now: datetime) -> Iterator[tuple[Edition, str, list[int]]]:
    """The levels whose date has passed, with the units that have more time."""
    granted = edition_rows.granted(connection)
    for edition in edition_rows.load(connection, calls).values():
        for level, due in edition.dates.items():
            given = {e.unit for e in granted if (e.edition, e.level) == (edition.id, level)}
            if due <= now and closes(edition, level):
                yield edition, level, [unit for unit in given if deadline(edition, level, unit, granted) > now]


def _let_pass(m: Matter, row: commands.CaseAt, edition: Edition) -> None:
    m.move("time_out", row, rank=0)
    m.decide(row, EVENT)
    m.note_case("case.out_of_time", row, level=row.level)
    level = level_of(edition.call, row.level)
    m.tell(
        row.conversation,
        EVENT,
        row.draft,
        _key(row),
        {"level": level.title if level else "", "keep": edition.office.keep_until.isoformat()},
        # The date passes at midnight; nobody is woken for it.
        at=decent(m.now, ZoneInfo(edition.call.zone), china(), minute_of(row.person)),
    )


def bring_back(m: Matter, edition: Edition, level: str, unit: int) -> int:
    """A unit was granted more time: what it had not decided lies before it again, as it was; returns how many.

    Its writers hear of that where they had been told that it was over.
    """
    found = commands.out_of_time(m.connection, edition.id, level, unit)
    for row in found:
        decided = rows.last_decision(m.connection, row.id, level, but=EVENT, n=row.n)
        state = "passed" if decided == "passed" else ("opened" if row.opened_at else "waiting")
        m.move("bring_back", row, state=state)
        m.note_case("case.brought_back", row, level=level)
        if not m.untell(row.conversation, EVENT, _key(row)):
            title = level_of(edition.call, level)
            m.tell_writer(row, "brought_back", level=title.title if title else "")
    return len(found)


def _key(row: commands.CaseAt) -> str:
    return f"{row.id}:{row.n}:{row.level}"
