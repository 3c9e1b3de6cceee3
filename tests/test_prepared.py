"""What a turn is quick by must not change what it does: prepared statements, values, drafts that were not read."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, replace
from typing import Any

import psycopg
import pytest
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from bot.engine.messages import Incoming, Reply, Said, Turn
from bot.engine.model import Conversation, Draft, Focus, Fragment, NotLoaded, Texts, Unread, View
from bot.engine.values import closed, evolve, opened
from storage import tables as t
from storage.database import is_outage, is_race, open_writer
from storage.prepared import Read, Write
from tests.storehouse import CALL, NOW, House, said, say

_ADD = Write(insert(t.updates), "channel", "ref", "digest", "at")
_CHANGE = Write(
    update(t.updates).where(t.updates.c.ref == bindparam("which")).values(digest=bindparam("digest")), "which", "digest"
)
_FIND = Read(
    select(t.updates.c.ref, t.updates.c.at, t.updates.c.digest)
    .where(t.updates.c.channel == bindparam("channel"), t.updates.c.ref.in_(bindparam("refs", expanding=True)))
    .order_by(t.updates.c.ref),
    *("channel", "refs"),
)


@pytest.mark.parametrize("count", [1, 2, 3, 64, 131])
def test_rows_come_back_as_they_were_written(house: House, count: int) -> None:
    refs = [f"{i:03}" for i in range(count)]
    with house.engine.begin() as c:
        assert _ADD.run(c, [("page", ref, f"of {ref}", NOW) for ref in refs]) == count
        assert _ADD.run(c, [("talk", "999", "another's", NOW)]) == 1
        assert _CHANGE.run(c, [(ref, f"new {ref}") for ref in (*refs[:2], "unknown")]) == len(refs[:2])
        found = _FIND.rows(c, "page", [*refs, "999"])
    expected = [(r, NOW, f"new {r}" if r in refs[:2] else f"of {r}") for r in refs]
    assert [tuple(row) for row in found] == expected


def test_nothing_is_done_for_nothing(house: House) -> None:
    with house.engine.begin() as c:
        assert _ADD.run(c, []) == 0
        assert _FIND.rows(c, "page", []) == []
    assert house.count(t.updates) == 0


def test_the_databases_refusals_are_told_as_sqlalchemy_tells_them(house: House) -> None:
    with pytest.raises(IntegrityError) as race, house.engine.begin() as c:
        _ADD.run(c, [("page", "1", "", NOW), ("page", "1", "", NOW)])
    assert is_race(race.value) and not is_outage(race.value)
    assert house.count(t.updates) == 0


def test_an_outage_is_told_as_one(house: House) -> None:
    """SQLite: somebody holds the lock. PostgreSQL: the connection is lost; the next one works."""
    if house.engine.dialect.name == "sqlite":
        assert is_outage(_locked_out(house))
        return
    lost = _cut_off(house)
    assert is_outage(lost) and lost.connection_invalidated
    with house.engine.begin() as c:
        assert _FIND.rows(c, "page", ["1"]) == []


def _locked_out(house: House) -> OperationalError:
    other = open_writer(house.place)
    with other.connect() as c, house.engine.begin():
        c.connection.cursor().execute("PRAGMA busy_timeout=0")
        with pytest.raises(OperationalError) as away:
            c.begin()
    other.dispose()
    return away.value


def _cut_off(house: House) -> DBAPIError:
    with pytest.raises(DBAPIError) as away, house.engine.begin() as c:
        mine = c.execute(text("SELECT pg_backend_pid()")).scalar()
        with psycopg.connect(house.place) as other:
            other.execute("SELECT pg_terminate_backend(%s)", (mine,))
        _FIND.rows(c, "page", ["1"])
    return away.value


# ---------------------------------------------------------------- values


def test_a_value_made_quickly_is_as_any_other() -> None:
    piece = Fragment(draft=1, id=2, question="q", text="字", words=1)
    assert asdict(piece) == {"draft": 1, "id": 2, "question": "q", "text": "字", "words": 1, "source": ""}
    assert evolve(piece, words=3) == replace(piece, words=3) != piece
    assert copy.copy(piece) == piece == pickle.loads(pickle.dumps(piece)) and len({piece, copy.copy(piece)}) == 1
    assert Texts().answers is not Texts().answers
    with pytest.raises(FrozenInstanceError):
        piece.words = 2  # type: ignore[misc]
    for wrong in ({"wrods": 2}, {}):
        with pytest.raises(TypeError):
            Fragment(draft=1, **wrong)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        evolve(piece, wrods=2)


def test_an_opened_copy_can_be_changed_until_it_is_closed() -> None:
    before = Focus(draft=1, question="q")
    copied = opened(before)
    copied.mode = "edit"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        copied.mood = "edit"  # type: ignore[attr-defined]
    after = closed(copied)
    assert after == replace(before, mode="edit") and before.mode == "ask" and type(after) is Focus
    with pytest.raises(FrozenInstanceError):
        after.mode = "ask"  # type: ignore[misc]


# ---------------------------------------------------------------- drafts that were not read


@pytest.mark.parametrize(
    "ask",
    [
        lambda f: f[1],
        lambda f: f.get(1),
        lambda f: 1 in f,
        lambda f: len(f),
        lambda f: bool(f),
        lambda f: list(f),
        lambda f: list(f.values()),
        lambda f: dict(f),
        lambda f: {**f},
        lambda f: f == {},
    ],
)
def test_what_was_not_read_is_asked_for(ask: Any) -> None:
    unread: Unread[Fragment] = Unread(7)
    known = Fragment(draft=7, id=5, question="q", text="字", words=1)
    unread[5] = known
    with pytest.raises(NotLoaded) as missing:
        ask(unread)
    assert missing.value.draft == 7
    assert unread[5] is known and 5 in unread and unread.copy().known() == {5: known}


async def test_a_turn_that_needs_more_reads_it_within_its_batch(house: House) -> None:
    """In one batch a piece is added to a draft that was not read, then all pieces are looked at."""
    house.writer("a")
    async with house.desk(focused_step) as desk:
        await desk.take([say("a", "first")])
        taken = await desk.take([say("a", "second"), say("a", "show"), say("a", "third"), say("a", "show", "again")])
    assert [said(one)[0].removeprefix("heard all=") for one in taken][1::2] == ["first|second", "first|second|third"]


def focused_step(view: View, conversation: Conversation, incoming: Incoming) -> Turn:
    """Adds what is said without looking; at "show" tells all that is there."""
    assert isinstance(incoming, Said)
    row = next(iter(view.drafts.values()), None)
    if row is None:
        row = Draft(id=view.new_id, person=view.person.id, call=CALL, edition=9)
    if incoming.text == "show":
        told = "|".join(f.text for _, f in sorted(view.text_of(row.id).fragments.items()))
        return Turn(conversation=conversation, replies=(Reply(key="heard", params={"all": told}),))
    piece = Fragment(draft=row.id, id=row.next, question="q", text=incoming.text, words=1)
    return Turn(
        conversation=replace(conversation, focus=Focus(draft=row.id)),
        drafts=(replace(row, next=row.next + 1),),
        fragments=(piece,),
        replies=(Reply(key="heard", params={"all": ""}),),
    )
