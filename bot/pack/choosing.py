"""Which cases go into a pack, under which level and category, in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.engine.definition import Call
from storage.pack import PackCase, Recommended

STATES = ("recommended", "passed", "all")
_FIT = ("passed", "recommended", "not_recommended")  # what a level does with a case, it has passed it before


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """A case and its place: the level it is filed under, its rank there (0: none), its place among the
    `of` cases of its folder, from 1.

    `standing`: the levels that have recommended it and not taken that back.
    """

    case: PackCase
    level: str
    standing: Mapping[str, Recommended]
    rank: int
    order: int = 0
    of: int = 0


def choose(
    cases: Sequence[PackCase],
    recommended: Mapping[int, Mapping[str, Recommended]],
    call: Call,
    *,
    level: str = "",
    state: str = "recommended",
) -> list[Chosen]:
    """The cases of a pack in their order: the highest level first, by category, by rank, by number.

    `state`: "recommended" by the level; "passed", which are those it found fit, recommended or not; "all" that stand
    at it or were recommended by it. Without a level each case counts where it has come to.
    """
    found: list[Chosen] = []
    for case in cases:
        standing = {by: done for by, done in recommended.get(case.id, {}).items() if _stands(case, by, call)}
        filed = _filed(case, standing, call, level, state)
        if filed is not None:
            rank = standing[filed].rank if filed in standing else case.rank if case.level == filed else 0
            found.append(Chosen(case=case, level=filed, standing=standing, rank=rank))
    found.sort(key=lambda one: _key(one, call))
    return _counted(found, call)


def categories(call: Call) -> list[str]:
    """The ids of the call's categories, in its order; [] where it asks for none."""
    question = next((q for q in call.head if q.id == "category"), None)
    return [option.id for option in question.options] if question else []


def _stands(case: PackCase, by: str, call: Call) -> bool:
    """Whether a recommendation by a level still holds: the case is above it, or ended there."""
    return _height(call, case.level) > _height(call, by) or (case.level == by and case.state == "recommended")


def _height(call: Call, level: str) -> int:
    return next((n for n, known in enumerate(call.levels) if known.id == level), -1)


def _filed(case: PackCase, standing: Mapping[str, Recommended], call: Call, level: str, state: str) -> str | None:
    """The level a case is filed under; None where it does not belong to the pack."""
    if state == "all":
        here = case.level == level or level in standing
        return case.level if not level else level if here else None
    by = [level] if level in standing else []
    if not level:
        by = sorted(standing, key=lambda id: -_height(call, id))
    if state == "passed" and case.state in _FIT and level in ("", case.level):
        return case.level
    return by[0] if by else None


def _key(one: Chosen, call: Call) -> tuple[object, ...]:
    case = one.case
    return (
        -_height(call, one.level),
        *_folder(one, call),
        one.rank or 1 << 40,
        case.county,
        len(case.number),  # …-1000 comes after …-999
        case.number,
    )


def _folder(one: Chosen, call: Call) -> tuple[str, int]:
    known = categories(call)
    category = one.case.category
    return one.level, known.index(category) if category in known else len(known)


def _counted(found: Sequence[Chosen], call: Call) -> list[Chosen]:
    """With each one's place among those of the same folder, and how many those are."""
    totals = Counter(_folder(one, call) for one in found)
    places: Counter[tuple[str, int]] = Counter()
    out = []
    for one in found:
        folder = _folder(one, call)
        places[folder] += 1
        out.append(replace(one, order=places[folder], of=totals[folder]))
    return out
