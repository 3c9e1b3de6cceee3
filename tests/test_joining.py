"""Who is knocking: the rules of identity, and what they leave in the database."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.joining import last_four, same_name
from storage import invites, people
from storage import tables as t
from storage.database import open_writer
from tests.storehouse import KEY, NOW, House, knock, office_step, press, said, say


@given(invite=st.integers(1, 2**63 - 1), n=st.integers(0, 50))
def test_a_link_names_its_invite_and_nothing_else_opens_it(invite: int, n: int) -> None:
    link = invites.make_link(KEY, invite, n)
    assert len(link) <= 33 and link.replace("-", "").replace("_", "").isalnum()
    id, signature = invites.read_link(link)
    assert (id, len(signature)) == (invite, 22)
    assert invites.make_link(KEY, invite, n + 1) != link != invites.make_link(b"another key", invite, n)


@given(link=st.text(max_size=60))
def test_whatever_is_no_link_is_nobodys(link: str) -> None:
    id, signature = invites.read_link(link)
    assert (0 < id < 2**63 and len(signature) == 22) or (id, signature) == (0, "")


def test_names_and_phones_are_compared_as_people_write_them() -> None:
    assert same_name(" 李 建国", "李建国") and not same_name("", "") and not same_name("李建国", "李建")
    assert last_four("139-0000 2217") == last_four("２２１７") == "2217" and last_four("12") == ""


async def test_an_open_invite_asks_a_stranger_whether_it_is_the_first_time(house: House) -> None:
    link = house.invite()
    async with house.desk() as desk:
        (asked,) = await desk.take([knock("a", link)])
        assert (asked.outcome, said(asked)) == ("refused", ["join.which"])
        assert house.count(t.people) == house.count(t.redeems) == house.count(t.updates) == 0
        (joined,) = await desk.take([press("a", f"join:new:{link}")])
        assert joined.outcome == "fresh" and said(joined) == ["Joined knows=0"]
        (again,) = await desk.take([knock("a", link)])
        assert again.conversation == joined.conversation
    (person,) = house.rows(t.people)
    assert (person.invited, person.unit) == (3, None)
    assert [(r.role, r.unit) for r in house.rows(t.roles)] == [("writer", 3)]
    assert [(r.outcome, r.person) for r in house.rows(t.redeems)] == [("new", person.id)]


async def test_two_first_messages_of_one_stranger_end_in_one_person(house: House) -> None:
    link = house.invite()
    async with house.desk() as desk:
        taken = await desk.take([knock("a", link, intent="new"), knock("a", link, intent="new"), say("a", "x")])
    assert len({one.conversation for one in taken}) == 1 and house.count(t.people) == 1
    assert said(taken[2]) == ["heard all=x"]


async def test_fifty_redeems_of_a_personal_invite_give_one_person(place: str, house: House) -> None:
    link = house.invite(personal=True)
    other = open_writer(place)
    async with house.desk() as one, house.desk(engine=other) as two:
        taken = await asyncio.gather(*[(one, two)[i % 2].take([knock(f"d{i}", link)]) for i in range(50)])
    other.dispose()
    assert {x[0].outcome for x in taken} == {"fresh"} and len({x[0].conversation for x in taken}) == 1
    assert house.count(t.people) == house.count(t.conversations) == 1
    (invite,) = house.rows(t.invites)
    assert (invite.uses_left, invite.person) == (0, house.rows(t.people)[0].id)
    assert len(house.rows(t.addresses)) == 1  # the last device has it; nobody had given a name


async def test_a_personal_link_knows_its_device_and_asks_another_one_who_it_is(house: House) -> None:
    link = house.invite(personal=True)
    async with house.desk() as desk:
        (first,) = await desk.take([knock("old", link)])
        _name(house, "李建国", "13900002217")
        assert (await desk.take([knock("old", link)]))[0].conversation == first.conversation
        (asked,) = await desk.take([knock("new", link)])
        assert said(asked) == ["join.who contact=周敏 phone=0000-1"]
        (wrong,) = await desk.take([knock("new", link, intent="again", name="李建国", last4="0000")])
        assert said(wrong)[0].startswith("join.who_wrong")
        (right,) = await desk.take([knock("new", link, intent="again", name="李 建国", last4="2217")])
        assert right.conversation == first.conversation
    assert {a.external for a in house.rows(t.addresses)} == {"old", "new"}


async def test_five_wrong_guesses_an_hour_and_then_none(house: House) -> None:
    link = house.invite(personal=True)
    async with house.desk() as desk:
        await desk.take([knock("old", link)])
        _name(house, "李建国", "13900002217")
        for i in range(5):
            await desk.take([knock(f"thief{i}", link, intent="again", name="李建国", last4=f"000{i}")])
        (shut,) = await desk.take([knock("new", link, intent="again", name="李建国", last4="2217")])
        assert said(shut)[0].startswith("join.tries")
        later = NOW + timedelta(minutes=61)
        (open_,) = await desk.take([knock("new", link, intent="again", name="李建国", last4="2217", at=later)])
        assert open_.outcome == "fresh"


async def test_an_open_invite_finds_its_own_people_again(house: House) -> None:
    link, strange = house.invite(), house.invite()
    async with house.desk() as desk:
        (first,) = await desk.take([knock("old", link, intent="new")])
        _name(house, "李建国", "13900002217")
        guess = {"intent": "again", "name": "李建国", "last4": "2217"}
        assert said((await desk.take([knock("new", strange, **guess)]))[0])[0].startswith("join.who_wrong")
        assert (await desk.take([knock("new", link, **guess)]))[0].conversation == first.conversation


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"revoked": True}, "join.unknown"),
        ({"n": 1}, "join.unknown"),
        ({"expires_at": NOW}, "join.expired"),
        ({"uses_left": 0}, "join.used"),
    ],
)
async def test_a_link_that_does_not_open_says_why(house: House, change: dict[str, object], key: str) -> None:
    link = house.invite(uses=3)
    with house.engine.begin() as c:
        c.execute(t.invites.update().values(**change))
    async with house.desk() as desk:
        (taken,) = await desk.take([knock("a", link, intent="new")])
        (invented,) = await desk.take([knock("a", "7Kq2")])
    assert (taken.outcome, said(taken)) == ("refused", [f"{key} contact=周敏 phone=0000-1"])
    assert said(invented)[0].startswith("join.unknown") and house.count(t.people) == 0


async def test_uses_are_counted(house: House) -> None:
    link = house.invite(uses=2)
    async with house.desk() as desk:
        taken = await desk.take([knock(f"d{i}", link, intent="new") for i in range(4)])
    assert [x.outcome for x in taken] == ["fresh", "fresh", "refused", "refused"]
    assert house.count(t.people) == 2


async def test_a_writer_who_opens_a_coordinators_invite_becomes_both(house: House) -> None:
    house.writer("a")
    link = house.invite(personal=True, role="coordinator", unit=1)
    async with house.desk() as desk:
        await desk.take([knock("a", link)])
    assert [(r.role, r.unit) for r in house.rows(t.roles)] == [("coordinator", 1)]
    assert house.rows(t.invites)[0].person == house.rows(t.people)[0].id


async def test_a_code_moves_the_device_once_and_for_ten_minutes(house: House) -> None:
    mine = house.writer("old")
    async with house.desk(office_step) as desk:
        digits = said((await desk.take([press("old", "code")]))[0])[0].removeprefix("code code=")
        assert len(digits) == 6 and digits not in str(house.rows(t.codes))
        late = NOW + timedelta(minutes=10)
        assert said((await desk.take([knock("b", code=digits, at=late)]))[0])[0].startswith("join.code_unknown")
        assert (await desk.take([knock("new", code=digits)]))[0].conversation == mine
        assert said((await desk.take([knock("c", code=digits)]))[0])[0].startswith("join.code_unknown")
    assert {a.external for a in house.rows(t.addresses)} == {"old", "new"}


async def test_guessing_codes_ends_after_five(house: House) -> None:
    house.writer("old")
    async with house.desk(office_step) as desk:
        digits = said((await desk.take([press("old", "code")]))[0])[0].removeprefix("code code=")
        wrong = "000000" if digits != "000000" else "111111"
        for _ in range(5):
            await desk.take([knock("thief", code=wrong)])
        assert said((await desk.take([knock("thief", code=digits)]))[0])[0].startswith("join.tries")
        assert (await desk.take([knock("new", code=digits)]))[0].outcome == "fresh"


async def test_drafts_of_the_device_are_brought_along_only_when_asked(house: House) -> None:
    mine = house.writer("old")
    house.writer("new")
    async with house.desk(office_step) as desk:
        await desk.take([say("new", "written here")])
        digits = said((await desk.take([press("old", "code")]))[0])[0].removeprefix("code code=")
        (moved,) = await desk.take([knock("new", code=digits)])
        assert moved.conversation == mine and said(moved)[-1] == "join.bring"
        owner = {c.id: c.person for c in house.rows(t.conversations)}[mine]
        assert house.rows(t.drafts)[0].person != owner
        (brought,) = await desk.take([press("new", "join:bring")])
        assert brought.conversation == mine and house.rows(t.drafts)[0].person == owner
        (again,) = await desk.take([press("new", "join:bring")])
        assert said(again) == ["join:bring"]
        assert said((await desk.take([say("new", "more")]))[0]) == ["heard all=written here|more"]


def _name(house: House, name: str, phone: str) -> None:
    with house.engine.begin() as c:
        c.execute(people.people.update().values(name=name, phone=phone))
