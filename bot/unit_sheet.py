"""The tree of units out of a sheet: a column for each level, a row for each unit. All mistakes at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.sheets import Row

_LONGEST = 60  # characters of a name
KIND = "kind"
PASSED = "passed"  # a column that is read over: running numbers, remarks


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """A sentence about the sheet: the row's number (0: the whole), a key below "units.sheet", and its gaps."""

    n: int
    key: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a sheet asks for: paths from the root down, each with its kind ("" where none is given), in the sheet's
    order. With `mistakes` nothing may be taken of it; `hints` are only told."""

    units: Mapping[tuple[str, ...], str]
    mistakes: tuple[Trouble, ...] = ()
    hints: tuple[Trouble, ...] = ()


def plan(rows: Sequence[Row], root: str, levels: Sequence[str], names: Mapping[str, str]) -> Plan:
    """The plan of a sheet whose first row names its columns.

    `levels`: the tree's, from the root's down. `names`: what a column may be called -> a level, `KIND` or `PASSED`.
    A level left empty above one that is filled is the row's before, as in a sheet with merged cells.
    """
    if not rows:
        return Plan(units={}, mistakes=(Trouble(n=0, key="empty"),))
    head, *body = rows
    columns = [names.get(_key(cell), "") for cell in head.cells]
    mistakes = [
        Trouble(n=head.n, key="column", params={"name": cell})
        for cell, column in zip(head.cells, columns, strict=True)
        if cell and not column
    ]
    twice = {column for column in columns if column in (*levels, KIND) and columns.count(column) > 1}
    mistakes += [Trouble(n=head.n, key="column_twice", params={"name": column}) for column in sorted(twice)]
    if not any(column in levels[1:] for column in columns):
        mistakes.append(Trouble(n=head.n, key="no_level", params={"levels": tuple(levels[1:])}))
    if mistakes:
        return Plan(units={}, mistakes=tuple(mistakes))
    return _rows(body, root, levels, columns)


def _rows(body: Sequence[Row], root: str, levels: Sequence[str], columns: Sequence[str]) -> Plan:
    places = [columns.index(level) if level in columns else -1 for level in levels]
    kind_at = columns.index(KIND) if KIND in columns else -1
    units: dict[tuple[str, ...], str] = {}
    first: dict[tuple[str, ...], int] = {}
    mistakes: list[Trouble] = []
    hints: list[Trouble] = []
    above: tuple[str, ...] = (root,)
    for row in body:
        cells = [_cell(row, place) for place in places]
        found = _path(cells, above, root, levels)
        if isinstance(found, Trouble):
            mistakes.append(Trouble(n=row.n, key=found.key, params=found.params))
            continue
        above = found
        if found in first:
            hints.append(Trouble(n=row.n, key="again", params={"name": found[-1], "first": first[found]}))
            continue
        first[found] = row.n
        units[found] = _cell(row, kind_at)
    if not units and not mistakes:
        mistakes.append(Trouble(n=0, key="empty"))
    return Plan(units=units, mistakes=tuple(mistakes), hints=tuple(hints))


def _path(cells: Sequence[str], above: tuple[str, ...], root: str, levels: Sequence[str]) -> tuple[str, ...] | Trouble:
    """The path of a row, or what is wrong with it (without its number)."""
    deepest = max((at for at, cell in enumerate(cells) if cell), default=0)
    if not any(cells):
        return Trouble(n=0, key="nothing")
    if cells[0] and cells[0] != root:
        return Trouble(n=0, key="other_root", params={"name": cells[0], "root": root})
    wrong = next((cell for cell in cells if cell.startswith("=") or len(cell) > _LONGEST), "")
    if wrong:
        key = "formula" if wrong.startswith("=") else "long"
        return Trouble(n=0, key=key, params={"name": wrong[:_LONGEST], "most": _LONGEST})
    path = [root]
    for at in range(1, deepest + 1):
        inherited = above[at] if not cells[at] and at < len(above) and tuple(path) == above[:at] else ""
        name = cells[at] or inherited
        if not name:
            return Trouble(n=0, key="orphan", params={"name": cells[deepest], "level": levels[at]})
        path.append(name.replace("/", "\uff0f"))  # a slash parts the names of a path
    return tuple(path)


def _cell(row: Row, place: int) -> str:
    return unicodedata.normalize("NFC", row.cells[place]) if 0 <= place < len(row.cells) else ""


def _key(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
