"""The batch turn: what is acknowledged is stored, an update counts once, one bad turn harms nobody else."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from bot.channel import Address, Update
from bot.engine.messages import (
    Incoming,
    Said,
    Turn,
    Typing,
)
from bot.engine.model import Conversation, Focus, View
from bot.engine.step import step
from bot.errors import StoreBusy
from bot.wording import Wording
from storage import tables as t
from storage.database import open_writer
from tests.storehouse import NOW, House, knock, lazy_step, press, said, say, small_step, template


async def test_a_turn_is_stored_before_it_is_answered(house: House) -> None:
    house.writer("a")
    async with house.desk() as desk:
        (one,) = await desk.take([say("a", "first")])
        assert [r.text for r in one.replies] == ["heard all=first"]
        assert one.outcome == "fresh" and one.seq == 2 and one.seqs == (2,)
        messages = house.rows(t.messages, t.messages.c.seq)
        assert [(m.seq, m.author, m.body["text"]) for m in messages] == [
            (1, "me", "first"),
            (2, "bot", "heard all=first"),
        ]
        (two,) = await desk.take([say("a", "second")])
        assert said(two) == ["heard all=first|second"]
    latest = [(a.n, a.latest) for a in house.rows(t.answers, t.answers.c.n)]
    assert latest == [(1, False), (2, True)]


async def test_several_words_of_one_person_in_one_batch_build_on_each_other(house: House) -> None:
    house.writer("a")
    house.writer("b")
    async with house.desk() as desk:
        taken = await desk.take([say("a", "1"), say("b", "x"), say("a", "2"), say("a", "3")])
    assert [said(one)[0] for one in taken] == ["heard all=1", "heard all=x", "heard all=1|2", "heard all=1|2|3"]
    assert [(a.n, a.latest) for a in house.rows(t.answers, t.answers.c.n)] == [
        (1, False),
        (1, True),
        (2, False),
        (3, True),
    ]
    assert sorted(r.version for r in house.rows(t.conversations)) == [1, 3]


async def test_a_repeat_is_answered_from_what_was_stored(house: House) -> None:
    house.writer("a")
    async with house.desk() as desk:
        first = (await desk.take([say("a", "once")]))[0]
        await desk.take([say("a", "more")])
        again, beside = await desk.take([say("a", "once"), say("a", "once")])
    for repeat in (again, beside):
        assert repeat.outcome == "repeat" and repeat.seq == 4
        assert (repeat.replies, repeat.seqs, repeat.conversation) == (first.replies, first.seqs, first.conversation)
    assert house.count(t.fragments) == 2


async def test_the_same_ref_with_other_content_is_a_conflict(house: House) -> None:
    house.writer("a")
    async with house.desk() as desk:
        one, other = await desk.take([say("a", "this", "r"), say("a", "that", "r")])
        (third,) = await desk.take([say("a", "those", "r")])
    assert (one.outcome, other.outcome, third.outcome) == ("fresh", "conflict", "conflict")
    assert [f.text for f in house.rows(t.fragments)] == ["this"]


async def test_half_a_text_is_kept_without_a_new_version(house: House) -> None:
    house.writer("a")
    half = Typing(at=NOW, ref="t", question="d/q", text="half a te")
    async with house.desk() as desk:
        (taken,) = await desk.take([Update(address=Address(channel="page", external="a"), ref="t", incoming=half)])
    assert taken.replies == () and taken.outcome == "fresh"
    (row,) = house.rows(t.conversations)
    assert (row.typing_question, row.typing_text, row.version, row.seq) == ("d/q", "half a te", 0, 0)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), people=st.integers(1, 4), each=st.integers(1, 5))
def test_however_often_and_mixed_updates_come_the_end_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, seed: int, people: int, each: int
) -> None:
    dice = random.Random(seed)
    names = [f"w{i}" for i in range(people)]
    plain = {n: [_some(n, i, dice) for i in range(each)] for n in names}

    async def run(batches: list[list[Update]]) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("mix")
        with template("sqlite", folder) as place:
            house = House(place)
            for n in names:
                house.writer(n)
            async with house.desk() as desk:
                await asyncio.gather(*[desk.take(b) for b in batches])
            state = house.state()
            house.close()
            return state

    assert asyncio.run(run([[u for n in names for u in plain[n]]])) == asyncio.run(run(_mixed(plain, dice)))


def _some(name: str, i: int, dice: random.Random) -> Update:
    if dice.random() < 0.3:
        half = Typing(at=NOW, ref=f"{name}:t{i}", question="q", text=f"half {i}")
        return Update(address=Address(channel="page", external=name), ref=half.ref, digest=str(i), incoming=half)
    return say(name, f"{name} says {i}")


def _mixed(plain: dict[str, list[Update]], dice: random.Random) -> list[list[Update]]:
    """Each update one to five times: first ones in a person's own order, repeats anywhere behind them."""
    ways = {n: _repeated(us, dice) for n, us in plain.items()}
    out: list[list[Update]] = []
    while any(ways.values()):
        who = dice.choice([n for n, us in ways.items() if us])
        take = dice.randint(1, 3)
        out.append(ways[who][:take])
        ways[who] = ways[who][take:]
    return out


def _repeated(updates: list[Update], dice: random.Random) -> list[Update]:
    line = list(updates)
    for update in updates:
        for _ in range(dice.randint(0, 4)):
            line.insert(dice.randint(line.index(update) + 1, len(line)), update)
    return line


async def test_a_turn_that_raises_is_set_aside_and_can_be_replayed(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.writer("a")
    house.writer("b")
    async with house.desk() as desk:
        before, broken, neighbour, after = await desk.take(
            [say("a", "1"), say("a", "broken"), say("b", "x"), say("a", "2")]
        )
        assert (
            said(before) == ["heard all=1"] and said(neighbour) == ["heard all=x"] and said(after) == ["heard all=1|2"]
        )
        (held,) = house.rows(t.quarantine)
        assert said(broken) == [f"trouble.bug ref={held.number}"] and len(held.number) == 6
        assert "the engine broke" in held.trace and held.state == "open"
        assert "the engine broke" not in capsys.readouterr().out
        (repeat,) = await desk.take([say("a", "broken")])
        assert repeat.outcome == "repeat" and said(repeat) == said(broken)
    async with house.desk(_mended) as desk:
        replayed = await desk.replay(held.id)
        assert replayed is not None and said(replayed) == ["heard all=1|2|broken mended"]
        assert await desk.replay(held.id) is None and await desk.replay(77) is None
    assert [q.state for q in house.rows(t.quarantine)] == ["replayed"]


def _mended(view: View, conversation: Conversation, incoming: Incoming) -> Turn:
    assert isinstance(incoming, Said)
    return small_step(view, conversation, replace(incoming, text=incoming.text + " mended"))


@pytest.mark.parametrize("poison", ["nul \x00 here", "half a pair \ud800 here"])
async def test_text_no_database_takes_is_set_aside_alone(house: House, poison: str) -> None:
    house.writer("a")
    house.writer("b")
    async with house.desk() as desk:
        taken = await desk.take([say("a", "fine"), say("b", poison, "p"), say("a", "fine too")])
        assert said(taken[0]) == ["heard all=fine"] and said(taken[2]) == ["heard all=fine|fine too"]
        assert taken[1].outcome == "fresh"
        (after,) = await desk.take([say("b", "plain")])
        assert said(after)[0].endswith("plain")


async def test_a_race_between_two_desks_loses_nothing(place: str, house: House) -> None:
    house.writer("a")
    other = open_writer(place)
    async with house.desk() as one, house.desk(engine=other) as two:
        await asyncio.gather(*[(one, two)[i % 2].take([say("a", f"{i:02}")]) for i in range(30)])
    other.dispose()
    assert sorted(f.text for f in house.rows(t.fragments)) == [f"{i:02}" for i in range(30)]
    (conversation,) = house.rows(t.conversations)
    assert (conversation.version, conversation.seq) == (30, 60)
    assert [a.n for a in house.rows(t.answers, t.answers.c.n)] == list(range(1, 31))


@pytest.mark.postgres
@pytest.mark.parametrize("migrated", ["postgres"], indirect=True)
@pytest.mark.parametrize(("times", "outcome"), [(1, "stored"), (99, "given back")])
async def test_a_stale_version_is_loaded_and_stepped_again(house: House, times: int, outcome: str) -> None:
    house.writer("a")
    meanwhile = open_writer(house.place)
    left = [times]

    def step(view: View, conversation: Conversation, incoming: Incoming) -> Turn:
        if left[0]:
            left[0] -= 1
            with meanwhile.begin() as c:
                c.execute(t.conversations.update().values(version=t.conversations.c.version + 10))
        return small_step(view, conversation, incoming)

    async with house.desk(step) as desk:
        if outcome == "stored":
            assert said((await desk.take([say("a", "x")]))[0]) == ["heard all=x"]
            assert house.rows(t.conversations)[0].version == 11
        else:
            with pytest.raises(StoreBusy):
                await desk.take([say("a", "x")])
            assert house.count(t.fragments) == 0
    meanwhile.dispose()


async def test_a_neighbour_that_the_database_refuses_harms_nobody_else(house: House) -> None:
    house.writer("a")
    house.writer("b")

    def step(view: View, conversation: Conversation, incoming: Incoming) -> Turn:
        turn = small_step(view, conversation, incoming)
        if isinstance(incoming, Said) and incoming.text == "clash":
            return replace(turn, fragments=turn.fragments * 2)
        return turn

    async with house.desk(step) as desk:
        good, bad, later = await desk.take([say("a", "1"), say("b", "clash"), say("a", "2")])
    assert said(good) == ["heard all=1"] and said(later) == ["heard all=1|2"]
    (held,) = house.rows(t.quarantine)
    assert said(bad) == [f"trouble.bug ref={held.number}"] and "IntegrityError" in held.trace
    assert [f.text for f in house.rows(t.fragments, t.fragments.c.id)] == ["1", "2"]


async def test_a_draft_that_is_not_loaded_is_loaded_and_the_step_made_again(house: House) -> None:
    house.writer("a")
    async with house.desk(lazy_step) as desk:
        await desk.take([say("a", "1")])
        (taken,) = await desk.take([say("a", "2")])
    assert said(taken) == ["heard all=1|2"]


async def test_when_the_database_refuses_to_write_nothing_is_acknowledged_and_the_desk_lives_on(house: House) -> None:
    house.writer("a")
    switch = {"off": True}
    sqlite = house.engine.dialect.name == "sqlite"
    read_only = "PRAGMA query_only=ON" if sqlite else "SET default_transaction_read_only=on"
    async with house.desk() as desk:
        house.engine.dispose()
        event.listen(house.engine, "connect", _run_first(read_only, switch))
        with pytest.raises(StoreBusy):
            await desk.take([say("a", "x")])
        with pytest.raises(StoreBusy):
            await desk.submit(lambda c: c.execute(t.counters.insert(), {"edition": 9, "county": "x", "last": 1}))
        switch["off"] = False
        house.engine.dispose()
        (taken,) = await desk.take([say("a", "x")])
    assert taken.outcome == "fresh" and house.count(t.fragments) == 1


def _run_first(statement: str, switch: dict[str, bool]) -> Callable[[Any, Any], None]:
    def connect(connection: Any, record: Any) -> None:
        if switch["off"]:
            connection.execute(statement)
            connection.commit()

    return connect


async def test_listeners_hear_after_the_commit(house: House) -> None:
    conversation = house.writer("a")
    async with house.desk() as desk:
        with desk.listen(conversation) as bell, desk.listen(conversation + 1) as other:
            await desk.take([say("a", "x")])
            await asyncio.wait_for(bell.wait(), 5)
            assert not other.is_set() and house.count(t.messages) == 2


async def test_a_closed_desk_finishes_its_work_and_takes_no_more(house: House) -> None:
    house.writer("a")
    async with house.desk() as desk:
        asked = asyncio.ensure_future(asyncio.gather(*[desk.take([say("a", str(i))]) for i in range(300)]))
        await asyncio.sleep(0)
        await desk.close()
        assert len(await asked) == 300 and desk.ended.done()
        with pytest.raises(StoreBusy):
            await desk.take([say("a", "late")])
    assert house.count(t.fragments) == 300


async def test_a_stranger_without_an_invite_is_told_whom_to_ask(house: House) -> None:
    async with house.desk() as desk:
        (taken,) = await desk.take([say("nobody", "hello")])
    assert (taken.outcome, taken.conversation, said(taken)) == ("refused", 0, ["join.none contact=周敏 phone=0000-1"])
    assert house.count(t.updates) == house.count(t.people) == 0


async def test_the_whole_way_from_the_link_to_the_first_answer_with_the_real_engine(house: House) -> None:
    link = house.invite()
    async with house.desk(step, wording=Wording.load()) as desk:
        (joined,) = await desk.take([knock("a", link, intent="new")])
        assert joined.outcome == "fresh" and len(joined.replies) == 2
        (agreed,) = await desk.take([press("a", "consent:yes", "同意，开始")])
        assert "姓名" in said(agreed)[0]
        (named,) = await desk.take([say("a", "李建国")])
        assert "李建国" in said(named)[0]
        for label in ("是", "村党支部书记"):
            face = next(b for b in named.replies[-1].buttons if label in b.label)
            (named,) = await desk.take([press("a", face.press, face.label)])
        (phone,) = await desk.take([say("a", "13900002217")])
        assert "139****2217" in " ".join(said(phone))
    person = house.rows(t.people)[0]
    assert (person.name, person.phone, person.unit, person.post) == ("李建国", "13900002217", 3, "村党支部书记")
    focus = house.rows(t.conversations)[0].focus
    assert Focus(draft=focus[0], section=focus[1], question=focus[2], mode=focus[3], at=focus[4])
