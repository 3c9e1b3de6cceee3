"""The comments on a returned case, walked by its writer: what is exact, what is taken back, what never breaks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.answers import measure, plain, printed
from bot.engine.board import board
from bot.engine.ids import b36
from bot.engine.messages import Incoming, Pressed, Said
from bot.engine.model import Answer, Attachment, Caps, CaseView, Comment, Draft, Focus, Fragment, Texts, Undo
from bot.engine.progress import walk
from bot.engine.quoting import find, rewrite
from bot.engine.work import Work
from storage import codec
from tests.person import Village
from tests.stories import STORIES, tell

PIECES = st.lists(
    st.text(alphabet="村里有412户，开会。人多！？\n（一）1、ab ", min_size=1, max_size=40).filter(lambda t: t.strip()),
    min_size=1,
    max_size=5,
)


def returned(pieces: list[str], **columns: object) -> Village:
    """A writer whose case came back with a comment (7) on an answer of these pieces, and one (8) on the whole."""
    village = Village("mca")
    edition = village.editions[1]
    section = next(s for s in edition.call.sections if s.questions[0].kind == "text")
    question = section.questions[0].id
    village.drafts[99] = Draft(
        id=99, person=1, call="mca", edition=1, state="returned", n=1, case=5, next=50, title="片长进院坝"
    )
    fragments = {
        i: Fragment(draft=99, id=i, question=question, text=text, words=measure(text))
        for i, text in enumerate(pieces, 1)
    }
    words = sum(f.words for f in fragments.values())
    answer = Answer(draft=99, question=question, n=1, state="closed", parts=tuple(fragments), words=words)
    village.texts[99] = Texts(answers={question: answer}, fragments=fragments, attachments={})
    village.cases[99] = CaseView(
        id=5, draft=99, number="云溪26-001", n=1, level="county", state="returned", first=True, opened=True
    )
    about = Comment(id=7, draft=99, n=1, section=section.id, question=question, text="请改", **columns)  # type: ignore[arg-type]
    village.comments[99] = (about, Comment(id=8, draft=99, n=1, text="全文请再看"))
    focus = Focus(draft=99, mode="mend", at=b36(7))
    village.conversation = replace(village.conversation, consent="1", focus=focus)
    return village


def printed_of(village: Village) -> str:
    """What is printed of the answer that the comment is about."""
    return printed(village.texts[99], village.comments[99][0].question)


@given(pieces=PIECES, data=st.data(), new=st.text(alphabet="新的话，19起。", max_size=20))
@settings(max_examples=200, deadline=None)
def test_the_quote_alone_is_replaced_on_paper(pieces: list[str], data: st.DataObject, new: str) -> None:
    """Whatever pieces a text came in: the paper says what it said, with the quoted place changed."""
    village = returned(pieces)
    view, conversation, question = village.view(), village.conversation, village.comments[99][0].question
    lines = printed(view.texts[99], question).split("\n")
    line = data.draw(st.integers(0, len(lines) - 1))
    if len(lines[line]) < 2:
        return
    start = data.draw(st.integers(0, len(lines[line]) - 2))
    end = data.draw(st.integers(start + 1, len(lines[line])))
    wanted = [*lines]
    wanted[line] = (lines[line][:start] + new + lines[line][end:]).strip()
    w = Work(view, conversation, Incoming(at=view.now))
    rewrite(w, 99, question, lines[line][start:end], new, [text for text in wanted if text.strip()])
    now = printed(w.texts(99), question)
    again = Work(view, conversation, Incoming(at=view.now))
    again.write(99, question, "closed", [again.add_fragment(99, question, "\n".join(wanted), flowing=True).id])
    assert now == printed(again.texts(99), question)
    answer = w.answer(99, question)
    assert answer is not None and answer.words == sum(w.texts(99).fragments[i].words for i in answer.parts)


def test_a_sentence_is_found_where_it_was_even_if_it_stands_twice() -> None:
    """By its paragraph first; elsewhere only if it stands there once."""
    village = returned(["开会议事。开会议事。"], quote="开会议事", start=5, block="s/q/1/0")
    work = Work(village.view(), village.conversation, Incoming(at=village.now))
    about = village.comments[99][0]
    assert find(work, about) == (about.question, 0, 5)
    assert find(work, replace(about, block="s/q/40/0")) is None


def test_undo_takes_the_sentence_and_the_answer_back() -> None:
    """就这么改, then 撤销: the text is as it was, and the comment is open."""
    village = returned(["一片片长王某某138。开会。"], quote="王某某138", start=4, block="s/q/1/0", change="电话另附")
    before = printed_of(village)
    village.take(Pressed(at=village.now, press=f"mend_ok:{b36(99)}:{b36(7)}"))
    assert printed_of(village) == "一片片长电话另附。开会。"
    assert village.comments[99][0].answer == "changed"
    village.take(Said(at=village.now, text="撤销"))
    assert printed_of(village) == before
    assert village.comments[99][0].answer == ""


def test_words_without_a_tap_are_an_explanation_until_a_tap_puts_them_on_paper() -> None:
    """The paper is not touched unasked; 换成这一句 changes the quoted place alone; each step goes back by 撤销."""
    village = returned(["户户派一人。开会。"], quote="户户派一人", start=0, block="s/q/1/0")
    shown = village.take(Said(at=village.now, text="每户来一个代表"))
    assert printed_of(village) == "户户派一人。开会。"
    noted = village.comments[99][0]
    assert (noted.answer, noted.explained) == ("explained", "每户来一个代表")
    press = next(b.press for outgoing in shown for b in outgoing.buttons if b.label == "换成这一句")
    village.take(Pressed(at=village.now, press=press))  # the next comment is before the person by now
    assert printed_of(village) == "每户来一个代表。开会。"
    assert village.comments[99][0].answer == "changed"
    village.take(Said(at=village.now, text="撤销"))
    assert printed_of(village) == "户户派一人。开会。"
    assert village.comments[99][0] == noted
    assert village.conversation.focus == Focus(draft=99, mode="mend", at=b36(7))
    village.take(Said(at=village.now, text="撤销"))
    assert village.comments[99][0].answer == ""


def test_good_is_no_answer_where_nothing_is_proposed() -> None:
    """好 to a request says that it will be done: the comment stays open."""
    village = returned(["开会。"])
    village.take(Said(at=village.now, text="好的"))
    assert [c.answer for c in village.comments[99]] == ["", ""]
    assert village.conversation.focus == Focus(draft=99, mode="mend", at=b36(7))


@given(
    acts=st.lists(
        st.tuples(st.sampled_from(["mend_ok", "mend_done", "mend_add", "mend", "typed"]), st.sampled_from([7, 8])),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=150, deadline=None)
def test_undo_leads_back_to_every_state_of_text_and_comments(acts: list[tuple[str, int]]) -> None:
    """Whichever comment is before the person: each 撤销 brings back what was on paper and what was answered."""
    village = returned(["片长王某某138。开会。"], quote="王某某138", start=2, block="s/q/1/0", change="电话另附")
    states = [(printed_of(village), village.comments[99])]
    for verb, id in acts:
        if verb == "typed":
            village.take(Pressed(at=village.now, press=f"mend:{b36(99)}:{b36(id)}"))
            village.take(Said(at=village.now, text="已经写了，19起"))
        else:
            village.take(Pressed(at=village.now, press=f"{verb}:{b36(99)}:{b36(id)}"))
        now = (printed_of(village), village.comments[99])
        if len(village.conversation.undo) == len(states):
            states.append(now)
        assert now == states[-1]
    for before in reversed(states[:-1]):
        village.take(Said(at=village.now, text="撤销"))
        assert (printed_of(village), village.comments[99]) == before


@given(st.lists(st.tuples(st.integers(1, 2**63 - 1), st.sampled_from(["", "changed"]), st.text()), max_size=3))
def test_what_an_undo_puts_back_of_comments_is_kept(notes: list[tuple[int, str, str]]) -> None:
    """Written and read again by another process."""
    undo = (Undo(what="mend", draft=7, focus=Focus(draft=7, mode="mend"), notes=tuple(notes)),)
    text = codec.undo_out(undo)
    codec.forget_undos()
    assert codec.undo_in(text) == undo


def test_the_card_says_that_the_case_is_back_and_how_much_is_left() -> None:
    """退回修改 with the number of open comments; edited when one is answered."""
    village = returned(["开会。"])
    village.touched[99] = {village.comments[99][0].question}
    village.caps = Caps(name="telegram", page=False, edits=True)
    shown = village.take(Pressed(at=village.now, press=f"mend_done:{b36(99)}:{b36(7)}"))
    assert [o.text.split("\n")[0] for o in shown if o.slot == "card"] == ["退回修改，还有1处没有答复。共4节，写好0节"]
    shown = village.take(Pressed(at=village.now, press=f"mend_done:{b36(99)}:{b36(8)}"))
    cards = [o.text.split("\n")[0] for o in shown if o.slot == "card"]
    assert cards == ["退回修改，每一处都有了答复，可以重新提交。共4节，写好0节"]
    village.comments[99] = ()
    shown = village.take(Said(at=village.now, text="目录"))
    assert next(o for o in shown if o.slot == "card").text.startswith("退回修改，改好后请重新提交。")


def test_a_sentence_that_is_no_longer_there_is_not_guessed() -> None:
    """我自己写 after the text was changed otherwise: said in a sentence, nothing altered, three ways offered."""
    village = returned(["已经重写过了。"], quote="户户派一人", start=0, block="s/q/1/0", change="家家")
    shown = village.take(Pressed(at=village.now, press=f"mend_ok:{b36(99)}:{b36(7)}"))
    assert printed_of(village) == "已经重写过了。" and village.comments[99][0].answer == ""
    assert shown[0].text == "这一句已经不是原来的写法了，没有动稿子。"
    assert [b.label for b in shown[-1].buttons] == ["去改这一节", "已经改好了", "不改，说明原因"]


def test_changed_is_said_of_nothing_that_was_not_touched() -> None:
    """已经改好了 where nothing was written since the return: said in a sentence, not recorded; after a word it is."""
    village = returned(["开会。"])
    done = f"mend_done:{b36(99)}:{b36(7)}"
    shown = village.take(Pressed(at=village.now, press=done))
    assert "没有看到改动" in shown[0].text and [c.answer for c in village.comments[99]] == ["", ""]
    assert [b.label for b in shown[-1].buttons] == ["去改这一节", "已经改好了", "不改，说明原因"]
    village.take(Said(at=village.now, text="去改这一节"))
    village.take(Said(at=village.now, text="又补了一段，说清楚是哪一天。"))
    village.take(Pressed(at=village.now, press=done))
    assert [c.answer for c in village.comments[99]] == ["changed", ""]


def test_a_caption_is_written_where_the_comment_stands() -> None:
    """我来写说明: the next text is the picture's caption; a text without it is an explanation, one tap from that."""
    village = returned(["开会。"], block="picture/31")
    picture = Attachment(
        draft=99, id=31, question="photos", kind="picture", file="f", name="a.jpg", mime="image/jpeg", size=1
    )
    question = next(q for _, q in walk(village.editions[1].call) if q.kind == "pictures")
    texts = village.texts[99]
    texts.answers[question.id] = Answer(draft=99, question=question.id, n=1, state="closed", parts=(31,))  # type: ignore[index]
    texts.attachments[31] = replace(picture, question=question.id)  # type: ignore[index]
    village.comments[99] = (replace(village.comments[99][0], section="pictures", question=""), village.comments[99][1])
    shown = village.take(Pressed(at=village.now, press=f"mend:{b36(99)}:{b36(7)}"))
    assert "第1张照片，说明是：“没有说明”" in shown[-1].text
    assert [b.label for b in shown[-1].buttons] == ["我来写说明", "去改照片", "已经改好了", "不改，说明原因"]
    for text in ("我来写说明", "村民在院坝里议事"):
        village.take(Said(at=village.now, text=text))
    assert plain(village.texts[99], "photo#31") == "村民在院坝里议事"
    assert village.comments[99][0].answer == "changed"
    village.take(Said(at=village.now, text="改第1处"))
    village.take(Said(at=village.now, text="片长主持议事"))
    assert village.comments[99][0].answer == "explained"
    village.take(Said(at=village.now, text="用作照片说明"))
    assert plain(village.texts[99], "photo#31") == "片长主持议事"
    assert village.comments[99][0].answer == "changed"


def test_the_other_buttons_are_understood_in_words() -> None:
    """先不写 is no sentence, 去改这一节 no reason, and 换成这一句 means what was just said."""
    village = returned(["户户派一人。开会。"], quote="户户派一人", start=0, block="s/q/1/0")
    for text in ("我自己写", "先不写"):
        village.take(Said(at=village.now, text=text))
    assert village.conversation.focus == Focus(draft=99, mode="mend", at=b36(7))
    village.take(Said(at=village.now, text="有疑问，回个话"))
    assert village.turn is not None and [e.kind for e in village.turn.events] == ["help.wanted"]
    village.take(Said(at=village.now, text="每户来一个代表"))
    village.take(Said(at=village.now, text="换成这一句"))
    assert printed_of(village) == "每户来一个代表。开会。"
    assert [c.answer for c in village.comments[99]] == ["changed", ""]
    village.take(Said(at=village.now, text="改第1处"))
    village.take(Said(at=village.now, text="去改这一节"))
    focus = village.conversation.focus
    assert focus is not None and focus.section == village.comments[99][0].section
    assert [(c.answer, c.explained) for c in village.comments[99]] == [("changed", ""), ("", "")]


@pytest.mark.parametrize("name", ["returned", "returned-messenger"])
async def test_a_returned_case_goes_the_same_way_on_both_databases(name: str, place: str) -> None:
    """From the office's transaction to the paper that is handed in again, word for word."""
    story = STORIES / f"{name}.txt"
    assert await tell(story, place=place) == story.read_text(encoding="utf-8")


TYPED = (
    *(
        "就这么改",
        "我自己写",
        "不改",
        "改好了",
        "跳过",
        "返回",
        "撤销",
        "进度",
        "提交",
        "写完了",
        "预览",
        "改第2处",
        "稍后",
    ),
    *("先不写", "去改这一节", "换成这一句", "有疑问", "再改改"),
    *("已经写了，19起", "我的案例", "帮助", "目录", "第1节"),
)
BARE = ("mends", "resend", "change", "confirm", "submit")
PRESSES = ("mend", "mend_ok", "mend_own", "mend_why", "mend_done", "mend_add", "go", *BARE)


@given(
    pieces=PIECES,
    quoted=st.booleans(),
    acts=st.lists(
        st.one_of(
            st.sampled_from(TYPED),
            st.text(max_size=20),
            st.tuples(st.sampled_from(PRESSES), st.sampled_from([7, 8, 9])),
        ),
        max_size=12,
    ),
)
@settings(max_examples=150, deadline=None)
def test_nothing_a_writer_does_breaks_the_walk(pieces: list[str], quoted: bool, acts: list[object]) -> None:
    """Every turn is answered in sentences, no comment is lost, and what is open can still be come to."""
    columns = {"quote": pieces[0].split("\n")[0].strip()[:4], "block": "s/q/1/0", "change": "改"} if quoted else {}
    village = returned(pieces, **columns)
    for act in acts:
        if isinstance(act, tuple):
            args = "" if act[0] in BARE else f":{b36(act[1])}"
            village.take(Pressed(at=village.now, press=f"{act[0]}:{b36(99)}{args}"))
        else:
            village.take(Said(at=village.now, text=str(act)))
        assert [c.id for c in village.comments[99]] == [7, 8]
    if village.drafts[99].state == "returned" and not all(c.answer for c in village.comments[99]):
        shown = village.take(Pressed(at=village.now, press=f"mends:{b36(99)}"))
        assert any(face.press.startswith("mend:") for outgoing in shown for face in outgoing.buttons)


def test_a_comment_has_its_own_line_on_the_page() -> None:
    """What is typed under it comes back with its key and is taken as its answer; the list of all has no line."""
    village = returned(["一片片长王某某138。开会。"], quote="王某某138", start=4, block="s/q/1/0")
    shown = board(village.view(), village.conversation)
    assert (shown["box"]["mode"], shown["box"]["question"]) == ("line", f"{b36(99)}/mend.{b36(7)}")
    village.take(Said(at=village.now, text="已经删了", about=str(shown["box"]["question"])))
    about = village.comments[99][0]
    assert (about.answer, about.explained) == ("explained", "已经删了")
    village.take(Pressed(at=village.now, press=f"mends:{b36(99)}"))
    assert board(village.view(), village.conversation)["box"]["mode"] == "none"
