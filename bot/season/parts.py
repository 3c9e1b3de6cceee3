"""A rehearsal for thousands, in several houses side by side: a process each, whose days are added up.

How many houses there are follows from the number of people alone, so that a seed gives the same season on any machine.
Counties work so, too: each in its own.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import fields
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.season.play import Day, Season

HOUSE = 2000  # people in one house at most
HOUSES = 8

Play = Callable[[int, int, Callable[["Day"], None]], "Season"]
"""Plays all days for so many people with a seed, telling of each day; must be picklable."""


def parts(people: int) -> list[int]:
    """How many people there are in each house."""
    houses = min(HOUSES, -(-people // HOUSE))
    return [people // houses + (n < people % houses) for n in range(houses)]


def play(one: Play, people: int, seed: int, told: Callable[[Day], None]) -> Season:
    """The whole season. Raises EOFError when a house breaks off, whose own complaint stands on stderr."""
    shares = parts(people)
    if len(shares) == 1:
        return one(people, seed, told)
    spawning = multiprocessing.get_context("spawn")  # a fork would take the parent's threads and locks along
    with ExitStack() as closing:
        ends = []
        for n, share in enumerate(shares):
            mine, theirs = spawning.Pipe(duplex=False)
            process = spawning.Process(target=_house, args=(theirs, one, share, seed * HOUSES + n), daemon=True)
            process.start()
            theirs.close()
            closing.callback(_end, process, mine)
            ends.append(mine)
        while True:
            found = [end.recv() for end in ends]
            if not hasattr(found[0], "date"):
                return _together(found)
            told(_sum(found))


def _house(end: Connection, one: Play, people: int, seed: int) -> None:
    try:
        end.send(one(people, seed, end.send))
    except KeyboardInterrupt:
        return


def _end(process: multiprocessing.process.BaseProcess, end: Connection) -> None:
    end.close()
    process.join(timeout=5)
    if process.is_alive():
        process.terminate()
        process.join()


def _sum(days: list[Day]) -> Day:
    """One day of all houses."""
    first = days[0]
    added = {f.name: sum(getattr(day, f.name) for day in days) for f in fields(first) if f.name not in ("date", "most")}
    return type(first)(date=first.date, most=max(day.most for day in days), **added)


def _together(seasons: list[Season]) -> Season:
    """The days added up; the people whose lists are shown are the first house's."""
    first = seasons[0]
    first.days = [_sum(list(days)) for days in zip(*(one.days for one in seasons), strict=True)]
    for other in seasons[1:]:
        for habit, many in other.habits.items():
            first.habits[habit] = first.habits.get(habit, 0) + many
    first.habits = dict(sorted(first.habits.items(), key=lambda known: -known[1]))
    return first
