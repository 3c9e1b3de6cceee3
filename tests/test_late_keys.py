"""A late key opens submission for somebody of one unit after the date: so many times, until its end, and marked."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.acts import Extend, MakeLateKey, ReturnCase, RevokeLateKey
from bot.channel import Address, Update
from bot.doors import Acted, Actor, Scope
from bot.engine.latekeys import LENGTH, LETTERS, code_in, shown
from bot.engine.messages import Pressed, Said
from bot.engine.vocabulary import Vocabulary
from bot.workbench.views import Asked
from storage import latekeys, tables
from tests.city import CITY, VILLAGES, City, city
from tests.homes import Clock, tell, writer
from tests.test_grace import DUE, SAID
from tests.test_pack import opened, table

LAST = date(2026, 12, 18)
WORDS = Vocabulary(late_key=("补交码是", "补交码"))


class Late:
    """A city whose date has passed, and writers who have written and not handed in."""

    def __init__(self, town: City) -> None:
        self.town = town
        self.who: dict[str, tuple[Address, int]] = {}

    async def wrote(self, name: str, village: str = VILLAGES[0]) -> None:
        """Somebody writes a whole case."""
        address, visitor = await writer(self.town.house, name, village)
        self.who[name] = (address, visitor.conversation)
        await tell(self.town.house, address, Pressed(at=self.now, press="consent:yes"))
        for text in SAID:
            await self.says(name, text)

    @property
    def now(self) -> datetime:
        """The town's time."""
        return self.town.world.now()  # type: ignore[no-any-return]

    async def says(self, name: str, text: str) -> str:
        """Somebody writes; the last they hear."""
        await tell(self.town.house, self.who[name][0], Said(at=self.now, text=text))
        return (await self.town.heard(self.who[name][1]))[-1]

    async def key(self, uses: int = 1, unit: str = VILLAGES[0], last: date = LAST) -> tuple[int, str]:
        """The county makes one."""
        made = await self.town.act(
            self.town.county, MakeLateKey(edition=self.town.edition, unit=unit, until=last, uses=uses)
        )
        return int(made["key"]), str(made["code"])

    async def hands_in(self, name: str) -> str:
        """Somebody hands in, as far as it goes; the last they hear."""
        for _ in range(3):
            heard = await self.says(name, "提交")
            if "已提交" in heard or "截止" in heard:
                break
        return heard


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(
            (text, "ABCD2345")
            for text in ("ABCD2345", "abcd-2345", "ＡＢＣＤ－２３４５", "补交码：ABCD 2345", "补交码是 abcd2345。")
        ),
        *(
            (text, "")
            for text in ("", "补交码", "ABCD234", "ABCD23456", "ABCD0123", "片长进院坝", "13900002217", "A" * 50)
        ),
    ],
)
def test_a_key_is_found_however_it_is_typed(text: str, code: str) -> None:
    """Of full width, small, with spaces or a hyphen; nothing else is taken for one."""
    assert code_in(text, WORDS) == code


def test_keys_are_short_plain_and_different() -> None:
    """Of letters that are told apart over the telephone; another site's are others."""
    made = {latekeys.code(b"one", id) for id in range(500)} | {latekeys.code(b"two", id) for id in range(500)}
    assert len(made) == 1000 and all(len(code) == LENGTH and set(code) <= set(LETTERS) for code in made)
    assert shown("ABCD2345") == "ABCD-2345"


async def test_a_case_comes_by_a_key_and_is_marked(tmp_path: Path, place: str) -> None:
    """Refused, entered, handed in; the office sees how it came, in the list, beside the case, on the summary sheet."""
    async with city(tmp_path, Clock(DUE - timedelta(days=3)), place=place) as town:
        late = Late(town)
        await late.wrote("late")
        town.world.at = DUE + timedelta(hours=2)
        assert "已截止" in await late.hands_in("late")
        _, code = await late.key()
        assert "12月18日24时" in await late.says("late", f"补交码 {code}")
        assert "已提交" in await late.hands_in("late")
        look = Asked(
            view="listing", viewer=town.county.visitor, now=late.now, edition=town.edition, args=({"queue": "all"},)
        )
        row = next(row for row in (await town.house.aside.ask(look))["rows"] if row["kind"] == "case")
        assert [tag["text"] for tag in row["tags"]] == ["凭补交码交的"]
        pack = await town.house.look.pack(Scope(person=0, units=(CITY,)), town.edition, state="all")
        assert pack is not None
        files = opened(b"".join([piece async for piece in pack.pieces]))
        assert table(files["汇总表.xlsx"])[0]["备注"] == "凭补交码提交"


async def test_the_mark_stays_when_the_case_is_returned_and_comes_again(tmp_path: Path) -> None:
    """How it first came is not forgotten by a return."""
    async with city(tmp_path, Clock(DUE - timedelta(days=3))) as town:
        late = Late(town)
        await late.wrote("late")
        town.world.at = DUE + timedelta(hours=2)
        _, code = await late.key()
        await late.says("late", code)
        assert "已提交" in await late.hands_in("late")
        case = await town.house.readers.run(lambda c: c.execute(select(tables.cases.c.id)).scalar_one())
        await town.act(town.county, ReturnCase(case=case, n=1, until=LAST, reason="请补一句"))
        town.world.forward(hours=1)
        assert "第2稿已提交" in await late.hands_in("late")
        row = await town.house.readers.run(lambda c: c.execute(select(tables.cases.c.n, tables.cases.c.late)).one())
        assert tuple(row) == (2, "key")


async def test_what_only_looks_like_a_key_is_the_texts(tmp_path: Path) -> None:
    """A telephone number under a question is written down, with or without keys about."""
    async with city(tmp_path, Clock(DUE - timedelta(days=3))) as town:
        late = Late(town)
        await late.wrote("one")
        await late.key()
        for text in ("6234-5678", "2345 6789", "GMV-88AAA"):
            assert "补交码" not in await late.says("one", text), text


async def test_each_wrong_key_is_told_why(tmp_path: Path) -> None:
    """Unknown, another unit's, too early, taken back, used up, over."""
    async with city(tmp_path, Clock(DUE - timedelta(days=3))) as town:
        late = Late(town)
        for name, village in (("one", VILLAGES[0]), ("two", VILLAGES[0]), ("far", VILLAGES[1])):
            await late.wrote(name, village)
        id, code = await late.key()
        assert "现在还没截止" in await late.says("one", code)
        town.world.at = DUE + timedelta(minutes=1)
        assert "没有这个补交码" in await late.says("one", "补交码 ABCDEFGH")
        assert "别的单位" in await late.says("far", code)
        assert "可以用" in await late.says("one", code)
        assert "已经输过" in await late.says("one", code)
        assert "用完了" in await late.says("two", code)
        await town.act(town.county, RevokeLateKey(key=id))
        assert "已作废" in await late.says("one", code)
        assert "已截止" in await late.hands_in("one")
        _, other = await late.key(uses=5)
        town.world.at = DUE + timedelta(days=4)
        assert "已经过了" in await late.says("one", other)


async def test_the_last_use_is_one_persons(tmp_path: Path, place: str) -> None:
    """Two enter it at the same moment; one hands in, the other is told that it is used up."""
    async with city(tmp_path, Clock(DUE - timedelta(days=3)), place=place) as town:
        late = Late(town)
        for name in ("one", "two"):
            await late.wrote(name)
        town.world.at = DUE + timedelta(minutes=1)
        _, code = await late.key()
        said = [
            Update(address=late.who[name][0], ref=f"key:{name}", incoming=Said(at=late.now, text=code), digest=name)
            for name in ("one", "two")
        ]
        await asyncio.gather(*(town.house.take([update]) for update in said))
        heard = [(await town.heard(late.who[name][1]))[-1] for name in ("one", "two")]
        assert sorted("可以用" in text for text in heard) == [False, True]
        assert sorted("用完了" in text for text in heard) == [False, True]
        assert sorted(["已提交" in await late.hands_in(name) for name in ("one", "two")]) == [False, True]


async def test_who_entered_one_is_reminded_towards_its_end(tmp_path: Path) -> None:
    """The others of the unit are not: their date has passed."""
    async with city(tmp_path, Clock(DUE - timedelta(days=3))) as town:
        late = Late(town)
        for name in ("one", "two"):
            await late.wrote(name)
        town.world.at = DUE + timedelta(hours=9)
        _, code = await late.key()
        await late.says("one", code)
        heard = {name: await town.heard(late.who[name][1]) for name in late.who}
        town.world.at = datetime(2026, 12, 17, 16, 5, tzinfo=UTC)
        await town.house.planning.look()
        town.world.at = datetime(2026, 12, 18, 2, 59, tzinfo=UTC)
        new = {name: (await town.heard(late.who[name][1]))[len(heard[name]) :] for name in late.who}
        assert [text for text in new["one"] if "今天24时截止" in text] and new["two"] == []


async def test_what_an_office_may_not_make(tmp_path: Path) -> None:
    """Of a strange unit, for nobody, for too many, not after the date, or after its level's date."""
    async with city(tmp_path, Clock(DUE - timedelta(days=3))) as town:
        usual = {"edition": town.edition, "unit": VILLAGES[0], "until": LAST}
        for who, change, why in (
            (town.other, {}, "no_unit"),
            (town.town, {"unit": VILLAGES[1].rpartition("/")[0] + "/没有村"}, "no_unit"),
            (town.county, {"uses": 0}, "bad_late_uses"),
            (town.county, {"uses": 51}, "bad_late_uses"),
            (town.county, {"until": date(2026, 12, 14)}, "no_longer"),
            (town.county, {"until": date(2026, 12, 21)}, "beyond_level"),
        ):
            assert await town.refused(who, MakeLateKey(**{**usual, **change})) == why
        await town.act(
            town.city, Extend(edition=town.edition, unit="青川市/云溪县", level="county", until=date(2026, 12, 23))
        )
        await town.act(town.county, MakeLateKey(**{**usual, "until": date(2026, 12, 21)}))
        assert await town.refused(town.county, RevokeLateKey(key=1)) == "no_late_key"


async def test_the_books_tell_of_it_and_never_the_secret(tmp_path: Path) -> None:
    """Made, entered and taken back, by whom and for which unit."""
    async with city(tmp_path, Clock(DUE - timedelta(days=3))) as town:
        late = Late(town)
        await late.wrote("one")
        town.world.at = DUE + timedelta(minutes=1)
        id, code = await late.key()
        await late.says("one", code)
        made = await town.house.doors.act(Actor(person=town.county.actor.person), RevokeLateKey(key=id))
        assert isinstance(made, Acted)
        from storage.tables import events

        rows = await town.house.readers.run(
            lambda c: c.execute(events.select().where(events.c.kind.like("late_key.%")).order_by(events.c.id)).all()
        )
        assert [row.kind for row in rows] == ["late_key.made", "late_key.entered", "late_key.taken_back"]
        assert code not in repr(rows) and code.replace("-", "") not in repr(rows)
