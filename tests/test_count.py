"""字数: the shared table, which the page's script must satisfy as well, and what sums rely on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.count import count, count_han

TABLE: list[tuple[str, int]] = [
    (text, number) for text, number in json.loads((Path(__file__).parent / "count_table.json").read_text("utf-8"))
]


@pytest.mark.parametrize(("text", "number"), TABLE)
def test_table(text: str, number: int) -> None:
    assert count(text) == number


def test_the_table_is_worth_having() -> None:
    assert len(TABLE) >= 60
    assert len({text for text, _ in TABLE}) == len(TABLE)


ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))  # lone surrogates included


@given(ANY_TEXT, ANY_TEXT)
def test_a_line_break_parts_what_is_counted(before: str, after: str) -> None:
    assert count(before + "\n" + after) == count(before) + count(after)


@given(ANY_TEXT)
def test_bounds(text: str) -> None:
    assert count_han(text) <= count(text) <= len(text)
    assert (count(text) == 0) == (not text.strip())


def test_lone_surrogates_count_as_any_other_mark() -> None:
    assert count("\ud83d") == 1
    assert count("村\udc00村") == 3


def test_han_alone() -> None:
    assert count_han("我村有1200人，〇号𠮷地。") == 8
