"""Places of a quota: by which keys a case uses one, taken and given back."""

from __future__ import annotations

from bot.engine.definition import Edition
from bot.engine.route import TOTAL, Stop, level_of, places_of
from bot.office.matter import Matter
from storage import commands, quotas, review


def prepared(m: Matter, edition: Edition, level: str, unit: int) -> dict[str, quotas.Places]:
    """The places of a unit at a level, made as the call says where they are not there yet."""
    rule = level_of(edition.call, level)
    if rule is not None:
        quotas.make(m.connection, edition.id, level, unit, places_of(rule))
    return quotas.of(m.connection, edition.id, level, unit)


def keys_of(row: commands.CaseAt, known: dict[str, quotas.Places]) -> list[str]:
    """Those of the known keys that count a case."""
    wanted = {TOTAL, f"category:{row.category}", f"kind:{row.kind}"}
    return [key for key in known if key in wanted]


def take(m: Matter, row: commands.CaseAt, edition: Edition) -> str | None:
    """Takes the holder's places for a case. None where that was done, else the key that is full.

    Nothing may be kept of a transaction in which one was full.
    """
    known = prepared(m, edition, row.level, row.holder_id)
    keys = keys_of(row, known)
    if quotas.take(m.connection, edition.id, row.level, row.holder_id, keys):
        return None
    now = quotas.of(m.connection, edition.id, row.level, row.holder_id)
    return next((key for key in keys if now[key].used >= now[key].most), TOTAL)


def left(m: Matter, row: commands.CaseAt, edition: Edition) -> int | None:
    """How many places the holder still has for cases like this one; None without a limit."""
    known = quotas.of(m.connection, edition.id, row.level, row.holder_id)
    return min((known[key].most - known[key].used for key in keys_of(row, known)), default=None)


def give_back(m: Matter, row: commands.CaseAt, edition: Edition, stop: Stop) -> None:
    """The place that a lower level has used for a case, if it has, is free again."""
    if review.last_decision(m.connection, row.id, stop.level) != "recommended":
        return  # its writer nominated it past that level
    unit = m.holder_of(stop)
    known = quotas.of(m.connection, edition.id, stop.level, unit)
    quotas.give_back(m.connection, edition.id, stop.level, unit, keys_of(row, known))


def give_back_below(m: Matter, row: commands.CaseAt, edition: Edition) -> None:
    """The same for all levels below the one that has the case in hand."""
    for stop in m.way(row, edition):
        if stop.level == row.level:
            return
        give_back(m, row, edition, stop)
