"""Choosing: ranks, 推荐 under quotas and dates, 不推荐, more time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.acts import ADMINISTRATOR, COORDINATOR, Extend, NotRecommend, Rank, Recommend, SetQuota
from bot.engine.definition import Edition, Extension, closes, deadline
from bot.engine.route import TOTAL, Stop, level_above, level_of, places_of, stop_after
from bot.office import closing, places
from bot.office.matter import Matter, Refused, covers
from storage import commands, quotas
from storage import editions as edition_rows
from storage import review as rows

MOST_PLACES = 1_000_000


def rank(m: Matter, command: Rank) -> Mapping[str, Any]:
    """The order of all that one unit has passed; a case of another unit, or in another state, is refused."""
    if not command.cases or len(set(command.cases)) != len(command.cases):
        raise Refused("none_chosen")
    first = m.case(command.cases[0])
    if not m.holds(first.holder) or first.edition != command.edition:
        raise Refused("no_case")
    known = quotas.passed(m.connection, command.edition, first.holder_id)
    if set(command.cases) - set(known):
        raise Refused("rank_others")
    wanted = {case: at for at, case in enumerate(command.cases, 1)}
    for case, old in known.items():
        if (new := wanted.get(case, 0)) != old:
            rows.set_columns(m.connection, case, rank=new)
    m.note("cases.ranked", unit=first.holder, params={"edition": command.edition, "count": len(wanted)})
    return {"ranked": len(wanted)}


# ---------------------------------------------------------------- 推荐


def recommend(m: Matter, command: Recommend) -> Mapping[str, Any]:
    """Takes a place and moves the case upward; nothing of it is kept where a place is missing."""
    row = m.case_in_hand(command.case, command.n)
    edition = m.edition(row.edition)
    reason = m.words(command.reason)
    if row.state != "passed":
        raise Refused("moved", number=row.number)
    _in_time(m, row, edition)
    if command.swap:
        _swap(m, row, command.swap, edition, reason)
    full = places.take(m, row, edition)
    if full is not None:
        raise Refused("full" if full == TOTAL else "full_key", **_told(m, row, edition, full))
    above = level_above(edition.call, row.level)
    up = stop_after(m.way(row, edition), row.level)
    if up is None:
        m.move("recommend", row)
    else:
        m.move("raise", row, level=up.level, holder=m.holder_of(up), opened_at=None, rank=0)
        m.tell_unit(m.holder_of(up), edition, "raised", row)
    decided = m.decide(row, "recommended", rank=row.rank, reason=reason)
    m.note_case("case.recommended", row, level=row.level, rank=row.rank, decision=decided)
    to = above.title if above else ""
    m.tell_writer(row, "recommended", unit=row.holder.rpartition("/")[2], up=to)
    return {"to": to, "left": places.left(m, row, edition)}


def _told(m: Matter, row: commands.CaseAt, edition: Edition, key: str) -> dict[str, Any]:
    """What is said of a full quota."""
    known = quotas.of(m.connection, edition.id, row.level, row.holder_id)[key]
    return {"used": known.used, "most": known.most, "what": label(m, edition, key)}


def label(m: Matter, edition: Edition, key: str) -> str:
    """What a quota's key counts, in words; "" for all cases."""
    kind, _, id = key.partition(":")
    if kind != "category":
        return id
    question = next((q for q in edition.call.head if q.id == "category"), None)
    option = question.option(id) if question else None
    return option.label if option else id


def _in_time(m: Matter, row: commands.CaseAt, edition: Edition) -> None:
    """Each level closes at its date, or at the one its unit was granted."""
    until = deadline(edition, row.level, row.holder_id, m.extensions)
    if m.now >= until and closes(edition, row.level):
        level = level_of(edition.call, row.level)
        raise Refused("level_closed", level=level.title if level else "", until=m.moment(until, edition))


def _swap(m: Matter, row: commands.CaseAt, id: int, edition: Edition, reason: str) -> None:
    """Another case gives its place back, unless the level above has read it already."""
    if not reason:
        raise Refused("swap_reason")
    other = m.case(id)
    way = m.way(other, edition)
    here = next((stop for stop in way if stop.level == row.level), None)
    if other.edition != row.edition or here is None or "/".join(here.path) != row.holder:
        raise Refused("no_case")
    up = stop_after(way, row.level)
    if other.level == row.level and other.state == "recommended":
        m.move("unrecommend", other)
    elif up is not None and other.level == up.level and other.state == "waiting" and other.opened_at is None:
        rank = rows.rank_of(m.connection, other.id, row.level)
        m.move("unraise", other, level=row.level, holder=row.holder_id, opened_at=m.now, rank=rank)
    else:
        raise Refused("swap_read", number=other.number)
    places.give_back(m, other, edition, Stop(level=row.level, path=here.path))
    # It was the lower level's to decide, whichever level had the case in hand by then.
    decided = m.decide(other._replace(level=row.level, holder_id=row.holder_id), "unrecommended", reason=reason)
    m.note_case("case.unrecommended", other, level=row.level, decision=decided)
    m.tell_writer(other, "unrecommended", unit=row.holder.rpartition("/")[2])


def not_recommend(m: Matter, command: NotRecommend) -> Mapping[str, Any]:
    """The reason goes to the writer as it is written."""
    row = m.case_in_hand(command.case, command.n)
    edition = m.edition(row.edition)
    reason = m.words(command.reason, needed="no_reason")
    m.move("not_recommend", row, rank=0)
    decided = m.decide(row, "not_recommended", reason=reason)
    m.note_case("case.not_recommended", row, level=row.level, decision=decided)
    level = level_of(edition.call, row.level)
    heard = m.tell_writer(
        row,
        "not_recommended",
        level=level.title if level else "",
        reason=reason,
        keep=edition.office.keep_until.isoformat(),
    )
    return {"deaf": not heard}


# ---------------------------------------------------------------- quotas and dates


def set_quota(m: Matter, command: SetQuota) -> Mapping[str, Any]:
    """Said by whoever stands above the unit."""
    edition, unit = m.edition(command.edition), m.unit_id(command.unit)
    _from_above(m, command.unit)
    rule = level_of(edition.call, command.level)
    if rule is None:
        raise Refused("no_level", level=command.level)
    if not _is_key(edition, command.key):
        raise Refused("no_key", which=command.key)
    known = places.prepared(m, edition, command.level, unit)
    used = known[command.key].used if command.key in known else _used(m, edition, command, unit)
    most = places_of(rule).get(command.key) if command.most is None else command.most
    if most is None:
        quotas.drop(m.connection, edition.id, command.level, unit, command.key)
    elif not 0 <= most <= MOST_PLACES:
        raise Refused("bad_places")
    elif not quotas.set_most(
        m.connection, edition.id, command.level, unit, command.key, most, used=used, own=command.most is not None
    ):
        raise Refused("used_already", used=used)
    m.note("quota.set", unit=command.unit, params={"level": command.level, "key": command.key, "most": most})
    return {"used": used, "most": most}


def _used(m: Matter, edition: Edition, command: SetQuota, unit: int) -> int:
    """How many a unit has recommended by a key that did not limit it until now."""
    return commands.recommended(m.connection, edition.id, command.level, unit, command.key)


def _is_key(edition: Edition, key: str) -> bool:
    kind, _, id = key.partition(":")
    question = next((q for q in edition.call.head if q.id == "category"), None)
    if kind == "category":
        return question is not None and question.option(id) is not None
    return key == TOTAL or (kind == "kind" and bool(id))


def _from_above(m: Matter, unit: str) -> None:
    """Administrators at or above a unit, and the coordinators of a unit above it."""
    above = any(p.role == COORDINATOR and covers(p.path, unit) and p.path != unit for p in m.posts)
    if not above:
        m.may(unit, ADMINISTRATOR)


def extend(m: Matter, command: Extend) -> Mapping[str, Any]:
    """More time for one unit; of the writer's date also said by the unit's own coordinators."""
    edition, unit = m.edition(command.edition), m.unit_id(command.unit)
    if command.level:
        _from_above(m, command.unit)
        if level_of(edition.call, command.level) is None:
            raise Refused("no_level", level=command.level)
    else:
        m.may(command.unit, COORDINATOR, ADMINISTRATOR)
    until = m.end_of(command.until, edition) if command.until else None
    plain = deadline(edition, command.level, unit)
    if until is not None and until <= plain:
        raise Refused("no_longer", until=m.moment(plain, edition))
    if until is not None and not command.level:
        closing.before_it_closes(m, edition, command.unit, until)
    edition_rows.grant(
        m.connection,
        Extension(edition=edition.id, level=command.level, unit=unit, until=until or plain),
        taken_back=until is None,
    )
    kind = "extension.granted" if until else "extension.taken_back"
    m.note(kind, unit=command.unit, params={"edition": edition.id, "level": command.level})
    if until and command.level:
        closing.bring_back(m, edition, command.level, unit)
    return {"until": until or plain}
