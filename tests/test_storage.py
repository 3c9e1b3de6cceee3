"""The store by itself: values come back as they went in, the schema moves both ways, a newer one is refused."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from bot.channel import Address, Face, Outgoing, Update
from bot.engine import messages as m
from bot.engine.cases import MOVES, case_number
from bot.engine.model import Answer, Arriving, Attachment, Conversation, Draft, Focus, Fragment, Pending, Undo
from bot.engine.tree import COUNTY, TOWNSHIP, above, level_below
from bot.errors import NewerDatabase, Stale
from storage import cases, codec, conversations, drafts, messages, people, updates
from storage import tables as t
from storage.database import HEAD, check, downgrade, open_reader, open_writer, schema, upgrade
from tests import storehouse
from tests.needs import need
from tests.storehouse import LEVELS, NOW, House

words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
ids = st.integers(1, 2**63 - 1)
focuses = st.builds(Focus, draft=ids, section=words, question=words, mode=st.just("edit"), at=words)
answers = st.builds(
    Answer,
    draft=ids,
    question=words,
    n=st.integers(0, 99),
    state=st.just("closed"),
    parts=st.lists(st.integers(1, 99), max_size=3).map(tuple),
    picks=st.lists(words, max_size=3).map(tuple),
    words=st.integers(0, 999),
)


@st.composite
def undos(draw: st.DrawFn) -> Undo:
    """An entry as the engine makes it: the answers are its draft's."""
    draft = draw(ids)
    own = draw(st.lists(answers.map(lambda a: replace(a, draft=draft)), max_size=2))
    focus = draw(st.none() | focuses | focuses.map(lambda f: replace(f, draft=draft)))
    return Undo(what=draw(words), draft=draft, answers=tuple(own), focus=focus)


@given(
    focus=st.none() | focuses,
    pending=st.none() | st.builds(Pending, kind=st.just("erase"), text=words, source=words, draft=ids),
)
def test_a_conversations_columns_come_back(focus: Focus | None, pending: Pending | None) -> None:
    assert codec.focus_in(codec.focus_out(focus)) == focus
    assert codec.pending_in(codec.pending_out(pending)) == pending


@given(steps=st.lists(undos() | st.sampled_from(["back", "from the middle", "restart"]), max_size=12))
def test_what_can_be_undone_comes_back_however_it_came_about(steps: list[Undo | str]) -> None:
    undo: tuple[Undo, ...] = ()
    for step in steps:
        if step == "back":
            undo = undo[:-1]
        elif step == "from the middle":
            undo = undo[:1] + undo[2:]
        elif isinstance(step, Undo):
            undo = (*undo, step)[-4:]
        raw = codec.undo_out(undo)
        if step == "restart":
            codec.forget_undos()
        found = codec.undo_in(raw)
        assert found == undo and codec.undo_out(found) == raw
        undo = found


@pytest.mark.parametrize(
    "incoming",
    [
        m.Said(at=NOW, ref="r", text="one\x00two\ud800", done=True, about="d/q", base=3),
        m.Pressed(at=NOW, press="go:1", label="去"),
        m.Sent(
            at=NOW, files=(m.SentFile(kind="picture", file="ab", name="x.jpg", mime="image/jpeg", size=9),), album="a"
        ),
        m.Arrived(
            at=NOW,
            clips=(
                m.Clip(kind="voice", remote="AwAC", source="7:12", order=12),
                m.Clip(kind="file", remote="B", name="表"),
            ),
            channel="telegram",
            album="9",
            caption="院坝会",
        ),
        m.Reach(at=NOW, open=False),
        m.Unreadable(at=NOW, key="file.big", params={"mb": 20}),
        m.Edited(at=NOW, source="s", text="t"),
        m.Shared(at=NOW, phone="1"),
        m.Typing(at=NOW, question="q", text="t"),
        m.Knock(at=NOW, link="l", intent="again", name="n", last4="1234"),
        m.Joined(at=NOW, first=True),
        m.Told(at=NOW, event="returned", params={"n": 2}, draft=4),
        m.Done(at=NOW, job="paper", args={"draft": 1}, result={"file": "f"}),
        m.Woke(at=NOW, kind="later", data={"x": 1}),
    ],
)
def test_every_kind_of_update_can_be_set_aside_and_read_again(incoming: m.Incoming) -> None:
    update = Update(address=Address(channel="page", external="e"), ref="r", digest="d", incoming=incoming)
    kept = codec.update_out(update)
    assert kept.isascii() and codec.update_in(kept) == update


def test_a_conversation_comes_back_and_is_saved_once_for_each_version(house: House) -> None:
    id = house.writer("a", name="李建国")
    with house.engine.begin() as c:
        ((person, fresh),) = conversations.load(c, ids=[id])
        assert (person.name, person.invited.path[-1], person.unit) == ("李建国", "槐树村", None)
        seen = datetime(2026, 11, 22, 16, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
        changed = Conversation(
            id=id,
            person=person.id,
            version=1,
            seq=4,
            focus=Focus(draft=7, section="s", question="q", mode="gather"),
            pending=Pending(kind="ambiguous", text="停"),
            typing=("7/q", "half"),
            undo=(Undo(what="skip", draft=7),),
            consent="1",
            declined=True,
            seen_at=seen,
            arriving=Arriving(
                draft=7,
                channel="telegram",
                album="9",
                clips=(m.Clip(kind="picture", remote="A", size=3, source="7:12", order=12, caption="院坝会"),),
            ),
        )
        conversations.save(c, [(changed, fresh.version)])
        ((_, loaded),) = conversations.load(c, persons=[person.id])
        assert loaded == changed and loaded.seen_at is not None and loaded.seen_at.tzinfo is UTC
        with pytest.raises(Stale):
            conversations.save(c, [(replace(changed, version=1), fresh.version)])
        assert conversations.seqs(c, [id]) == {id: 4}


def test_a_draft_and_its_texts_come_back(house: House) -> None:
    house.writer("a")
    person = house.rows(t.people)[0].id
    draft = Draft(id=5, person=person, call="mca", edition=9, title="题", words=3, next=4, at="q", seen_at=NOW)
    old = Answer(draft=5, question="q", n=1, state="open", parts=(1,), words=1)
    new = replace(old, n=2, state="closed", parts=(1, 2), picks=("x",))
    fragments = [Fragment(draft=5, id=i, question="q", text=f"第{i}段", words=3, source="r") for i in (1, 2)]
    picture = Attachment(draft=5, id=3, question="p", kind="picture", file="ab", name="x", mime="image/png", size=2**40)
    with house.engine.begin() as c:
        drafts.add(c, [(draft, NOW)])
        drafts.add_answers(c, [(old, NOW, True)], [])
        drafts.add_answers(c, [(new, NOW, True)], [old])
        drafts.add_fragments(c, [(f, NOW) for f in fragments])
        drafts.add_attachments(c, [(picture, NOW)])
        changed = replace(draft, words=9, state="handed_in", case=11, n=1)
        drafts.save(c, [changed])
        assert drafts.load(c, [person]) == [changed] and drafts.load(c, []) == []
        texts = drafts.texts(c, [5])[5]
        assert dict(texts.answers) == {"q": new}
        assert list(texts.fragments.values()) == fragments and dict(texts.attachments) == {3: picture}
        assert drafts.remove(c, [5]) == ["ab"]
    assert house.count(t.fragments) == house.count(t.answers) == house.count(t.attachments) == 0


def test_nothing_to_write_writes_nothing(house: House) -> None:
    with house.engine.begin() as c:
        conversations.save(c, [])
        conversations.save_typing(c, [])
        drafts.add_fragments(c, [])
        messages.add(c, [])
        updates.add(c, [])
        people.touch(c, [])
    assert house.count(t.messages) == house.count(t.updates) == house.count(t.fragments) == 0


def test_messages_come_back_as_they_were_shown(house: House) -> None:
    id = house.writer("a")
    shown = Outgoing(
        text="说", buttons=(Face(press="p", label="按", strong=True),), slot="card", card={"kind": "x", "n": 1}
    )
    mine = Outgoing(text="我", author="me")
    with house.engine.begin() as c:
        messages.add(c, [messages.Line(id, 1, "r", mine, NOW), messages.Line(id, 2, "r", shown, NOW)])
        assert messages.between(c, id, 1, 2) == [(1, mine), (2, shown)]


def test_every_move_starts_where_the_table_says_and_nowhere_else(house: House) -> None:
    house.writer("a")
    person = house.rows(t.people)[0].id
    row = {"draft": 1, "edition": 9, "person": person, "unit": 3, "county": "云溪县", "number": "x", "level": "county"}
    with house.engine.begin() as c:
        c.execute(t.cases.insert(), {**row, "id": 1, "n": 1, "submitted_at": NOW})
        for state in {s for rule in MOVES.values() for s in (*rule.frm, rule.to)}:
            for name, rule in MOVES.items():
                c.execute(t.cases.update().values(state=state, n=1, opened_at=None))
                if state not in rule.frm:
                    with pytest.raises(Stale):
                        cases.move(c, name, 1, 1)
                    continue
                with pytest.raises(Stale):
                    cases.move(c, name, 1, 2)
                cases.move(c, name, 1, 1, rank=3)
                now = c.execute(select(t.cases.c.state, t.cases.c.n, t.cases.c.rank)).one()
                assert tuple(now) == (rule.to, 2 if rule.ups else 1, 3)
        c.execute(t.cases.update().values(state="waiting", n=1, opened_at=NOW))
        with pytest.raises(Stale):
            cases.move(c, "take_back", 1, 1)


def test_places_in_the_tree_and_numbers() -> None:
    path = ("云溪县", "石桥镇", "槐树村")
    assert above(path, "村", COUNTY, LEVELS) == path[:1] and above(path, "村", TOWNSHIP, LEVELS) == path[:2]
    assert above(path[:1], "县", TOWNSHIP, LEVELS) == path[:1]
    assert above(("石桥镇", "槐树村"), "村", COUNTY, LEVELS) == ("石桥镇",)
    assert level_below(path, "村", path[:2], LEVELS) == "村" and level_below(path[:1], "县", path[:1], LEVELS) == "乡镇"
    assert case_number("{县}{年}-{号}", "云溪县", 2026, 17) == "云溪26-017"
    assert case_number("{县}{年}-{号}", "雄县", 2030, 1200) == "雄县30-1200"


# ---------------------------------------------------------------- the schema


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    if request.param == "postgres":
        need("PostgreSQL", storehouse.server_is_there(), "nothing listens on 127.0.0.1:5432")
    with storehouse.empty_database(request.param, tmp_path) as place:
        yield place


def test_the_schema_goes_up_and_down_and_up(empty: str) -> None:
    engine = open_writer(empty)
    assert not check(engine) and schema(engine) == ""
    upgrade(engine)
    assert check(engine)
    upgrade(engine)
    made_at_once = _shape(engine)
    downgrade(engine, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    upgrade(engine, HEAD)
    assert check(engine)
    with engine.connect() as c:
        assert compare_metadata(MigrationContext.configure(c), t.metadata) == []
    assert _shape(engine) == made_at_once
    engine.dispose()


def _shape(engine: Engine) -> dict[str, tuple[list[str], ...]]:
    """Columns, keys and indexes of every table, as the database tells them."""
    eye = inspect(engine)
    return {
        name: (
            sorted(f"{c['name']} {c['type']} {c['nullable']} {c.get('default')}" for c in eye.get_columns(name)),
            eye.get_pk_constraint(name)["constrained_columns"],
            sorted(f"{f['constrained_columns']} {f['referred_table']}" for f in eye.get_foreign_keys(name)),
            sorted(f"{i['name']} {i['column_names']} {i['unique']}" for i in eye.get_indexes(name)),
            sorted(str(u["column_names"]) for u in eye.get_unique_constraints(name)),
        )
        for name in eye.get_table_names()
        if name != "alembic_version"
    }


def test_an_upgrade_leaves_the_data_alone(house: House) -> None:
    house.writer("a", name="李建国")
    before = [tuple(r) for r in house.rows(t.people)]
    upgrade(house.engine)
    assert [tuple(r) for r in house.rows(t.people)] == before


def test_a_newer_database_is_refused_and_left_alone(house: House) -> None:
    with house.engine.begin() as c:
        c.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for refused in (check, upgrade):
        with pytest.raises(NewerDatabase, match="9999"):
            refused(house.engine)
    assert schema(house.engine) == "9999"


def test_a_reader_cannot_write(house: House) -> None:
    reader = open_reader(house.place)
    with pytest.raises(DBAPIError), reader.begin() as c:
        c.execute(t.counters.insert(), {"edition": 9, "county": "x", "last": 1})
    with reader.connect() as c:
        assert c.execute(select(t.units.c.name).order_by(t.units.c.id)).scalars().first() == "云溪县"
    reader.dispose()


def test_the_database_keeps_to_its_references(house: House) -> None:
    with pytest.raises(IntegrityError), house.engine.begin() as c:
        c.execute(t.people.insert(), {"id": 1, "invited": 404, "created_at": NOW})


def test_sqlite_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    engine = open_writer(str(tmp_path / "x.db"))
    with engine.connect() as c:
        facts = [c.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("journal_mode", "synchronous", "foreign_keys")]
    engine.dispose()
    assert facts == ["wal", 2, 1]


def test_the_quick_way_to_a_fragment_sets_each_of_its_fields() -> None:
    assert [f.name for f in fields(Fragment)] == ["draft", "id", "question", "text", "words", "source"]


def test_a_draft_has_a_column_for_each_of_its_fields() -> None:
    assert {f.name for f in fields(Draft)} <= set(t.drafts.c.keys())
