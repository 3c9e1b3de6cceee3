"""The office at work: reading, returning, passing, choosing; who may, who may not, and who was quicker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.acts import (
    AddComment,
    ChangeComment,
    Correct,
    Dismiss,
    DropComment,
    Enclose,
    EnterCase,
    Extend,
    HandOver,
    MakeInvite,
    MarkOpened,
    NameMyself,
    NotRecommend,
    PassCases,
    Place,
    Rank,
    Recommend,
    Reopen,
    ReturnCase,
    SetPin,
    SetQuota,
    StandIn,
)
from bot.app import House
from bot.channel import Address
from bot.doors import Acted, Actor, Refusal
from bot.engine.messages import Knock
from storage import drafts, pins, quotas, review, tables
from tests.city import CITY, COUNTY, FAR, VILLAGES, City, city
from tests.homes import Clock, tell


@pytest.fixture
async def town(tmp_path: Path, place: str) -> AsyncIterator[City]:
    """The city on both databases."""
    async with city(tmp_path, Clock(), place=place) as one:
        yield one


async def test_a_case_goes_up_level_by_level(town: City) -> None:
    """Entered, read, commented, passed and recommended by the county; passed and recommended by the city."""
    case = await town.case()
    row = await town.at(case)
    assert (row.state, row.level, row.holder, row.category, row.n) == ("waiting", "county", COUNTY, "rules", 1)
    await town.act(town.county, MarkOpened(case=case))
    await town.act(town.county, AddComment(case=case, n=1, text="请补数字"))
    await town.act(town.county, PassCases(cases=((case, 1),)))
    told = await town.act(town.county, Recommend(case=case, n=1))
    assert told == {"to": "市级", "left": 1}
    row = await town.at(case)
    assert (row.state, row.level, row.holder, row.opened_at) == ("waiting", "city", CITY, None)
    assert await town.refused(town.county, PassCases(cases=((case, 1),))) == "not_yours"
    await town.act(town.city, PassCases(cases=((case, 1),)))
    assert await town.act(town.city, Recommend(case=case, n=1)) == {"to": "省级", "left": 0}
    assert (await town.at(case)).state == "recommended"
    kinds = await town.house.readers.run(
        lambda c: [r.kind for r in c.execute(select(tables.decisions).order_by(tables.decisions.c.id))]
    )
    assert kinds == ["passed", "recommended", "passed", "recommended"]


async def test_the_writer_is_told_of_each_step(town: City) -> None:
    """In their own conversation, once each."""
    (case,) = await town.passed(VILLAGES[0])
    await town.act(town.county, Recommend(case=case, n=1))
    heard = await town.heard((await town.at(case)).conversation)
    assert any("县级" in line for line in heard) and any("市级" in line for line in heard)
    assert heard == await town.heard((await town.at(case)).conversation)


async def test_coordinators_hear_once_of_many(town: City) -> None:
    """Five cases that the county recommends are one message to the city, at the next time of telling."""
    await town.act(town.boss, SetQuota(edition=town.edition, level="county", unit=COUNTY, most=9))
    for case in await town.passed(*VILLAGES[:5]):
        await town.act(town.county, Recommend(case=case, n=1))
    assert not [line for line in await town.heard(town.city.visitor.conversation) if "推荐上来" in line]
    town.world.forward(days=3)
    heard = [line for line in await town.heard(town.city.visitor.conversation) if "推荐上来" in line]
    assert len(heard) == 1 and "5份" in heard[0]


# ---------------------------------------------------------------- returning


async def test_direct_comes_straight_back_and_again_walks_the_chain(town: City) -> None:
    """The city returns one each way: the first still stands at the city, the second at the county, its place free."""
    await town.act(town.boss, SetQuota(edition=town.edition, level="county", unit=COUNTY, most=2))
    direct, again = await town.passed(*VILLAGES[:2])
    for case in (direct, again):
        await town.act(town.county, Recommend(case=case, n=1))
    day = date(2026, 12, 1)
    await town.act(town.city, ReturnCase(case=direct, n=1, route="direct", until=day, reason="请补数字"))
    await town.act(town.city, ReturnCase(case=again, n=1, route="again", until=day, reason="请补数字"))
    first, second = await town.at(direct), await town.at(again)
    assert (first.state, first.level, first.holder) == ("returned", "city", CITY)
    assert (second.state, second.level, second.holder) == ("returned", "county", COUNTY)
    used = await town.house.readers.run(lambda c: quotas.of(c, town.edition, "county", first.holder_id))
    assert used == {}  # the city's own places are asked by its own level
    county = await town.house.readers.run(lambda c: quotas.of(c, town.edition, "county", second.holder_id))
    assert county[""].used == 1
    back = await town.house.readers.run(
        lambda c: c.execute(
            select(tables.cases.c.back_by, tables.cases.c.route_back).where(tables.cases.c.id == direct)
        ).one()
    )
    assert (back.back_by.isoformat(), back.route_back) == ("2026-12-01T16:00:00+00:00", "direct")


async def test_the_level_below_looks_again(town: City) -> None:
    """Returned to the county: it stands there as read, and its place is free; the first level has none below."""
    (case,) = await town.passed(VILLAGES[0])
    await town.act(town.county, Recommend(case=case, n=1))
    await town.act(town.city, ReturnCase(case=case, n=1, to="below", reason="主题请再核"))
    row = await town.at(case)
    assert (row.state, row.level, row.holder) == ("opened", "county", COUNTY)
    places = await town.house.readers.run(lambda c: quotas.of(c, town.edition, "county", row.holder_id))
    assert places[""].used == 0
    assert await town.refused(town.county, ReturnCase(case=case, n=1, to="below", reason="再看")) == "none_below"


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (lambda c: ReturnCase(case=c, n=1), "no_reason"),
        (lambda c: ReturnCase(case=c, n=1, reason="x" * 3000), "too_long"),
        (lambda c: ReturnCase(case=c, n=1, reason="改", until=date(2026, 11, 1)), "bad_day"),
        (lambda c: ReturnCase(case=c, n=2, reason="改"), "newer"),
        (lambda c: PassCases(cases=()), "none_chosen"),
        (lambda c: Recommend(case=c, n=1), "moved"),
        (lambda c: NotRecommend(case=c, n=1, reason=""), "no_reason"),
        (lambda c: AddComment(case=c, n=1, text=" "), "no_comment"),
        (lambda c: AddComment(case=c, n=1, text="改", place=Place(section="nothing")), "gone"),
        (lambda c: AddComment(case=c, n=1, text="改", place=Place(block="done/what/1/0", quote="没有的话")), "gone"),
        (lambda c: AddComment(case=c, n=1, text="改", change="新"), "change_what"),
        (lambda c: Correct(case=c, n=1, block="x", start=0, quote="电话", to="电"), "gone"),
        (lambda c: Enclose(case=c, kind="other", file="0" * 64, name="a"), "bad_file"),  # type: ignore[arg-type]
    ],
)
async def test_what_is_refused_changes_nothing(town: City, command, key: str) -> None:  # type: ignore[no-untyped-def]
    """One sentence each, and not a row is different."""
    case = await town.case()

    def everything(connection):  # type: ignore[no-untyped-def]
        return [
            [tuple(row) for row in connection.execute(table.select())]
            for table in (tables.cases, tables.comments, tables.decisions, tables.events, tables.wakes, tables.quotas)
        ]

    before = await town.house.readers.run(everything)
    assert await town.refused(town.county, command(case)) == key
    assert await town.house.readers.run(everything) == before


async def test_comments_belong_to_a_sentence_until_they_are_sent(town: City) -> None:
    """Made, changed and dropped; after the return nobody alters them."""
    case = await town.case()
    content = await town.house.readers.run(lambda c: review.content(c, case, 1))
    assert content is not None
    block = next(b for s in content.sections for b in s.blocks if "电话" in b.text)
    at = block.text.index("片长王某某")
    place = Place(block=block.id, start=at, quote=block.text[at : at + 5])
    one = (await town.act(town.county, AddComment(case=case, n=1, text="删去", place=place, change="片长")))["comment"]
    two = (await town.act(town.county, AddComment(case=case, n=1, text="再看")))["comment"]
    await town.act(town.county, ChangeComment(comment=one, text="请删去电话", change=None))
    await town.act(town.county, DropComment(comment=two))
    done = await town.act(town.county, ReturnCase(case=case, n=1, until=date(2026, 12, 1)))
    assert done["comments"] == 1
    assert await town.refused(town.county, ChangeComment(comment=one, text="不行")) == "comment_sent"
    assert await town.refused(town.county, DropComment(comment=one)) == "comment_sent"
    assert await town.refused(town.other, DropComment(comment=one)) == "no_comment_there"
    assert await town.refused(town.county, AddComment(case=case, n=1, text="还有")) == "moved"


# ---------------------------------------------------------------- choosing


async def test_a_quota_is_kept_and_a_place_changed_hands_with_a_reason(town: City) -> None:
    """Two places, one of them for 移风易俗: the third is refused, and takes the place of another with a reason."""
    a, b, c = await town.passed(*VILLAGES[:3])
    await town.act(town.county, Rank(edition=town.edition, cases=(b, a)))
    for case in (a, b):
        await town.act(town.county, Recommend(case=case, n=1))
    assert await town.refused(town.county, Recommend(case=c, n=1)) == "full"
    assert await town.refused(town.county, Recommend(case=c, n=1, swap=a)) == "swap_reason"
    await town.act(town.county, Recommend(case=c, n=1, swap=a, reason="主题更贴近"))
    assert ((await town.at(a)).state, (await town.at(a)).holder) == ("passed", COUNTY)
    await town.act(town.city, MarkOpened(case=b))
    assert await town.refused(town.county, Recommend(case=a, n=1, swap=b, reason="换")) == "swap_read"
    ranks = await town.house.readers.run(
        lambda x: {
            r.case: r.rank for r in x.execute(select(tables.decisions).where(tables.decisions.c.kind == "recommended"))
        }
    )
    assert ranks == {a: 2, b: 1, c: 0}
    d, e = await town.passed(*VILLAGES[3:5], category="manners")
    await town.act(town.boss, SetQuota(edition=town.edition, level="county", unit=COUNTY, most=9))
    await town.act(town.county, Recommend(case=d, n=1))
    assert await town.refused(town.county, Recommend(case=e, n=1)) == "full_key"


async def test_two_at_once_never_take_one_place_too_many(town: City, place: str, tmp_path: Path) -> None:
    """Two processes on PostgreSQL, one on SQLite: of six cases recommended at once two get a place, four hear why."""
    made = await town.passed(*VILLAGES)
    settings = town.house.settings
    async with House(settings, world=town.world, busy=False) as second:
        doors = [town.house.doors, second.doors]
        results = await asyncio.gather(
            *(doors[n % 2].act(town.county.actor, Recommend(case=case, n=1)) for n, case in enumerate(made))
        )
    won = [r for r in results if isinstance(r, Acted)]
    lost = [r.key for r in results if isinstance(r, Refusal)]
    assert len(won) == 2 and lost == ["office.full"] * 4
    states = [(await town.at(case)).level for case in made]
    assert states.count("city") == 2 and states.count("county") == 4


@pytest.mark.parametrize("same", [False, True])
async def test_of_two_on_one_case_one_wins(town: City, same: bool) -> None:
    """Return against pass, and pass against pass: the other is told that it moved."""
    case = await town.case()
    one = PassCases(cases=((case, 1),))
    two = one if same else ReturnCase(case=case, n=1, reason="改")
    async with House(town.house.settings, world=town.world, busy=False) as second:
        results = await asyncio.gather(
            town.house.doors.act(town.county.actor, one), second.doors.act(town.boss.actor, two)
        )
    assert sorted(type(r).__name__ for r in results) == ["Acted", "Refusal"]
    refusal = next(r for r in results if isinstance(r, Refusal))
    assert refusal.key == "office.moved"
    decided = await town.house.readers.run(lambda c: c.execute(select(tables.decisions)).all())
    assert len(decided) == 1


async def test_a_level_closes_at_its_date_unless_it_was_granted_more(town: City) -> None:
    """After 20 December the county recommends no more; with an extension by the city it does, until that ends."""
    (case,) = await town.passed(VILLAGES[0])
    town.world.forward(days=30)
    assert await town.refused(town.county, Recommend(case=case, n=1)) == "level_closed"
    more = Extend(edition=town.edition, level="county", unit=COUNTY, until=date(2026, 12, 24))
    assert await town.refused(town.county, more) == "denied"
    await town.act(town.city, more)
    await town.act(town.county, Recommend(case=case, n=1))


async def test_places_are_set_from_above_and_never_below_what_is_used(town: City) -> None:
    """Zero is allowed; by a category of the call; the county itself may not."""
    wanted = SetQuota(edition=town.edition, level="county", unit=COUNTY, most=0)
    assert await town.refused(town.county, wanted) == "denied"
    assert (await town.act(town.city, wanted))["most"] == 0
    (case,) = await town.passed(VILLAGES[0])
    assert await town.refused(town.county, Recommend(case=case, n=1)) == "full"
    await town.act(town.city, SetQuota(edition=town.edition, level="county", unit=COUNTY, most=None))
    await town.act(town.county, Recommend(case=case, n=1))
    assert await town.refused(town.city, wanted) == "used_already"
    unknown = SetQuota(edition=town.edition, level="county", unit=COUNTY, key="category:none", most=1)
    assert await town.refused(town.city, unknown) == "no_key"
    later = SetQuota(edition=town.edition, level="county", unit=COUNTY, key="category:rules", most=1)
    assert await town.act(town.city, later) == {"used": 1, "most": 1}


async def test_not_recommended_is_told_with_its_reason(town: City) -> None:
    """And can be looked at again."""
    (case,) = await town.passed(VILLAGES[0])
    await town.act(town.county, NotRecommend(case=case, n=1, reason="主题与往年案例相近"))
    assert any("主题与往年案例相近" in line for line in await town.heard((await town.at(case)).conversation))
    await town.act(town.county, Reopen(case=case, n=1))
    assert (await town.at(case)).state == "opened"


# ---------------------------------------------------------------- slips and what came on paper


async def test_a_slip_is_put_right_in_the_case_and_in_the_draft(town: City) -> None:
    """A second submission with one word changed; the writer's own text says the same; comments move along."""
    case = await town.case()
    content = await town.house.readers.run(lambda c: review.content(c, case, 1))
    assert content is not None
    block = content.sections[0].blocks[0]
    later = block.text.index("老人多")
    place = Place(block=block.id, start=later, quote="老人多")
    note = (await town.act(town.county, AddComment(case=case, n=1, text="多少", place=place)))["comment"]
    start = block.text.index("57起")
    done = await town.act(town.county, Correct(case=case, n=1, block=block.id, start=start, quote="57起", to="共157起"))
    assert done["n"] == 2
    row = await town.at(case)
    after = await town.house.readers.run(lambda c: review.content(c, case, 2))
    assert after is not None and after.sections[0].blocks[0].text == block.text.replace("57起", "共157起")
    own = await town.house.readers.run(lambda c: drafts.texts(c, [row.draft])[row.draft])
    written = "".join(own.fragments[i].text for i in own.answers["why"].parts)
    assert written == after.sections[0].blocks[0].text
    moved = await town.house.readers.run(
        lambda c: c.execute(select(tables.comments).where(tables.comments.c.id == note)).one()
    )
    assert after.sections[0].blocks[0].text[moved.start :].startswith("老人多") and moved.n == 2
    assert any("共157起" in line for line in await town.heard(row.conversation))
    again = Correct(case=case, n=2, block=block.id, start=start, quote="57起", to="x")
    assert await town.refused(town.county, again) == "gone"


async def test_what_came_on_paper_is_a_case_like_any_other(town: City) -> None:
    """Marked as entered, by its sections, counted, numbered; entered by nobody from elsewhere."""
    case = await town.case()
    row = await town.at(case)
    seen = await town.house.readers.run(
        lambda c: c.execute(select(tables.cases).where(tables.cases.c.id == case)).one()
    )
    content = await town.house.readers.run(lambda c: review.content(c, case, 1))
    assert content is not None
    assert (seen.origin, seen.words, row.number) == ("entered", content.words(), "云溪26-001")
    assert [s.heading for s in content.sections] == ["案例背景", "主要做法"]
    assert [len(s.blocks) for s in content.sections] == [1, 2]
    foreign = EnterCase(edition=town.edition, unit=FAR, name="王", title="事", text="正文")
    assert await town.refused(town.county, foreign) == "no_unit"


async def test_a_unit_may_be_named_by_its_end(town: City) -> None:
    """石桥镇/龙井村 where there is one; of two 龙井村 all is asked for; what is nowhere in sight is not found."""

    def entered(unit: str) -> EnterCase:
        return EnterCase(edition=town.edition, unit=unit, name="王", title="事", text="正文")

    case = (await town.act(town.county, entered("石桥镇/龙井村")))["case"]
    assert (await town.at(case)).unit == f"{COUNTY}/石桥镇/龙井村"
    assert await town.refused(town.county, entered("龙井村")) == "units_alike"
    assert await town.refused(town.county, entered("没有的村")) == "no_unit"


async def test_who_never_came_is_not_said_to_be_told(town: City) -> None:
    """A return and a refusal of what came on paper: the office is asked to pass it on itself."""
    case = await town.case()
    done = await town.act(town.county, ReturnCase(case=case, n=1, reason="请补照片"))
    assert done["deaf"] is True
    (other,) = await town.passed(VILLAGES[1])
    assert (await town.act(town.county, NotRecommend(case=other, n=1, reason="名额少")))["deaf"] is True


async def test_who_was_swapped_out_hears_of_it(town: City) -> None:
    """In one kind sentence, with where the case stands now."""
    a, b, c = await town.passed(*VILLAGES[:3])
    for case in (a, b):
        await town.act(town.county, Recommend(case=case, n=1))
    await town.act(town.county, Recommend(case=c, n=1, swap=a, reason="更典型"))
    heard = await town.heard((await town.at(a)).conversation)
    assert "推荐名单有调整" in heard[-1] and "仍是“已通过”" in heard[-1] and "更典型" not in heard[-1]


# ---------------------------------------------------------------- people


async def test_a_post_is_handed_over(town: City) -> None:
    """The successor's link ends the predecessor's rights in the same moment; nobody else may hand it over."""
    case = await town.case()
    wanted = HandOver(person=town.county.visitor.person, unit=COUNTY)
    assert await town.refused(town.other, wanted) == "no_unit"
    made = await town.act(town.county, wanted)
    await town.act(town.county, MarkOpened(case=case))
    address = Address(channel="page", external="successor")
    await tell(town.house, address, Knock(at=town.world.now(), link=made["link"], intent="new"))
    visitor = await town.house.look.visitor(address)
    assert visitor is not None and visitor.scope.units == (COUNTY,)
    assert await town.refused(town.county, PassCases(cases=((case, 1),))) == "no_case"
    assert (await town.house.look.visitor(town.county.address)).posts == ()  # type: ignore[union-attr]


async def test_a_stand_in_acts_until_the_day_is_over(town: City) -> None:
    """The township's coordinator acts for the county for three days."""
    case = await town.case()
    assert await town.refused(town.town, PassCases(cases=((case, 1),))) == "not_yours"
    stand = StandIn(person=town.town.visitor.person, unit=COUNTY, until=date(2026, 11, 24))
    assert await town.refused(town.town, stand) == "no_unit"
    await town.act(town.county, stand)
    await town.act(town.town, MarkOpened(case=case))
    town.world.forward(days=3)
    assert await town.refused(town.town, PassCases(cases=((case, 1),))) == "not_yours"


async def test_who_was_dismissed_commands_nothing(town: City) -> None:
    """And their link brings the post not back."""
    case = await town.case()
    out = Dismiss(person=town.county.visitor.person, role="coordinator", unit=COUNTY)
    assert await town.refused(town.city, out) == "denied"
    await town.act(town.boss, out)
    assert await town.refused(town.county, MarkOpened(case=case)) == "no_case"
    assert await town.refused(town.county, MakeInvite(unit=VILLAGES[0])) == "denied"


async def test_a_pin_is_kept_as_a_hash(town: City) -> None:
    """Four to eight digits, or none."""
    assert await town.refused(town.county, SetPin(pin="12a4")) == "bad_pin"
    await town.act(town.county, SetPin(pin="4711"))
    me = town.county.visitor.person
    kept = await town.house.readers.run(
        lambda c: c.execute(select(tables.people.c.pin).where(tables.people.c.id == me)).scalar()
    )
    assert "4711" not in kept and kept.startswith("$argon2id$")
    assert pins.is_pin(kept, "4711") and not pins.is_pin(kept, "4712")


async def test_a_pin_stands_for_the_phone_on_another_device(town: City) -> None:
    """The link on another device: the phone's end is not enough any more, the PIN is."""
    made = await town.house.act(MakeInvite(unit=COUNTY, role="coordinator"))
    assert isinstance(made, Acted)
    link = made.result["link"]
    first, second = (Address(channel="page", external=name) for name in ("first", "second"))
    await tell(town.house, first, Knock(at=town.world.now(), link=link))
    visitor = await town.house.look.visitor(first)
    assert visitor is not None
    actor = Actor(person=visitor.person)
    for command in (NameMyself(name="周敏", phone="13900002217"), SetPin(pin="471147")):
        assert isinstance(await town.house.doors.act(actor, command), Acted)
    for typed in ("", "2217", "4711"):
        await tell(town.house, second, Knock(at=town.world.now(), link=link, intent="again", name="周敏", last4=typed))
        assert await town.house.look.visitor(second) is None
    await tell(town.house, second, Knock(at=town.world.now(), link=link, intent="again", name="周敏", last4="471147"))
    again = await town.house.look.visitor(second)
    assert again is not None and again.person == visitor.person


# ---------------------------------------------------------------- out of sight


async def test_what_is_out_of_sight_is_answered_like_what_never_was(town: City) -> None:
    """Every command on a case, by an officer of another county: the very answer that an unknown id gets."""
    case = await town.case()
    comment = (await town.act(town.county, AddComment(case=case, n=1, text="看")))["comment"]
    unknown = 12345

    def of_case(id: int) -> list[object]:
        return [
            MarkOpened(case=id),
            AddComment(case=id, n=1, text="x"),
            ReturnCase(case=id, n=1, reason="x"),
            PassCases(cases=((id, 1),)),
            Reopen(case=id, n=1),
            Correct(case=id, n=1, block="b", start=0, quote="x", to="y"),
            Enclose(case=id, kind="sealed", file="0" * 64, name="a"),
            Rank(edition=town.edition, cases=(id,)),
            Recommend(case=id, n=1),
            NotRecommend(case=id, n=1, reason="x"),
        ]

    for who in (town.other, town.town):
        if who is town.town:
            case = await town.case(f"{COUNTY}/青溪镇/龙井村")
        for foreign, never in zip(of_case(case), of_case(unknown), strict=True):
            one, two = await town.house.doors.act(who.actor, foreign), await town.house.doors.act(who.actor, never)
            assert isinstance(one, Refusal) and isinstance(two, Refusal)
            assert one.key == two.key and set(one.params) == set(two.params), foreign
            assert {k: v for k, v in one.params.items() if v != case} == {
                k: v for k, v in two.params.items() if v != unknown
            }
    one, two = [
        await town.house.doors.act(town.other.actor, ChangeComment(comment=id, text="x")) for id in (comment, 1)
    ]
    assert one == two
