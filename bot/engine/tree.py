"""Places in the tree of units, by paths: each segment is one level below the one before."""

from __future__ import annotations

TOWNSHIP = -2  # the township stands second from the bottom of the levels, the county third
COUNTY = -3


def above(path: tuple[str, ...], level: str, wanted: int, levels: tuple[str, ...]) -> tuple[str, ...]:
    """The path's part down to a level (COUNTY, TOWNSHIP), or the path itself where it stands higher.

    `level` is the path's own, `levels` all of them from the top down. A root below the wanted level is it.
    """
    below = levels.index(level) - (len(levels) + wanted)
    return path[: max(1, len(path) - below)] if below > 0 else path


def level_below(path: tuple[str, ...], level: str, part: tuple[str, ...], levels: tuple[str, ...]) -> str:
    """The level right below `part`, which is `path` or one of its beginnings."""
    return levels[min(levels.index(level) - (len(path) - len(part)) + 1, len(levels) - 1)]
