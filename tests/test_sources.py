"""A long text that the messenger cut, put together again; each of its messages changes its own piece."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.engine.answers import plain
from bot.engine.messages import Edited, Said
from bot.engine.sources import changed, joined, span
from tests.person import Village


def test_an_edited_piece_changes_itself_alone() -> None:
    """First, middle and last piece, one after the other; nothing stands between them, and undo takes one back."""
    village = Village("mca", page=False)
    village.begin()
    for n, text in enumerate(("甲" * 4096, "乙" * 4096, "丙丙")):
        village.take(Said(at=village.now, ref=f"7:{n}", text=text, cut=n > 0))
    question = village.focus.question if village.focus else ""
    assert plain(village.written, question) == "甲" * 4096 + "乙" * 4096 + "丙丙"
    for source, text in (("7:1", "中间"), ("7:2", "末尾改长了"), ("7:0", "开头")):
        village.take(Edited(at=village.now, ref=f"e{source}", source=source, text=text))
    assert plain(village.written, question) == "开头中间末尾改长了"
    village.say("撤销")
    assert plain(village.written, question) == "甲" * 4096 + "中间末尾改长了"


@given(st.lists(st.text("村民组", min_size=1, max_size=9), min_size=1, max_size=5), st.data())
def test_pieces_are_found_whatever_was_changed_before(pieces: list[str], data: st.DataObject) -> None:
    """Any edits in any order: the text is always that of the pieces as they are now."""
    source, text = "r0", pieces[0]
    for n, piece in enumerate(pieces[1:], 1):
        source, text = joined(source, text, f"r{n}", piece), text + piece
    for _ in range(data.draw(st.integers(0, 6))):
        n, new = data.draw(st.integers(0, len(pieces) - 1)), data.draw(st.text("新", min_size=1, max_size=5))
        found = span(source, text, f"r{n}")
        assert found is not None and text[found[0] : found[1]] == pieces[n]
        text, source, pieces[n] = text[: found[0]] + new + text[found[1] :], changed(source, f"r{n}", len(new)), new
    assert text == "".join(pieces) and span(source, text, "other") is None
