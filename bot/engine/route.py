"""The way of a case upward: which unit holds it at which level of its call's route.

A level of a call stands at a level of the tree by its id. Paths are the names from the root down; `levels` are the
names of the tree's levels from the top down, and `root` the one that the tree's root stands at. Levels above the root
have no unit here: what is recommended to them leaves the house as a pack.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.engine.definition import Call, Level

LEVEL_IDS = ("ministry", "province", "city", "county", "township", "village")  # of a call, as the tree's from the top
TOTAL = ""  # the key of a quota that counts all cases
_COUNTY = "county"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """A level of the route with the path of the unit that holds a case there."""

    level: str
    path: tuple[str, ...]


def stops(call: Call, path: tuple[str, ...], root: str, levels: tuple[str, ...]) -> tuple[Stop, ...]:
    """Where a case of the unit at `path` is held, from the first level up; never none.

    Levels below the unit's own and above the root are left out. Where the call names no level that the tree has,
    the unit's county holds it, or what stands in for one.
    """
    found = []
    for level in call.levels:
        depth = _depth(level.id, root, levels)
        if 1 <= depth <= len(path):
            found.append(Stop(level=level.id, path=path[:depth]))
    if found:
        return tuple(found)
    depth = max(1, _depth(_COUNTY, root, levels))
    return (Stop(level=call.levels[0].id if call.levels else "", path=path[:depth]),)


def stop_after(way: tuple[Stop, ...], level: str) -> Stop | None:
    """The next stop above a level; None where the house ends."""
    ids = [stop.level for stop in way]
    at = ids.index(level) + 1 if level in ids else len(way)
    return way[at] if at < len(way) else None


def stop_before(way: tuple[Stop, ...], level: str) -> Stop | None:
    """The stop below a level; None at the first."""
    ids = [stop.level for stop in way]
    at = ids.index(level) if level in ids else 0
    return way[at - 1] if at > 0 else None


def level_of(call: Call, id: str) -> Level | None:
    """A level of the call by its id."""
    return next((level for level in call.levels if level.id == id), None)


def places_of(level: Level) -> dict[str, int]:
    """How many cases a unit of this level may hand upward as its call says, by what is counted: TOTAL for all,
    "category:ID", "kind:KIND"."""
    quota = level.quota
    found = {f"category:{id}": most for id, most in quota.by_category.items()}
    found |= {f"kind:{kind}": most for kind, most in quota.by_kind.items()}
    return found if quota.total is None else {TOTAL: quota.total, **found}


def level_above(call: Call, id: str) -> Level | None:
    """The level that receives what a level recommends, in the house or above it; None at the end of the route."""
    ids = [level.id for level in call.levels]
    at = ids.index(id) + 1 if id in ids else len(ids)
    return call.levels[at] if at < len(ids) else None


def _depth(level: str, root: str, levels: tuple[str, ...]) -> int:
    """How many names a path has that ends at a level of a call; below 1 for a level above the root."""
    return LEVEL_IDS.index(level) - levels.index(root) + 1 if level in LEVEL_IDS else 0
