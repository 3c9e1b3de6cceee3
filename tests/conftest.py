"""Fixtures that several rooms' tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests import storehouse
from tests.browser import MANY, Phone, Served, chromium, serving
from tests.needs import need

# A change must be judged by what it changes: where everybody's work is checked the examples are the same each
# time; on a desk they are new ones.
settings.register_profile("same", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("same")


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated, empty database of each kind, to be copied."""
    if request.param == "postgres":
        need("PostgreSQL", storehouse.server_is_there(), "nothing listens on 127.0.0.1:5432")
    with storehouse.template(request.param, tmp_path_factory.mktemp("template")) as place:
        yield place


@pytest.fixture
def place(migrated: str, tmp_path: Path) -> Iterator[str]:
    """A fresh database, on SQLite and on PostgreSQL."""
    with storehouse.copy_of(migrated, tmp_path) as copy:
        yield copy


@pytest.fixture
def house(place: str) -> Iterator[storehouse.House]:
    """A county with an open edition on a fresh database."""
    house = storehouse.House(place)
    yield house
    house.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The program as it is started, on a folder of its own."""
    with serving(tmp_path_factory.mktemp("page") / "data", environ=MANY) as one:
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium."""
    with chromium() as one:
        yield one


@pytest.fixture
def phone(browser: Any, served: Served) -> Iterator[Phone]:
    """Somebody's phone; nothing the page complained of is let pass."""
    one = Phone(browser, served)
    yield one
    assert one.faults == []
    one.close()


@pytest.fixture
def writing(phone: Phone) -> Phone:
    """Somebody who stands at the first question of a case."""
    phone.join()
    phone.begin_case()
    phone.press("从第1节开始")
    return phone


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--rewrite-stories` writes the stories as they go now, for a reading of the difference."""
    parser.addoption("--rewrite-stories", action="store_true", help="write tests/transcripts anew")
