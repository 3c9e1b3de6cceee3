"""Reading and answering: opened, comments, 退回修改, 通过."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.acts import (
    AddComment,
    ChangeComment,
    DropComment,
    DropPhrase,
    KeepPhrase,
    MarkOpened,
    PassCases,
    Place,
    Reopen,
    ReturnCase,
)
from bot.doors import Refusal
from bot.engine.content import Content
from bot.engine.definition import Edition, deadline
from bot.engine.route import level_above, level_of, stop_before
from bot.office import places
from bot.office.matter import Matter, Refused, instant
from storage import commands
from storage import review as rows

MOST_COMMENTS = 200
LONGEST_CHANGE = 5000  # characters
LONGEST_PHRASE = 200


def mark_opened(m: Matter, command: MarkOpened) -> Mapping[str, Any]:
    """Read by somebody of the office: the writer hears of it."""
    row = m.case(command.case)
    if not m.is_house and not m.holds(row.holder):
        raise Refused("no_case")
    if row.state == "waiting":
        m.move("open", row, opened_at=m.now)
        m.note_case("case.opened", row)
        m.tell(row.conversation, "opened", row.draft, f"{row.id}:{row.n}:{row.level}", {})
    return {"case": row.id, "n": row.n, "draft": row.draft, "conversation": row.conversation}


# ---------------------------------------------------------------- comments


def add_comment(m: Matter, command: AddComment) -> Mapping[str, Any]:
    """Kept with the submission it speaks of; the writer gets it with the return."""
    row = m.case_in_hand(command.case, command.n)
    if row.state not in ("waiting", "opened"):
        raise Refused("moved", number=row.number)
    text = m.words(command.text, needed="no_comment")
    place = _checked(m, row, command.place)
    change = command.change.strip() if command.change is not None else None
    if change is not None and len(change) > LONGEST_CHANGE:
        raise Refused("too_long", most=LONGEST_CHANGE)
    if change is not None and not place.quote:
        raise Refused("change_what")
    if rows.count_comments(m.connection, row.id, row.n) >= MOST_COMMENTS:
        raise Refused("many_comments", most=MOST_COMMENTS)
    id = m.world.new_id()
    values = {name: getattr(place, name) for name in ("section", "question", "block", "start", "quote")}
    own = {"id": id, "case": row.id, "n": row.n, "author": m.actor.person, "level": row.level, "at": m.now}
    rows.add_comment(m.connection, {**own, **values, "text": text, "change": change})
    m.note_case("comment.made", row, comment=id)
    return {"comment": id}


def _checked(m: Matter, row: commands.CaseAt, place: Place) -> Place:
    """The place as it stands in the frozen submission. Refuses a sentence that is not there."""
    content = rows.content(m.connection, row.id, row.n)
    if content is None:
        raise Refused("no_case")
    if place.block:
        return _sentence(content, place)
    if place.section and place.section not in {s.id for s in content.sections} | {"pictures", "head"}:
        raise Refused("gone")
    return Place(section=place.section, question=place.question[:100])


def _sentence(content: Content, place: Place) -> Place:
    for section in content.sections:
        for block in section.blocks:
            if block.id != place.block:
                continue
            if not place.quote or block.text[place.start : place.start + len(place.quote)] != place.quote:
                raise Refused("gone")
            question = block.id.split("/")[1]
            return Place(section=section.id, question=question, block=block.id, start=place.start, quote=place.quote)
    picture = next((p for p in content.pictures if p.id == place.block), None)
    if picture is None:
        raise Refused("gone")
    return Place(section="pictures", question="", block=picture.id)


def _unsent(m: Matter, id: int) -> tuple[commands.CaseAt, rows.CommentAt]:
    found = rows.comment(m.connection, id)
    row = m.case(found.case) if found is not None and _in_sight(m, found.case) else None
    if found is None or row is None:
        raise Refused("no_comment_there")
    if not m.holds(row.holder):
        raise Refused("not_yours", number=row.number, unit=row.holder.rpartition("/")[2])
    if found.sent_at is not None:
        raise Refused("comment_sent")
    return row, found


def _in_sight(m: Matter, case: int) -> bool:
    row = commands.case(m.connection, case)
    return row is not None and m.sees(row.unit)


def change_comment(m: Matter, command: ChangeComment) -> Mapping[str, Any]:
    """Until it is sent."""
    row, found = _unsent(m, command.comment)
    text = m.words(command.text, needed="no_comment")
    if command.change is not None and len(command.change) > LONGEST_CHANGE:
        raise Refused("too_long", most=LONGEST_CHANGE)
    if not rows.change_comment(m.connection, found.id, text, command.change):
        raise Refused("comment_sent")
    m.note_case("comment.changed", row, comment=found.id)
    return {"comment": found.id}


def drop_comment(m: Matter, command: DropComment) -> Mapping[str, Any]:
    """Until it is sent."""
    row, found = _unsent(m, command.comment)
    if not rows.drop_comment(m.connection, found.id):
        raise Refused("comment_sent")
    m.note_case("comment.dropped", row, comment=found.id)
    return {"case": row.id}


def keep_phrase(m: Matter, command: KeepPhrase) -> Mapping[str, Any]:
    """For the unit of the actor's first post."""
    text = m.words(command.text, needed="no_comment")
    if not m.posts:
        raise Refused("denied")
    if len(text) > LONGEST_PHRASE:
        raise Refused("too_long", most=LONGEST_PHRASE)
    unit = m.posts[0].unit
    if known := rows.has_phrase(m.connection, unit, text):
        return {"phrase": known}
    id = m.world.new_id()
    row = {"id": id, "unit": unit, "text": text, "author": m.actor.person, "at": m.now}
    rows.keep_phrase(m.connection, row)
    return {"phrase": id}


def drop_phrase(m: Matter, command: DropPhrase) -> Mapping[str, Any]:
    """One of the actor's own units."""
    if rows.phrase_unit(m.connection, command.phrase) not in {post.unit for post in m.posts}:
        raise Refused("no_comment_there")
    rows.drop_phrase(m.connection, command.phrase)
    return {}


# ---------------------------------------------------------------- 退回修改


def return_case(m: Matter, command: ReturnCase) -> Mapping[str, Any]:
    """To the writer, or to the level below."""
    row = m.case_in_hand(command.case, command.n)
    edition = m.edition(row.edition)
    reason = m.words(command.reason)
    if command.to == "below":
        return _hand_down(m, row, edition, reason)
    if command.route not in ("direct", "again"):
        raise Refused("moved", number=row.number)
    comments = rows.send_comments(m.connection, row.id, row.n, m.now)
    if not comments and not reason:
        raise Refused("no_reason")
    until = m.end_of(command.until, edition) if command.until else _in_a_week(m, edition)
    where: dict[str, Any] = {}
    if command.route == "again":
        first = m.way(row, edition)[0]
        where = {"level": first.level, "holder": m.holder_of(first)}
        places.give_back_below(m, row, edition)
    m.move("return", row, back_by=until, route_back=command.route, rank=0, **where)
    decided = m.decide(row, "returned", reason=reason)
    m.note_case("case.returned", row, comments=comments, route=command.route, level=row.level, decision=decided)
    heard = m.tell_writer(
        row,
        "returned",
        by=m.name(),
        unit=row.holder.rpartition("/")[2],
        count=comments,
        reason=reason,
        due=instant(until, edition),
        direct=command.route == "direct",
    )
    _tell_between(m, row, edition, "returned")
    return {"comments": comments, "until": until, "deaf": not heard}


def _in_a_week(m: Matter, edition: Edition) -> Any:
    day = (m.now + timedelta(days=7)).astimezone(m.zone(edition)).date()
    return m.end_of(day, edition)


def _hand_down(m: Matter, row: commands.CaseAt, edition: Edition, reason: str) -> Mapping[str, Any]:
    """Back to the level below: its place is free again, and it looks at the case once more."""
    below = stop_before(m.way(row, edition), row.level)
    if below is None:
        raise Refused("none_below")
    if not reason:
        raise Refused("no_reason")
    places.give_back(m, row, edition, below)
    rank = rows.rank_of(m.connection, row.id, below.level)
    m.move("hand_down", row, level=below.level, holder=m.holder_of(below), opened_at=m.now, rank=rank)
    decided = m.decide(row, "handed_down", reason=reason)
    m.note_case("case.handed_down", row, level=row.level, to=below.level, decision=decided)
    m.tell_unit(m.holder_of(below), edition, "handed_down", row)
    return {"comments": 0, "until": None, "to": below.path[-1]}


def _tell_between(m: Matter, row: commands.CaseAt, edition: Edition, event: str) -> None:
    """Every level between the one that decided and the writer is told."""
    way = m.way(row, edition)
    for stop in way[: [s.level for s in way].index(row.level) if row.level in [s.level for s in way] else 0]:
        m.tell_unit(m.holder_of(stop), edition, event, row)


# ---------------------------------------------------------------- 通过


def pass_cases(m: Matter, command: PassCases) -> Mapping[str, Any]:
    """Each for itself: what cannot be passed is named with its reason, and keeps none of the others back."""
    if not command.cases:
        raise Refused("none_chosen")
    done: list[int] = []
    lost: dict[int, Refusal] = {}
    for id, n in command.cases:
        try:
            _pass(m, id, n)
            done.append(id)
        except Refused as refused:
            lost[id] = refused.refusal
    if len(command.cases) == 1 and lost:
        raise Refused(lost[id].key.removeprefix("office."), **lost[id].params)
    return {"done": done, "lost": lost}


def _pass(m: Matter, id: int, n: int) -> None:
    row = m.case_in_hand(id, n)
    edition = m.edition(row.edition)
    m.move("pass", row, opened_at=row.opened_at or m.now)
    m.decide(row, "passed")
    m.note_case("case.passed", row, level=row.level)
    level, above = level_of(edition.call, row.level), level_above(edition.call, row.level)
    until = deadline(edition, row.level, row.holder_id, m.extensions) if row.level else None
    m.tell_writer(
        row,
        "passed",
        level=level.title if level else "",
        next=above.title if above else "",
        until=instant(until if until and until > m.now else None, edition),
    )


def reopen(m: Matter, command: Reopen) -> Mapping[str, Any]:
    """Looked at again at the same level; the comments not sent yet are still there."""
    row = m.case_in_hand(command.case, command.n)
    m.move("reopen", row, rank=0, opened_at=row.opened_at or m.now)
    m.note_case("case.reopened", row, level=row.level)
    return {}
