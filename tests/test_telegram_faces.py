"""Buttons as Telegram shows them: what stands beside what."""

from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from bot.channel import Face
from handlers.telegram_faces import keys_of, rows_of

FACE = st.builds(
    Face, press=st.text("abc:", max_size=5), label=st.text("院坝会1a，", min_size=1, max_size=20), strong=st.booleans()
)


def labels(*faces: str) -> list[list[str]]:
    """The rows of buttons with these labels; an asterisk marks the one that is most likely wanted."""
    made = [Face(press=label, label=label.rstrip("*"), strong=label.endswith("*")) for label in faces]
    return [[label for label, _ in row] for row in rows_of(made)]


def test_a_row_is_as_long_as_its_longest_label_lets() -> None:
    """Three short ones, two of middle length, a long one alone; what is most likely wanted is as wide as the screen."""
    assert labels("看例子", "跳过", "怎么用话筒说") == [["看例子", "跳过"], ["怎么用话筒说"]]
    assert labels("同意，开始*", "看全文", "不参加") == [["同意，开始"], ["看全文", "不参加"]]
    assert labels("对*", "改姓名", "改单位", "改职务", "改电话") == [["对"], ["改姓名", "改单位", "改职务"], ["改电话"]]
    assert labels("改第1张说明", "删第1张", "改第2张说明", "删第2张", "不改了，接着写*") == [
        ["改第1张说明", "删第1张"],
        ["改第2张说明", "删第2张"],
        ["不改了，接着写"],
    ]


@given(st.lists(FACE, max_size=12))
def test_no_button_is_lost_and_none_is_cut(faces: list[Face]) -> None:
    """All in their order, three in a row at most, each with room for its label."""
    rows = rows_of(faces)
    assert list(chain.from_iterable(rows)) == [(face.label, face.press) for face in faces]
    for row in rows:
        room = {1: 99, 2: 6.5, 3: 4}[len(row)]
        assert all(sum(1 if letter > "\u2000" else 0.5 for letter in label) <= room for label, _ in row)


def test_what_the_app_shares_stands_under_the_box() -> None:
    """One key a row, as wide as the phone; without anything to share there is no keyboard."""
    phone, skip = Face(press="share:phone", label="发送我的手机号"), Face(press="skip", label="跳过")
    assert keys_of([phone, skip]) == ((("发送我的手机号", "phone"),), (("跳过", ""),))
    assert keys_of([skip]) == ()
