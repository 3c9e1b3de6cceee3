"""Files that come by messenger, before the pure engine: gathered, wanted, and kept when they have been fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channel import Outgoing
from bot.engine.answers import plain
from bot.engine.ids import b36
from bot.engine.messages import Arrived, Clip, Done, Edited, Joined, Pressed, Reach, Said, SentFile, Woke
from bot.engine.model import Caps
from bot.engine.progress import caption_key
from storage.codec import arriving_in, arriving_out
from storage.types import encode
from tests.person import Village

MESSENGER = Caps(name="telegram", page=False, edits=True, shares=True)
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = [("picture", "", "照片"), ("file", "名册.pdf", "“名册.pdf”"), ("voice", "", "语音")]


def village(*calls: str) -> Village:
    """Somebody on a messenger, at the first question."""
    one = Village(*(calls or ("mca",)), caps=MESSENGER)
    one.begin()
    return one


def piece(village: Village, order: int, *, album: str = "", caption: str = "", kind: str = "picture") -> list[Outgoing]:
    """One message with a file."""
    clip = Clip(kind=kind, remote=f"id{order}", source=f"7:{order}", order=order)  # type: ignore[arg-type]
    return village.take(
        Arrived(at=village.now, ref=clip.source, clips=(clip,), channel="telegram", album=album, caption=caption)
    )


def wanted(village: Village) -> list[Mapping[str, Any]]:
    """What the last turn wants fetched."""
    assert village.turn is not None
    return [want.args for want in village.turn.wants if want.job == "fetch"]


def ring(village: Village) -> list[Outgoing]:
    """The clock that the last turn set for an album."""
    assert village.turn is not None
    (wake,) = village.turn.wakes
    assert wake.at == village.now + timedelta(seconds=1.5)
    return village.take(Woke(at=wake.at, kind=wake.kind, data=wake.data))


def come(village: Village, args: Mapping[str, Any], **result: Any) -> list[Outgoing]:
    """The job is done: with what it says, else with all of its clips as pictures of the same name."""
    clips = [Clip(**clip) for clip in args["clips"]]
    files = [
        SentFile(
            kind=clip.kind,
            file=f"hash {clip.remote}",
            name=clip.name or "1.jpg",
            mime="image/jpeg",
            size=9,
            width=1600,
            height=1200,
            source=clip.source,
            caption=clip.caption,
        )
        for clip in clips
    ]
    told = result or {"files": [asdict(file) for file in files], "refused": [], "missing": []}
    return village.take(Done(at=village.now, ref="job:1", job="fetch", args=args, result=told))


def captions(village: Village) -> dict[str, str]:
    """The captions of the pictures, by the messages they came with."""
    texts = village.written
    parts = texts.answers["pictures"].parts if "pictures" in texts.answers else ()
    return {texts.attachments[i].source: plain(texts, caption_key(i)) for i in parts}


# ---------------------------------------------------------------- coming in


def test_a_single_file_is_wanted_at_once_and_nothing_is_said() -> None:
    """It is fetched after the commit; until then there is nothing to tell."""
    one = village()
    assert piece(one, 12, caption="院坝会") == []
    (args,) = wanted(one)
    assert (args["channel"], args["draft"]) == ("telegram", one.draft.id)
    assert [(c["remote"], c["source"], c["caption"]) for c in args["clips"]] == [("id12", "7:12", "院坝会")]
    assert one.conversation.arriving is None


def test_an_album_is_wanted_once_in_its_order_without_repeats() -> None:
    """Its pieces may come in any order and twice; only the last clock that was set counts."""
    one = village()
    assert piece(one, 13, album="A") == []
    assert one.turn is not None
    early = one.turn.wakes[0]
    for order in (12, 14, 12):
        assert piece(one, order, album="A", caption="第一张" if order == 12 else "") == []
        assert wanted(one) == []
    last = one.turn.wakes[0]
    one.take(Woke(at=one.now, kind=early.kind, data=early.data))
    assert wanted(one) == [] and one.conversation.arriving is not None
    one.take(Woke(at=one.now, kind=last.kind, data=last.data))
    (args,) = wanted(one)
    assert [c["order"] for c in args["clips"]] == [12, 13, 14]
    assert one.conversation.arriving is None
    one.take(Woke(at=one.now, kind=last.kind, data=last.data))
    assert wanted(one) == []


def test_what_comes_in_survives_the_way_through_the_database() -> None:
    """Half an album is a column of the conversation."""
    one = village()
    piece(one, 12, album="A", caption="院坝会")
    kept = one.conversation.arriving
    assert kept is not None and len(kept.clips) == 1
    raw = arriving_out(kept)
    assert encode(raw).isprintable() and arriving_in(raw) == kept and arriving_in(arriving_out(None)) is None


def test_another_album_or_a_single_file_ends_the_one_before() -> None:
    """Two wants, in the order in which they were sent."""
    one = village()
    piece(one, 12, album="A")
    piece(one, 13, album="B")
    assert [c["order"] for args in wanted(one) for c in args["clips"]] == [12]
    piece(one, 14)
    assert [[c["order"] for c in args["clips"]] for args in wanted(one)] == [[13], [14]]
    assert one.turn is not None and one.turn.wakes[-1].at is None


def test_before_the_consent_nothing_is_wanted_and_an_album_is_told_so_once() -> None:
    """The consent is asked for again, but not for every picture of ten."""
    one = Village("mca", caps=MESSENGER)
    one.take(Joined(at=one.now, first=True))
    said = piece(one, 12, album="A")
    assert "没有收" in said[0].text and "保管" in said[1].text
    assert piece(one, 13, album="A") == [] and wanted(one) == []
    assert piece(one, 14, album="B") != [] and piece(one, 15) != [] and wanted(one) == []
    one.say("[同意，开始]")
    assert "开始写稿以后" in piece(one, 16, album="C")[0].text
    assert piece(one, 17, album="C") == [] and wanted(one) == []


def test_an_album_that_came_too_early_in_part_is_kept_from_there_on() -> None:
    """Whoever begins to write while it still comes in does not lose the rest of it."""
    one = Village("mca", caps=MESSENGER)
    one.take(Joined(at=one.now, first=True))
    piece(one, 12, album="A")
    one.begin()
    assert piece(one, 13, album="A") == []
    ring(one)
    assert [c["order"] for args in wanted(one) for c in args["clips"]] == [13]


# ---------------------------------------------------------------- fetched


def test_what_was_fetched_is_kept_as_if_it_had_been_sent_with_each_its_caption() -> None:
    """One word of thanks for all; each picture keeps the message it came with."""
    one = village()
    for order in (12, 13, 14):
        piece(one, order, album="A", caption={12: "6月院坝会", 14: "通水那天"}.get(order, ""))
    ring(one)
    said = come(one, wanted(one)[0])
    assert "收到3张照片" in said[0].text
    assert captions(one) == {"7:12": "6月院坝会", "7:13": "", "7:14": "通水那天"}
    assert said[-1].slot == "card" and "3张" in said[-1].text
    assert "第2张" in one.say("[写说明]")[0].text
    one.say("片长上门调解")
    assert captions(one)["7:13"] == "片长上门调解"


def test_a_caption_that_is_a_whole_text_is_asked_for_again() -> None:
    """What stands under a picture is a sentence; the picture is kept."""
    one = village()
    piece(one, 12, caption="这天来了很多人，" * 20)
    said = come(one, wanted(one)[0])
    assert "100字以内" in said[0].text and "收到1张照片" in said[1].text
    assert captions(one) == {"7:12": ""}


def test_a_picture_that_takes_anothers_place_brings_its_caption() -> None:
    """And without one the old caption stays."""
    one = village()
    piece(one, 12, caption="院坝会")
    come(one, wanted(one)[0])
    number = next(iter(one.written.attachments))
    for order, caption, then in ((13, "", "院坝会"), (14, "院坝会，正面", "院坝会，正面")):
        one.press(f"ask:{_b36(one)}:pictures")
        one.press(f"swap:{_b36(one)}:{number}")
        piece(one, order, caption=caption)
        come(one, wanted(one)[0])
        (number,) = one.written.answers["pictures"].parts
        assert captions(one) == {f"7:{order}": then}


def test_a_voice_is_kept_and_the_way_to_dictate_is_told() -> None:
    """It waits beside the question that it was an answer to."""
    one = village()
    piece(one, 12, kind="voice")
    said = come(one, wanted(one)[0])
    assert "先给您存着" in said[0].text
    (voice,) = one.written.attachments.values()
    assert (voice.kind, voice.source) == ("voice", "7:12")


def test_what_could_not_be_had_is_named() -> None:
    """Late, gone, refused: each once, with what it is about, and before the question that follows."""
    one = village()
    for order in (12, 13, 14):
        piece(one, order, album="A")
    ring(one)
    (args,) = wanted(one)
    late = come(one, args, late=True, missing=[2])
    assert [m.text for m in late] == ["刚才发的第2张还没传上来（信号弱）。字先写着，有网我接着传。"]
    whole = come(one, args, late=True, missing=[1, 2, 3])
    assert whole[0].text.startswith("3张照片还没传上来")
    refused = [["file.not_picture", {}, 1], ["file.not_picture", {}, 2]]
    said = come(one, args, files=[], refused=refused, missing=[3])
    assert said[0].text == "刚才发的第3张没有传上来，请再发一次。"
    assert said[1].text.startswith("刚才发的第1、2张：这张照片打不开") and len(said) == 2
    assert one.take(Done(at=one.now, job="fetch", args=args, result={}))[0].text == "3张照片没有传上来，请再发一次。"
    assert not one.written.attachments


@pytest.mark.parametrize(("kind", "name", "says"), NAMES)
def test_a_single_file_needs_no_number(kind: str, name: str, says: str) -> None:
    """It is called what it is."""
    one = village()
    clip = {"kind": kind, "remote": "x", "name": name}
    args = {"channel": "telegram", "draft": one.draft.id, "clips": [clip]}
    assert come(one, args, late=True, missing=[1])[0].text.startswith(f"{says}还没传上来")
    assert one.take(Done(at=one.now, job="fetch", args=args, result={}))[0].text == f"{says}没有传上来，请再发一次。"
    too_big = come(one, args, files=[], refused=[["file.too_big", {"size": 30, "limit": 20}, 1]], missing=[])
    assert too_big[0].text.startswith("这个文件有30MB")


def test_what_comes_late_goes_where_it_was_sent_for() -> None:
    """Somebody writes another case meanwhile: the picture is put into the first one, and nobody is led away."""
    one = Village("mca", "people", caps=MESSENGER)
    one.begin()
    first = one.draft.id
    piece(one, 12)
    (args,) = wanted(one)
    one.press("cmd:another")
    one.press("edition:1" if one.draft.edition == 2 else "edition:2")
    second, focus = one.draft.id, one.focus
    assert second != first
    come(one, args)
    assert one.focus == focus and not one.texts[second].attachments
    assert [a.source for a in one.texts[first].attachments.values()] == ["7:12"]


def test_what_comes_after_the_hand_in_is_not_kept_and_that_is_said() -> None:
    """With the way to take the case back."""
    one = village()
    piece(one, 12)
    (args,) = wanted(one)
    one.drafts[one.draft.id] = replace(one.draft, state="handed_in")
    one.conversation = replace(one.conversation, focus=None)
    said = come(one, args)
    assert "已经提交了" in said[0].text and not one.written.attachments


def test_nothing_is_kept_of_somebody_who_was_erased_meanwhile() -> None:
    """Their files come from the messenger to nobody."""
    one = village()
    piece(one, 12)
    (args,) = wanted(one)
    piece(one, 13, album="A")
    one.press("erase:ask")
    one.press("erase:yes")
    assert one.conversation.arriving is None
    assert come(one, args) == [] and not one.drafts


# ---------------------------------------------------------------- changed, shared


def test_a_caption_edited_at_the_messenger_follows_as_often_as_it_is_edited() -> None:
    """By the message of the picture, or by the message that was the caption; without a word it goes."""
    one = village()
    piece(one, 12, caption="院坝会")
    come(one, wanted(one)[0])
    for text in ("6月院坝会", "6月院坝会现场"):
        said = one.take(Edited(at=one.now, ref=f"e{text}", source="7:12", text=text))
        assert f"第1张的说明改好了：“{text}”" in said[0].text
        assert captions(one) == {"7:12": text}
    one.take(Edited(at=one.now, ref="e", source="7:12", text=""))
    assert captions(one) == {"7:12": ""}
    assert "稿子没有变" in one.take(Edited(at=one.now, ref="e2", source="7:99", text="别的"))[0].text


def test_an_edited_caption_answers_the_question_for_it() -> None:
    """Whoever is asked what is on the picture may write it under the picture, and is back where they came from."""
    one = village()
    one.press(f"ask:{_b36(one)}:pictures")
    piece(one, 12)
    assert "拍的是什么" in come(one, wanted(one)[0])[0].text
    said = one.take(Edited(at=one.now, ref="e", source="7:12", text="院坝会"))
    assert captions(one) == {"7:12": "院坝会"} and said[0].text.startswith("【1 案例背景】第1问")


def test_an_edited_paragraph_follows_and_a_short_answer_does_not() -> None:
    """A short answer was read and checked when it came; the draft says so."""
    one = village()
    one.take(Said(at=one.now, ref="7:20", text="412户"))
    for text in ("412户1586人", "412户1586人，6个组"):
        assert "稿子跟着改了" in one.take(Edited(at=one.now, ref=text, source="7:20", text=text))[0].text
    assert plain(one.written, one.focus.question) == "412户1586人，6个组"  # type: ignore[union-attr]
    title = one.written.answers["title"].parts[0]
    source = one.written.fragments[title].source
    assert "稿子没有变" in one.take(Edited(at=one.now, ref="t", source=source, text="别的题目"))[0].text
    assert "稿子没有变" in one.take(Edited(at=one.now, ref="u", source="7:20", text=" "))[0].text
    assert one.take(Edited(at=one.now, ref="v", source="7:20", text="")) == []
    assert plain(one.written, one.focus.question) == "412户1586人，6个组"  # type: ignore[union-attr]


def test_who_closes_the_messenger_hears_nothing_and_stands_in_the_books() -> None:
    """So does who opens it again."""
    one = village()
    for open_, event in ((False, "address.closed"), (True, "address.opened")):
        assert one.take(Reach(at=one.now, open=open_)) == []
        assert one.turn is not None and [e.kind for e in one.turn.events] == [event]


# ---------------------------------------------------------------- whatever comes

CLIP = st.builds(
    Clip,
    kind=st.sampled_from(["picture", "file", "voice"]),
    remote=st.sampled_from(["a", "b", "c", "d"]),
    name=st.sampled_from(["", "表.xlsx", "图.jpg"]),
    source=st.sampled_from(["7:1", "7:2", "7:3"]),
    order=st.integers(0, 5),
    caption=st.sampled_from(["", "院坝会", "长" * 200]),
)
SAID = ["撤销", "写完了", "目录", "跳过", "提交", "院坝会开了三次", "我的案例", "返回"]
PRESSED = ["cmd:another", "erase:ask", "erase:yes", "share:phone", "share:place", "ask:pictures", "drop", "swap"]
PRESSED += ["close"]
REFUSED = st.tuples(st.sampled_from(["file.kind", "file.not_picture"]), st.just({}), st.integers(-1, 4))


@st.composite
def happening(draw: st.DrawFn) -> tuple[str, Any]:
    """Anything that concerns files, with a few other things between."""
    kind = draw(st.sampled_from(["arrived", "arrived", "ring", "done", "done", "reach", "edited", "say", "press"]))
    if kind == "arrived":
        clips = tuple(draw(st.lists(CLIP, max_size=2)))
        return kind, (clips, draw(st.sampled_from(["", "A", "B"])), draw(st.sampled_from(["", "院坝会", "长" * 200])))
    if kind == "done":
        missing, refused = draw(st.lists(st.integers(-1, 4), max_size=3)), draw(st.lists(REFUSED, max_size=2))
        result = draw(st.sampled_from(["files", "late", "nothing"]))
        return kind, (draw(st.lists(CLIP, max_size=3)), result, missing, refused, draw(st.booleans()))
    if kind == "say":
        return kind, draw(
            st.sampled_from(["撤销", "写完了", "目录", "跳过", "提交", "院坝会开了三次", "我的案例", "返回"])
        )
    if kind == "press":
        return kind, draw(
            st.sampled_from(
                [
                    "cmd:another",
                    "erase:ask",
                    "erase:yes",
                    "share:phone",
                    "share:place",
                    "ask:pictures",
                    "drop",
                    "swap",
                    "close",
                ]
            )
        )
    return kind, draw(st.sampled_from(["A", "B", "7:1", "7:2", ""]))


def happen(one: Village, what: str, value: Any) -> None:
    """Carries it out."""
    if what == "arrived":
        clips, album, caption = value
        one.take(Arrived(at=one.now, ref="7:1", clips=clips, channel="telegram", album=album, caption=caption))
    elif what == "done":
        clips, kind, missing, refused, known = value
        args = {"clips": [asdict(c) for c in clips], **({"draft": max(one.drafts, default=0)} if known else {})}
        results: dict[str, dict[str, Any]] = {"late": {"late": True, "missing": missing}, "nothing": {}}
        if kind in results:
            come(one, args, **results[kind]) if results[kind] else one.take(
                Done(at=one.now, job="fetch", args=args, result={})
            )
        else:
            come(one, args)
            come(one, args, files=[], refused=refused, missing=missing)
    elif what == "ring":
        arriving = one.conversation.arriving
        data = {"album": value, "pieces": len(arriving.clips) if arriving else 0}
        one.take(Woke(at=one.now, kind="album", data=data))
    elif what == "edited":
        one.take(Edited(at=one.now, ref="e", source=value, text="改过的"))
    elif what == "reach":
        one.take(Reach(at=one.now, open=bool(value)))
    elif what == "say":
        one.say(value)
    else:
        _press(one, value)


def _press(one: Village, press: str) -> None:
    if press == "ask:pictures" and one.drafts:
        press = f"ask:{_b36(one)}:pictures"
    if press in ("drop", "swap") and one.drafts and one.written.attachments:
        press = f"{press}:{_b36(one)}:{max(one.written.attachments)}"
    if press == "close" and one.drafts:
        press = f"closed:{_b36(one)}"
    one.take(Pressed(at=one.now, press=press))


@SLOW
@given(st.lists(happening(), max_size=25), st.booleans())
def test_whatever_comes_in_whatever_order_is_met(what: list[tuple[str, Any]], begun: bool) -> None:
    """No step raises, nothing that was kept is lost, and at most one card is said in a turn."""
    one = Village("mca", "people", caps=MESSENGER)
    if begun:
        one.begin()
    for kind, value in what:
        before = {d: dict(t.attachments) for d, t in one.texts.items()}
        happen(one, kind, value)
        assert one.turn is not None
        assert sum(reply.slot == "card" for reply in one.turn.replies) <= 1
        if one.turn.erase:
            return
        assert all(kept.items() <= one.texts[d].attachments.items() for d, kept in before.items())


def _b36(one: Village) -> str:
    return b36(one.draft.id)
