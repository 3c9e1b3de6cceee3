"""自荐: what a level did not recommend stands at the next one, and no place is counted for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.acts import NotRecommend, PassCases, Recommend, ReturnCase
from storage import cases as case_rows
from storage import quotas
from tests.city import CITY, COUNTY, VILLAGES, City, city
from tests.homes import Clock
from tests.stories import STORIES, tell


@pytest.fixture
async def town(tmp_path: Path, place: str) -> AsyncIterator[City]:
    """The city on both databases."""
    async with city(tmp_path, Clock(), place=place) as one:
        yield one


async def used(town: City) -> int:
    """How many of the county's places are used."""

    def read(connection: object) -> int:
        from storage import people

        unit = people.unit_at(connection, tuple(COUNTY.split("/")))  # type: ignore[arg-type]
        assert unit is not None
        known = quotas.of(connection, town.edition, "county", unit.id)  # type: ignore[arg-type]
        return known[""].used if "" in known else 0

    return await town.house.readers.run(read)


async def nominate(town: City, case: int) -> None:
    """As the writer's turn carries it out."""

    def move(connection: object) -> None:
        from storage import people

        up = people.unit_at(connection, (CITY,))  # type: ignore[arg-type]
        assert up is not None
        where = {"level": "city", "holder": up.id, "opened_at": None, "rank": 0, "nominated": True}
        case_rows.move(connection, "nominate", case, 1, at="county", **where)  # type: ignore[arg-type]

    await town.house.desk.submit(move)


async def test_it_uses_no_place_and_gives_none_back(town: City) -> None:
    """Sent down to the county it frees nobody's place; recommended by the county then it uses one, and frees that."""
    mine, other = await town.passed(*VILLAGES[:2])
    await town.act(town.county, Recommend(case=other, n=1))
    await town.act(town.county, NotRecommend(case=mine, n=1, reason="名额少"))
    assert await used(town) == 1
    await nominate(town, mine)
    at = await town.at(mine)
    assert (at.state, at.level, at.holder) == ("waiting", "city", CITY) and await used(town) == 1
    assert await town.refused(town.county, PassCases(cases=((mine, 1),))) == "not_yours"
    await town.act(town.city, ReturnCase(case=mine, n=1, to="below", reason="请县里再看"))
    assert await used(town) == 1
    await town.act(town.county, PassCases(cases=((mine, 1),)))
    await town.act(town.county, Recommend(case=mine, n=1))
    assert await used(town) == 2
    await town.act(town.city, ReturnCase(case=mine, n=1, to="below", reason="再看"))
    assert await used(town) == 1


async def test_whoever_is_nominated_goes_back_to_the_writer_like_any_other(town: City) -> None:
    """退回重审 from above starts at the county again, and frees no place of it."""
    mine, other = await town.passed(*VILLAGES[:2])
    await town.act(town.county, Recommend(case=other, n=1))
    await town.act(town.county, NotRecommend(case=mine, n=1, reason="名额少"))
    await nominate(town, mine)
    await town.act(town.city, ReturnCase(case=mine, n=1, route="again", reason="从头改"))
    at = await town.at(mine)
    assert (at.state, at.level) == ("returned", "county") and await used(town) == 1


async def test_told_on_postgresql_as_well(place: str) -> None:
    """The story of it comes out the same on both databases."""
    path = STORIES / "nominated.txt"
    assert await tell(path, place=place) == path.read_text(encoding="utf-8")
