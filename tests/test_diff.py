"""What changed between two texts, as a reader sees it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.content import Block, Content, ContentSection
from bot.engine.diff import CRUMB, changes, marks, paragraphs

A = "村里有412户1586人，六十岁以上的老人三百多人，多数住在山上。"
B = "去年成立了调解小组，由老支书牵头，每周三在院坝里开会，谁家有事当场说。"
C = "今年以来纠纷少了一半，群众满意度明显提高，镇里也来学习。"
D = "下一步准备把这个办法推广到邻近的五个村，请县里的法官每月来一次。"
PIECES = st.text(st.sampled_from("村里的人，。;\n\r 129.%户三十😀\ud800a") | st.characters(), max_size=40)
TEXTS = PIECES | st.lists(st.sampled_from([A, B, C, "村", "2019年", "。"]), max_size=8).map("".join)


def shown(old: list[str], new: list[str]) -> list[str]:
    """Rows as -[went]+[came], a moved one with a star."""
    return [
        row.kind + "*" * row.moved + " " + "".join(t if k == "=" else f"{k}[{t}]" for k, t in row.ops)
        for row, _ in paragraphs(old, new)
    ]


def content(texts: list[str]) -> Content:
    """One section of these paragraphs."""
    blocks = tuple(Block(id=str(n), text=text) for n, text in enumerate(texts))
    section = ContentSection(id="s", n=1, heading="", blocks=blocks)
    return Content(call="c", title="", unit="u", pictures=(), sections=(section,))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("收于2019年，户均1,200元，占8%。", "收于2029年，户均1,300元，占12.5%。",
         "收于-[2019年]+[2029年]，户均-[1,200元]+[1,300元]，占-[8%]+[12.5%]。"),
        ("帮扶三十户村民。", "帮扶五十户村民。", "帮扶-[三十户]+[五十户]村民。"),
        ("在院里开会，当场说。", "在院里开院坝会，当场说。", "在院里开+[院坝]会，当场说。"),
        ("张建国说，要讲情理。", "张建军说，要讲情理。", "张建-[国]+[军]说，要讲情理。"),
        ("村里开会,大家来了.", "村里开会，大家来了。", "村里开会-[,]+[，]大家来了-[.]+[。]"),
        ("先听双方讲。再请长辈劝。最后写下协议。大家都认可。", "再请长辈劝。最后写下协议。先听双方讲。大家都认可。",
         "-[先听双方讲。]再请长辈劝。最后写下协议。+[先听双方讲。]大家都认可。"),
    ],
)  # fmt: skip
def test_an_edit_is_shown_as_it_was_made(old: str, new: str, told: str) -> None:
    """Numbers with their unit, words, names, marks and sentences."""
    assert shown([old], [new]) == ["changed " + told]


def test_paragraphs_split_joined_and_moved() -> None:
    """A break that came or went; a move on both its places; a rewrite as one that went and one that came."""
    assert shown([A + B, C], [A, B, C]) == [f"changed {A}+[\n]{B}", f"same {C}"]
    assert shown([A, B, C], [A + B, C]) == [f"changed {A}-[\n]{B}", f"same {C}"]
    assert shown([A, B, C, D], [A, C, D, B]) == [
        f"same {A}",
        f"removed* -[{B}]",
        f"same {C}",
        f"same {D}",
        f"added* +[{B}]",
    ]
    other = "今年村里换了办法，网格员每天上门，谁有困难在手机上点一下，当天就有人来。"
    assert shown([B], [other]) == [f"changed -[{B}]+[{other}]"]


@given(TEXTS, TEXTS)
def test_ops_give_both_texts_without_crumbs(old: str, new: str) -> None:
    """Whatever is compared, and each time the same."""
    ops = changes(old, new)
    assert "".join(t for k, t in ops if k != "+") == old and "".join(t for k, t in ops if k != "-") == new
    assert all(len(text) >= CRUMB for kind, text in ops[1:-1] if kind == "=")
    assert all(text for _, text in ops) and changes(old, new) == ops


@given(st.lists(TEXTS, max_size=8), st.lists(TEXTS, max_size=8))
def test_rows_cover_both_texts(old: list[str], new: list[str]) -> None:
    """Every paragraph once and in order; marks lie within their blocks."""
    rows = [row for row, _ in paragraphs(old, new)]
    for texts, other, alien in ((old, "+", "added"), (new, "-", "removed")):
        read = ["".join(t for k, t in row.ops if k != other) for row in rows if row.kind != alien]
        assert "\n".join(read) == "\n".join(texts)
    for mark in marks(content(old), content(new)):
        assert 0 <= mark.start < mark.end <= len(new[int(mark.block)])
