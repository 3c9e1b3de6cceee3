"""The dates an office is told of: its own level's, and at the first level the writers'."""

from __future__ import annotations

from collections.abc import Iterator

from bot.engine.definition import WRITING_STATES, Edition, Extension, closes, deadline
from bot.engine.reminding import Progress
from bot.engine.route import Stop, level_of, places_of, stops
from bot.engine.values import value

_BELOW = ("",) * 6  # a leaf anywhere below a unit


@value
class InHand:
    """What lies before a unit: cases that wait for it or are looked at, cases it has passed, and whether it has a place
    left (None: it has never used one)."""

    waiting: int
    passed: int
    free: bool | None


def stop_of(edition: Edition, path: tuple[str, ...], root: str, levels: tuple[str, ...]) -> Stop | None:
    """The stop of an edition's route that a unit is; None where it holds no cases."""
    return next((stop for stop in stops(edition.call, path, root, levels) if stop.path == path), None)


def office_progresses(
    edition: Edition,
    stop: Stop,
    unit: int,
    lies: InHand,
    more: tuple[Extension, ...],
    root: str,
    levels: tuple[str, ...],
) -> Iterator[Progress]:
    """What a unit at a stop is told of: the writers' date where cases come to it first, and its own where it has
    anything to do before that."""
    zone, opened = edition.call.zone, edition.opened_at
    if stop == stops(edition.call, (*stop.path, *_BELOW), root, levels)[0]:
        yield Progress(edition=edition.id, state=WRITING_STATES[1], until=edition.due, zone=zone, since=opened)
    rule = level_of(edition.call, stop.level)
    if rule is None or not closes(edition, stop.level):
        return
    free = bool(places_of(rule)) if lies.free is None else lies.free
    if lies.waiting or lies.passed or free:
        yield Progress(
            edition=edition.id,
            state="waiting" if lies.waiting else "unused",
            until=deadline(edition, stop.level, unit, more),
            zone=zone,
            since=opened,
            level=stop.level,
        )
