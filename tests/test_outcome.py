"""What a turn has for consequences beyond its rows: numbers, cases, units, erasure, wishes, deliveries."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import select

from bot.channel import Address, Update
from bot.desk import HOUSE
from bot.engine.messages import Done, Incoming, Woke
from storage import cases as case_rows
from storage import tables as t
from storage.database import open_writer
from tests.storehouse import NOW, House, content, office_step, press, said, say


async def test_numbers_are_drawn_one_by_one_for_each_county(place: str, house: House) -> None:
    for i in range(12):
        house.writer(f"w{i}")
    other = open_writer(place)
    async with house.desk(office_step) as one, house.desk(office_step, engine=other) as two:
        taken = await asyncio.gather(*[(one, two)[i % 2].take([press(f"w{i}", "hand in")]) for i in range(12)])
    other.dispose()
    numbers = sorted(said(x[0])[0] for x in taken)
    assert numbers == [f"submitted number=云溪26-{n:03}" for n in range(1, 13)]
    assert {(c.state, c.n, c.county) for c in house.rows(t.cases)} == {("waiting", 1, "云溪县")}
    (frozen, *_) = house.rows(t.submissions)
    assert frozen.content == content().to_json() and frozen.hash == content().hash()
    assert {d.case for d in house.rows(t.drafts)} == {c.id for c in house.rows(t.cases)}


async def test_handing_in_again_keeps_case_and_number(house: House) -> None:
    house.writer("a")
    async with house.desk(office_step) as desk:
        first, back, again = await desk.take([press("a", p) for p in ("hand in", "take back", "hand in")])
        assert said(back) == ["taken back"] and said(again) == said(first)
    (case,) = house.rows(t.cases)
    assert (case.state, case.n, case.opened_at) == ("waiting", 2, None)
    assert sorted(s.n for s in house.rows(t.submissions)) == [1, 2]


async def test_taking_back_loses_against_a_reader_who_opened_meanwhile(house: House) -> None:
    house.writer("a")
    async with house.desk(office_step) as desk:
        await desk.take([press("a", "hand in")])
        (case,) = house.rows(t.cases)
        await desk.submit(lambda c: case_rows.move(c, "open", case.id, 1, opened_at=NOW))
        (taken,) = await desk.take([press("a", "take back")])
    assert said(taken) == ["opened"] and house.rows(t.cases)[0].state == "opened"


async def test_a_unit_of_ones_own_is_found_or_made_below_the_township(house: House) -> None:
    house.writer("a")
    house.writer("b")
    async with house.desk(office_step) as desk:
        await desk.take([press("a", "unit:龙井村"), press("b", "unit:石桥镇龙井村")])
        await desk.take([press("a", "unit:槐树村")])
    made = [u for u in house.rows(t.units) if u.name == "龙井村"]
    assert [(u.path, u.level, u.confirmed, u.parent) for u in made] == [("云溪县/石桥镇/龙井村", "村", False, 2)]
    assert sorted(p.unit for p in house.rows(t.people)) == sorted([3, made[0].id])


async def test_erasing_leaves_the_case_and_no_word_besides(house: House) -> None:
    conversation = house.writer("a", name="李建国", phone="13900002217")
    house.writer("b")
    async with house.desk(office_step) as desk:
        await desk.take([say("a", "secret"), press("a", "hand in")])
        taken = await desk.take(
            [say("b", "kept"), say("a", "secret too"), press("a", "erase", "删除"), say("b", "kept too")]
        )
        assert said(taken[2]) == ["erased"] and said(taken[3]) == ["heard all=kept|kept too"]
        (repeat,) = await desk.take([say("a", "secret")])
        assert repeat.outcome == "repeat" and repeat.replies == ()
    person = next(p for p in house.rows(t.people) if p.erased)
    assert (person.name, person.phone, person.unit) == ("", "", None)
    assert [f.text for f in house.rows(t.fragments, t.fragments.c.id)] == ["kept", "kept too"]
    left = [m.body["text"] for m in house.rows(t.messages, t.messages.c.seq) if m.conversation == conversation]
    assert left == ["删除", "erased"]
    assert house.count(t.cases) == 1 and house.count(t.submissions) == 1


async def test_wishes_and_wakes_are_kept_and_an_answered_wake_is_gone(house: House) -> None:
    conversation = house.writer("a")
    async with house.desk(office_step) as desk:
        await desk.take([press("a", "want")])
        (job,) = house.rows(t.jobs)
        (wake,) = house.rows(t.wakes)
        asked = {"draft": 1, "asker": ["page", "a"]}  # where what comes of it is told
        assert (job.kind, job.args, job.state, job.conversation) == ("paper", asked, "waiting", conversation)
        assert (wake.kind, wake.due, wake.data) == ("later", NOW + timedelta(days=1), {"x": 1})
        early = Woke(at=NOW, ref="w1", kind="later")
        await desk.take([_house(conversation, early)])
        assert house.count(t.wakes) == 1
        done = await desk.take(
            [
                _house(conversation, Done(at=NOW, ref="d", job="paper", args={}, result={})),
                _house(conversation, Woke(at=NOW + timedelta(days=2), ref="w2", kind="later")),
                _house(conversation + 1, Woke(at=NOW, ref="w3", kind="later")),
            ]
        )
    assert [d.outcome for d in done] == ["fresh", "fresh", "refused"]
    assert house.count(t.wakes) == 0


def _house(conversation: int, incoming: Incoming) -> Update:
    return Update(address=Address(channel=HOUSE, external=str(conversation)), ref=incoming.ref, incoming=incoming)


async def test_only_a_messenger_that_spoke_is_owed_the_reply(house: House) -> None:
    conversation = house.writer("t", channel="talk")
    with house.engine.begin() as c:
        row = {"person": c.execute(select(t.people.c.id)).scalar_one(), "created_at": NOW}
        row |= {"channel": "page", "external": "p", "last_used": NOW - timedelta(days=1)}
        c.execute(t.addresses.insert(), row)
    async with house.desk() as desk:
        await desk.take([say("p", "page", channel="page")])
        assert house.count(t.deliveries) == 0
        await desk.take([say("t", "talk", channel="talk")])
        await desk.take([_house(conversation, Done(at=NOW, ref="d", job="paper", args={}, result={}))])
    owed = [(d.channel, d.external, d.seq, d.state) for d in house.rows(t.deliveries, t.deliveries.c.seq)]
    assert owed == [("talk", "t", 4, "owed"), ("talk", "t", 5, "owed")]
