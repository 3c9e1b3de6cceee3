"""Properties of the conversation: total, deterministic, never silent, and nothing written is ever lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.engine.answers import measure, paragraphs
from bot.engine.count import count
from bot.engine.ids import b36, from36
from bot.engine.messages import Done, Edited, Joined, Pressed, Said, Shared, Typing, Woke
from bot.engine.model import Fragment
from bot.engine.pressing import DRAFTED
from bot.engine.progress import has_content, section_state, total_words
from bot.engine.step import step
from tests.person import CALLS, WORDING, Village

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
REMARKS = [
    "你好",
    "412户1586人",
    "一" * 300,
    "？",
    "收到吗",
    " ",
    "写好了。写完了",
    "3",
    "第2节",
    "做法",
    "第9节",
    "改标题",
    "改电话",
    "不知道写什么",
]
WORDS = sorted({*WORDING.vocabulary.commands, *REMARKS})
TEXT = st.one_of(st.sampled_from(WORDS), st.text(max_size=60))
VERBS = [
    "pick",
    "skip",
    "done",
    "go",
    "ask",
    "add",
    "redo",
    "fix",
    "next",
    "cap",
    "drop",
    "swap",
    "see",
    "confirm",
    "recall",
    "keep",
    "close",
    "clear",
    "which",
    "open",
    "full",
    "nonsense",
    "unit",
    "profile",
    "small",
    "nocap",
]
ACTION = st.one_of(
    st.tuples(st.just("say"), TEXT),
    st.tuples(st.just("done"), TEXT),
    st.tuples(st.just("face"), st.integers(0, 8)),
    st.tuples(st.just("send"), st.integers(1, 4)),
    st.tuples(st.just("press"), st.tuples(st.sampled_from(VERBS), st.text("abz019:#", max_size=12))),
    st.tuples(st.just("shared"), st.sampled_from(["13900002217", "x", ""])),
    st.tuples(st.just("edited"), TEXT),
    st.tuples(st.just("joined"), st.none()),
    st.tuples(st.just("typing"), TEXT),
)


def act(village: Village, action: tuple[str, object]) -> list[object]:
    """Carries one invented action out."""
    kind, value = action
    if kind in ("say", "done"):
        return list(village.say(str(value).strip("[]") or "好", done=kind == "done"))
    if kind == "face":
        return list(village.press(village.faces[int(str(value)) % len(village.faces)].press))
    if kind == "send":
        return list(village.send(*(f"file{village.ids}-{i}" for i in range(int(str(value))))))
    if kind == "press":
        verb, rest = value  # type: ignore[misc]
        return list(village.press(f"{verb}:{b36(village.draft.id)}:{rest}"))
    if kind == "shared":
        return list(village.take(Shared(at=village.now, phone=str(value))))
    if kind == "edited":
        source = next(iter(village.written.fragments.values())).source
        return list(village.take(Edited(at=village.now, source=source, text=str(value) or "改")))
    if kind == "joined":
        return list(village.take(Joined(at=village.now)))
    village.take(Typing(at=village.now, question="x", text=str(value)))
    return ["typing has no reply"]


@SLOW
@given(st.lists(ACTION, max_size=25), st.booleans())
@example([("say", "返回"), ("say", "下一问")], False)
def test_whatever_is_done_is_answered_and_nothing_is_lost(actions: list[tuple[str, object]], page: bool) -> None:
    village = Village(page=page)
    village.begin()
    for action in actions:
        kept = dict(village.written.fragments)
        replies = act(village, action)
        assert replies, action
        assert len(replies) <= 2, [r.text for r in replies]  # type: ignore[attr-defined]
        if village.turn is not None and village.turn.erase:  # asked for, and said twice: then nothing is kept
            assert not village.drafts and not village.conversation.consent
            return
        assert all(village.texts[f.draft].fragments[i] == f for i, f in kept.items())
        call, draft = CALLS[village.draft.call], village.draft
        assert draft.words == total_words(call, village.written)
        for answer in village.written.answers.values():
            known = {*village.written.fragments, *village.written.attachments}
            assert set(answer.parts) <= known


@SLOW
@given(st.lists(st.one_of(ACTION, st.tuples(st.just("face"), st.integers(0, 8))), max_size=15))
def test_a_button_tapped_twice_counts_once(actions: list[tuple[str, object]]) -> None:
    village = Village(page=False)
    village.begin()
    for n, action in enumerate(actions):
        if action[0] != "face":
            act(village, action)
            continue
        face = village.faces[int(str(action[1])) % len(village.faces)]
        tap = Pressed(at=village.now, ref=f"tap{n}", press=face.press, label=face.label, under=f"1:{n}")
        assert village.take(tap)
        if village.turn is not None and village.turn.erase:
            return
        before = village.conversation, dict(village.drafts)
        assert village.take(tap) == []
        assert (replace(before[0], version=0), before[1]) == (
            replace(village.conversation, version=0),
            dict(village.drafts),
        )


@SLOW
@given(st.lists(ACTION, max_size=12))
def test_a_step_is_deterministic(actions: list[tuple[str, object]]) -> None:
    village = Village()
    village.begin()
    for action in actions:
        act(village, action)
    view = village.view()
    said = Said(at=village.now, ref="again", text="院坝会开了三次")
    assert step(view, village.conversation, said) == step(view, village.conversation, said)


@SLOW
@given(st.lists(TEXT, min_size=1, max_size=6))
def test_text_at_a_question_is_kept_word_for_word(texts: list[str]) -> None:
    village = Village()
    village.begin()
    sent = [f"第{n}件：{t}，就这样做的" for n, t in enumerate(texts) if t.strip()]
    for text in sent:
        village.say(text)
    stored = [f.text for f in village.written.fragments.values() if f.question == village.focus.question]  # type: ignore[union-attr]
    assert stored == sent


LINE = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30) | st.text(
    alphabet="，、；。,; 一a1（）", min_size=1, max_size=6
)


@SLOW
@given(st.lists(st.lists(LINE, min_size=1, max_size=3), min_size=1, max_size=5))
def test_the_meter_equals_the_paper(messages: list[list[str]]) -> None:
    fragments = []
    for n, lines in enumerate(messages):
        text = "\n".join(lines)
        fragments.append(Fragment(draft=1, id=n, question="q", text=text, words=measure(text)))
    assert sum(f.words for f in fragments) == sum(count(p.text) for p in paragraphs(fragments))


@pytest.mark.parametrize(
    ("first", "then", "whole"),
    [
        ("全村6个组", "412户", "全村6个组，412户。"),
        ("全村6个组", "，412户", "全村6个组，412户。"),
        ("全村6个组，", "，412户", "全村6个组，412户。"),
        ("每月开院坝会", "、片长会", "每月开院坝会，片长会。"),
        ("老人多", "。年轻人少", "老人多，年轻人少。"),
        ("办成38件。", "； 还有3件", "办成38件。还有3件。"),
        ("，后来好了", "真的", "后来好了，真的。"),
        ("吵了三年", "（一）定人", "吵了三年。/（一）定人"),
        ("吵了三年", "。。。", "吵了三年。"),
        ("共19起\n，都办了", "满意", "共19起。/都办了，满意。"),
    ],
)
def test_pieces_read_as_one_text(first: str, then: str, whole: str) -> None:
    """A mark that a piece begins with is not printed beside the one that joins it; and the meter says so."""
    pieces = [Fragment(draft=1, id=n, question="q", text=t, words=measure(t)) for n, t in enumerate((first, then))]
    printed = paragraphs(pieces)
    assert "/".join(p.text for p in printed) == whole
    assert sum(p.words for p in pieces) == sum(count(p.text) for p in printed)
    for p in printed:
        own = pieces[p.fragment].text[p.offset :]
        assert own.startswith(p.text[:2])


@pytest.mark.parametrize("page", [True, False])
def test_a_call_changed_in_mid_draft_loses_no_answer(page: bool) -> None:
    village = Village("people", page=page)
    village.begin()
    village.say("槐树村有412户1586人，出去打工的620多人，主要种花椒。")
    village.say("写完了")
    before = dict(village.written.answers)
    call = CALLS["people"]
    first = call.sections[0]
    for changed in (
        replace(call, sections=call.sections[1:]),
        replace(call, sections=(replace(first, questions=first.questions[2:]), *call.sections[1:])),
        replace(call, sections=tuple(reversed(call.sections))),
    ):
        village.open(1, changed)
        assert village.say("你好")
        assert village.say("进度")
        assert village.say("预览")
    village.open(1, call)
    village.say("进度")
    for question, answer in before.items():
        now = village.written.answers[question]
        assert set(answer.parts) <= set(now.parts) or now.n == answer.n
    assert section_state(first, village.written) != "todo"


@SLOW
@given(st.lists(st.tuples(st.just("say"), TEXT), min_size=1, max_size=8))
def test_undo_said_often_enough_brings_the_beginning_back(actions: list[tuple[str, object]]) -> None:
    village = Village()
    village.begin()
    start = {q: (a.parts, a.picks, a.words) for q, a in village.written.answers.items() if a.parts or a.picks}
    for action in actions:
        act(village, action)
    for _ in range(30):
        village.say("撤销")
    now = {q: (a.parts, a.picks, a.words) for q, a in village.written.answers.items() if a.parts or a.picks}
    assert {q: v for q, v in now.items() if q in start or v}.items() <= start.items()


def test_undo_comes_back_from_the_profile() -> None:
    """Whoever has said 改电话 in the middle of a case is back in it with one 撤销; the next one goes on there."""
    village = Village("mca")
    village.begin()
    village.say("槐树村有412户。")
    here = village.focus
    village.say("改电话")
    assert village.focus != here
    village.say("撤销")
    assert village.focus == here
    village.say("撤销")
    assert not has_content(village.written.answers.get(here.question if here else ""))


def test_old_and_unknown_buttons_show_the_present_question() -> None:
    village = Village()
    village.begin()
    old = village.focus
    assert old is not None
    village.say("槐树村有412户1586人，出去打工的620多人，主要种花椒，留守老人多，遇事找不到人。" * 3, done=True)
    for press in (f"skip:{b36(old.draft)}:{old.question}", "nonsense", "pick:zzzz:q:1", "confirm:1", ":::", "go::"):
        here = village.focus
        replies = village.press(press)
        assert village.focus == here
        assert replies


@pytest.mark.parametrize("verb", sorted(DRAFTED))
def test_a_button_never_reaches_a_draft_of_the_other_kind(verb: str) -> None:
    village = Village("mca")
    village.begin()
    profile = next(d.id for d in village.drafts.values() if d.call == "profile")
    for draft in (profile, village.draft.id):
        for args in ("", ":ok", ":1", ":ok:1", ":x:y:z", ":-1", ":99999999999"):
            village.press(f"{verb}:{b36(draft)}{args}")
            assert village.draft.state in ("writing", "closed")
            assert not village.contents


def test_submission_needs_the_confirming_press_and_the_time() -> None:
    village = Village("mca")
    village.begin()
    fill(village)
    village.say("提交")
    assert village.draft.state == "writing"
    confirm = village.faces[0].press
    village.now += timedelta(days=365)
    late = village.press(confirm)
    assert village.draft.state == "writing"
    assert "截止" in late[0].text


def fill(village: Village) -> None:
    """Answers every required question of the newest draft."""
    call = CALLS[village.draft.call]
    for section in call.sections:
        for question in section.questions:
            if question.kind == "text":
                village.press(f"ask:{b36(village.draft.id)}:{question.id}")
                village.say("院坝会一共开了23次，议了41件事，办成38件，还有3件排在明年。" * 5, done=True)
            elif question.pictures and question.pictures.min:
                village.press(f"ask:{b36(village.draft.id)}:{question.id}")
                village.send(*(f"p{i}" for i in range(question.pictures.min)))
                for i in range(question.pictures.min):
                    village.say(f"第{i + 1}次院坝会")
                village.say("[都没有]")
    village.say("提交")
    while any(f.label == "确认" for f in village.faces):
        village.say("[确认]")
    village.say("[再看看]")


@pytest.mark.parametrize("call", ["mca", "people"])
def test_what_is_handed_in_is_what_was_written(call: str) -> None:
    village = Village(call)
    village.begin()
    fill(village)
    village.say("提交")
    village.say("[提交]")
    content = village.contents[-1]
    assert village.draft.state == "handed_in"
    assert content.words() == village.draft.words
    assert content == type(content).from_json(content.to_json())
    assert len({b.id for s in content.sections for b in s.blocks}) == sum(len(s.blocks) for s in content.sections)
    said = village.say("再改一下")
    assert "已提交" in said[0].text
    village.say("[撤回修改]")
    assert village.draft.state == "writing"


def test_pictures_are_asked_about_before_they_become_public() -> None:
    village = Village("mca")
    village.begin()
    fill(village)
    village.send("a", "b", width=300)
    village.press(f"ask:{b36(village.draft.id)}:pictures")
    village.say("院坝会")
    assert "还没有看过" in village.say("预览")[0].text
    assert "提交前" in village.say("提交")[0].text
    village.say("[都没有]")  # and on to the hand-in that was asked for
    assert village.faces[0].label == "提交"
    village.send("c")
    village.say("跳过")
    assert "身份证" in village.say("提交")[-1].text


def test_what_is_no_name_is_asked_again() -> None:
    village = Village("mca")
    village.take(Joined(at=village.now, first=True))
    village.say("[同意，开始]")
    assert "没看明白" in village.say("？？？")[0].text
    assert "只写姓名" in village.say("俺姓李")[0].text
    assert "李建国同志" in village.say("俺叫李建国")[0].text
    assert "没看明白" in village.say("1")[0].text
    assert "只写单位" in village.say("打错了，我叫李德旺")[0].text
    village.say("枫树村")
    assert village.person.unit is not None
    assert village.person.unit.path[-1] == "枫树村"


def test_two_devices_keep_both_texts() -> None:
    village = Village("mca")
    village.begin()
    focus = village.focus
    assert focus is not None
    village.say("村里有412户，大家靠花椒过日子，这几年价钱好了些，可是人走了一半。" * 2, done=True)
    village.press(f"ask:{b36(focus.draft)}:{focus.question}")
    version = village.written.answers[focus.question].n
    village.say("这是第一部手机上改的，写得长一些，免得又来追问，所以多写几句。" * 3, base=version, done=True)
    village.press(f"ask:{b36(focus.draft)}:{focus.question}")
    asked = village.say("这是第二部手机上改的，它还不知道第一部改过。", base=version)
    assert {b.label for b in asked[0].buttons} == {"用这边的", "用那边的"}
    village.say("[用那边的]")
    parts = village.written.answers[focus.question].parts
    assert "第一部" in village.written.fragments[parts[0]].text


def test_a_text_goes_where_it_was_written_for() -> None:
    village = Village("mca")
    village.begin()
    first = village.focus
    assert first is not None
    village.say("村里有412户，大家靠花椒过日子，这几年价钱好了些，可是人走了一半，事情就没人管了。" * 2, done=True)
    second = village.focus
    about = f"{b36(first.draft)}/{first.question}"
    said = village.say("还有两个组在山上，离村部七公里。", about=about)
    assert village.focus == second
    assert "放进【1 案例背景】第1问" in said[0].text
    parts = village.written.answers[first.question].parts
    assert village.written.fragments[parts[-1]].text == "还有两个组在山上，离村部七公里。"
    assert second is not None
    assert second.question not in village.written.answers
    village.say("撤销")
    assert village.written.answers[first.question].parts == parts[:-1]
    lost = village.say("这句话哪一问都不是", about=f"{b36(first.draft)}/title")
    assert "没有放进稿子" in lost[0].text


def test_a_chosen_time_is_kept_as_said() -> None:
    village = Village("mca")
    village.begin()
    village.say("稍后")
    village.say("[周六上午]")
    assert village.turn is not None
    wake = village.turn.wakes[0]
    assert wake.at is not None
    assert wake.at.isoformat() == "2026-06-06T09:00:00+08:00"
    woken = village.take(Woke(at=wake.at, kind="chosen", data=wake.data))
    assert "约好的时间到了" in woken[0].text


def test_a_finished_document_is_handed_over() -> None:
    village = Village("mca")
    village.begin()
    done = Done(
        at=village.now,
        job="paper",
        args={"draft": village.draft.id, "submission": 1},
        result={"file": "ab", "name": "槐树村.docx", "size": 3},
    )
    assert village.take(done)[0].card["name"] == "槐树村.docx"  # type: ignore[index]


def test_a_button_id_fits_every_messenger() -> None:
    village = Village("people")
    village.ids = 2**63 - 200
    village.begin()
    fill(village)
    village.say("预览")
    assert all(len(f.press.encode()) <= 64 for f in village.faces)
    assert from36(b36(2**63 - 1)) == 2**63 - 1


def test_pressed_before_the_consent_only_greets() -> None:
    village = Village()
    village.take(Joined(at=village.now, first=True))
    for press in ("cmd:submit", "pick:1:name:x", "cmd:privacy"):
        assert "保管" in village.take(Pressed(at=village.now, press=press))[-1].text
    assert not village.drafts


def test_a_button_tapped_again_after_a_text_is_no_second_tap() -> None:
    """However quickly somebody writes in between."""
    village = Village("mca")
    village.begin()
    focus = village.focus
    assert focus is not None
    press = f"example:{b36(focus.draft)}:{focus.question}"
    first = village.take(Pressed(at=village.now, ref="a", press=press, label="看例子", under="7:1"))
    assert village.take(Pressed(at=village.now, ref="b", press=press, label="看例子", under="7:1")) == []
    village.say("槐树村有6个村民小组。")
    again = village.take(Pressed(at=village.now, ref="c", press=press, label="看例子", under="7:1"))
    assert [m.text for m in again] == [m.text for m in first] != []


def test_back_from_a_section_whose_question_is_to_be_picked_is_the_overview() -> None:
    """No question is in focus there, least of all what was declared when the case was handed in."""
    village = Village("mca")
    village.begin()
    for _ in range(3):
        village.say("跳过")
    assert "改哪一问" in village.press(f"go:{b36(village.draft.id)}:background")[0].text
    assert [m.card["kind"] for m in village.say("返回") if m.card] == ["overview"]
