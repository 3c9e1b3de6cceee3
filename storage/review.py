"""What the office writes about a case: comments, decisions, enclosures, and the phrases it uses again."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from bot.engine.content import Content
from storage.tables import cases, comments, conversations, decisions, enclosures, phrases, submissions


class CommentAt(NamedTuple):
    """A comment with the case it belongs to; `n` is the submission it speaks of."""

    id: int
    case: int
    n: int
    author: int
    sent_at: datetime | None


class DecisionRow(NamedTuple):
    """What a level did with a submission: returned, handed_down, passed, recommended, unrecommended,
    not_recommended, out_of_time."""

    id: int
    case: int
    n: int
    level: str
    kind: str
    rank: int
    reason: str
    actor: int
    at: datetime
    unit: int


def content(connection: Connection, case: int, n: int) -> Content | None:
    """The frozen content of a submission."""
    own = (submissions.c.case == case) & (submissions.c.n == n)
    found = connection.execute(select(submissions.c.content).where(own)).scalar()
    return Content.from_json(found) if found is not None else None


def freeze(connection: Connection, case: int, n: int, content: Content, at: datetime) -> None:
    """One more submission of a case. Raises IntegrityError where it is there already."""
    row = {"case": case, "n": n, "content": content.to_json(), "hash": content.hash(), "words": content.words()}
    connection.execute(insert(submissions), {**row, "at": at})


def set_columns(connection: Connection, case: int, **columns: Any) -> None:
    """Sets columns of a case that no move guards: its rank, title, words."""
    connection.execute(update(cases).where(cases.c.id == case).values(**columns))


def touch_conversation(connection: Connection, conversation: int) -> None:
    """Whoever has loaded the conversation before this must load it again."""
    own = conversations.c.id == conversation
    connection.execute(update(conversations).where(own).values(version=conversations.c.version + 1))


# ---------------------------------------------------------------- comments


def add_comment(connection: Connection, row: dict[str, Any]) -> None:
    """A comment that the writer has not been given yet."""
    connection.execute(insert(comments), row)


def comment(connection: Connection, id: int) -> CommentAt | None:
    """A comment by its id."""
    columns = (comments.c.id, comments.c.case, comments.c.n, comments.c.author, comments.c.sent_at)
    row = connection.execute(select(*columns).where(comments.c.id == id)).one_or_none()
    return CommentAt(*row) if row else None


def change_comment(connection: Connection, id: int, text: str, change: str | None) -> bool:
    """Another text for a comment; False when it has been sent meanwhile."""
    own = (comments.c.id == id) & comments.c.sent_at.is_(None)
    return connection.execute(update(comments).where(own).values(text=text, change=change)).rowcount == 1


def drop_comment(connection: Connection, id: int) -> bool:
    """Removes a comment; False when it has been sent meanwhile."""
    own = (comments.c.id == id) & comments.c.sent_at.is_(None)
    return connection.execute(delete(comments).where(own)).rowcount == 1


def send_comments(connection: Connection, case: int, n: int, at: datetime) -> int:
    """The writer is given what was noted on a submission and not sent yet; how many those are."""
    own = (comments.c.case == case) & (comments.c.n == n) & comments.c.sent_at.is_(None)
    return connection.execute(update(comments).where(own).values(sent_at=at)).rowcount


def carry_comments(connection: Connection, case: int, n: int, to: int) -> None:
    """Comments not sent yet go over to a later submission that holds the same sentences."""
    own = (comments.c.case == case) & (comments.c.n == n) & comments.c.sent_at.is_(None)
    connection.execute(update(comments).where(own).values(n=to))


def shift_comments(connection: Connection, case: int, n: int, block: str, start: int, length: int, by: int) -> None:
    """After `length` characters of a block at `start` became `by` more: later quotes move along; those that lay on the
    changed place speak of their whole section from now on."""
    own = (comments.c.case == case) & (comments.c.n == n) & (comments.c.block == block) & comments.c.sent_at.is_(None)
    end = comments.c.start + func.length(comments.c.quote)
    touched = own & (comments.c.start < start + length) & (end > start)
    connection.execute(update(comments).where(touched).values(block="", start=0, quote="", change=None))
    later = own & (comments.c.start >= start + length)
    connection.execute(update(comments).where(later).values(start=comments.c.start + by))


def count_comments(connection: Connection, case: int, n: int) -> int:
    """How many comments a submission has."""
    own = (comments.c.case == case) & (comments.c.n == n)
    return connection.execute(select(func.count()).select_from(comments).where(own)).scalar_one()


# ---------------------------------------------------------------- decisions


def decide(connection: Connection, row: DecisionRow) -> None:
    """Keeps what a level did."""
    connection.execute(insert(decisions), row._asdict())


def last_decision(connection: Connection, case: int, level: str, *, but: str = "", n: int = 0) -> str:
    """What a level did with a case the last time; "" if it never decided. `but`: a kind that is passed over; `n`: only
    what was done with that submission."""
    own = (decisions.c.case == case) & (decisions.c.level == level) & (decisions.c.kind != but)
    if n:
        own &= decisions.c.n == n
    newest = select(decisions.c.kind).where(own).order_by(decisions.c.at.desc(), decisions.c.id.desc()).limit(1)
    return str(connection.execute(newest).scalar() or "")


def rank_of(connection: Connection, case: int, level: str) -> int:
    """The place a level gave a case when it last recommended it; 0 for none."""
    own = (decisions.c.case == case) & (decisions.c.level == level) & (decisions.c.kind == "recommended")
    newest = select(decisions.c.rank).where(own).order_by(decisions.c.at.desc(), decisions.c.id.desc()).limit(1)
    return connection.execute(newest).scalar() or 0


def deciders(connection: Connection, case: int) -> list[int]:
    """The units in whose name something was decided about a case, each once."""
    rows = connection.execute(select(decisions.c.unit).where(decisions.c.case == case, decisions.c.unit != 0))
    return sorted({row.unit for row in rows})


# ---------------------------------------------------------------- enclosures and phrases


def enclose(connection: Connection, row: dict[str, Any]) -> None:
    """Lays a file beside a case."""
    connection.execute(insert(enclosures), row)


def enclosure(connection: Connection, id: int) -> tuple[int, str] | None:
    """The case of an enclosure and its file's hash."""
    wanted = select(enclosures.c.case, enclosures.c.file).where(enclosures.c.id == id)
    row = connection.execute(wanted).one_or_none()
    return (row.case, row.file) if row else None


def drop_enclosure(connection: Connection, id: int) -> None:
    """Takes it away; its file is let go by the caller."""
    connection.execute(delete(enclosures).where(enclosures.c.id == id))


def has_phrase(connection: Connection, unit: int, text: str) -> int:
    """The phrase of a unit with this text; 0 for none."""
    wanted = select(phrases.c.id).where(phrases.c.unit == unit, phrases.c.text == text)
    return connection.execute(wanted).scalar() or 0


def keep_phrase(connection: Connection, row: dict[str, Any]) -> None:
    """One more phrase of a unit."""
    connection.execute(insert(phrases), row)


def phrase_unit(connection: Connection, id: int) -> int:
    """Whose phrase it is; 0 for none."""
    return connection.execute(select(phrases.c.unit).where(phrases.c.id == id)).scalar() or 0


def drop_phrase(connection: Connection, id: int) -> None:
    """It goes."""
    connection.execute(delete(phrases).where(phrases.c.id == id))
