"""A writer's own date: more time for the unit, the day set with a return; wherever a date is shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.engine.board import board
from bot.engine.definition import Extension
from bot.engine.messages import Joined
from bot.engine.model import CaseView
from tests.person import WORDING, Village

LATER = datetime(2026, 8, 20, 16, tzinfo=UTC)


def shown(one: Village) -> str:
    """The date in the page's list of sections."""
    return str(WORDING.render_values(board(one.view(), one.conversation))["tasks"]["due"]["date"])


def returned(draft: int) -> CaseView:
    """A case sent back, to be handed in by the first of July."""
    by = datetime(2026, 7, 1, 16, tzinfo=UTC)
    who = {"id": 7, "draft": draft, "number": "云溪26-001", "n": 1, "level": "county", "first": True}
    return CaseView(**who, state="returned", opened=True, back_by=by)  # type: ignore[arg-type]


def test_more_time_moves_the_date_of_a_draft_begun_before() -> None:
    """In the list of sections and in 进度; another unit's time moves nothing; taken away, the old date is back."""
    one = Village("mca")
    one.begin()
    assert shown(one) == "8月15日24时截止"
    one.extensions = (Extension(edition=1, level="", unit=6, until=LATER),)
    assert shown(one) == "8月15日24时截止"
    one.extensions = (Extension(edition=1, level="", unit=5, until=LATER),)
    assert shown(one) == "8月20日24时截止"
    assert any("8月20日24时截止" in message.text for message in one.say("进度"))
    one.extensions = ()
    assert shown(one) == "8月15日24时截止"


def test_the_day_set_with_a_return_is_the_date_of_that_case() -> None:
    """It counts instead of the edition's and of the unit's, as long as the case is with its writer."""
    one = Village("mca")
    one.begin()
    draft = one.draft
    one.extensions = (Extension(edition=1, level="", unit=5, until=LATER),)
    one.drafts[draft.id] = replace(draft, state="returned", case=7, n=1)
    one.cases[draft.id] = returned(draft.id)
    assert shown(one) == "7月1日24时截止"


def test_what_can_be_chosen_has_the_own_date_too() -> None:
    """Where there are several calls, each stands with the day that holds for the person's unit."""
    one = Village("mca", "people")
    one.extensions = (Extension(edition=1, level="", unit=5, until=LATER),)
    one.take(Joined(at=one.now, first=True))
    said = [one.say(text) for text in ("[同意，开始]", "李建国", "[是的]", "[村党支部书记]", "[跳过]", "[对]")]
    text = "\n".join(message.text for message in said[-1])
    assert "8月20日24时截止" in text and "10月30日24时截止" in text


def test_what_comes_of_it_is_told_before() -> None:
    """In the list of sections; of a case that was sent back nothing is said of what does not count."""
    one = Village("mca")
    one.begin()
    tasks = WORDING.render_values(board(one.view(), one.conversation))["tasks"]
    assert "没提交的不算数" in tasks["after"] and "能看、能下载" in tasks["after"]
    draft = one.draft
    one.drafts[draft.id] = replace(draft, state="returned", case=7, n=1)
    one.cases[draft.id] = returned(draft.id)
    tasks = WORDING.render_values(board(one.view(), one.conversation))["tasks"]
    assert "不算数" not in tasks["after"] and "不能再交" in tasks["after"]


def test_after_the_date_the_draft_can_be_read_and_downloaded() -> None:
    """What the sentence promises: handing in is refused, the preview and the Word file are not."""
    one = Village("mca")
    one.begin()
    one.say("槐树村有6个村民小组。", done=True)
    one.now = datetime(2026, 8, 16, tzinfo=UTC)
    refused = "\n".join(message.text for message in one.say("提交"))
    assert "已截止" in refused and "能看、能下载" in refused
    assert any(message.card and message.card["kind"] == "preview" for message in one.say("预览"))
    one.press("cmd:word")
    assert one.turn is not None and [want.job for want in one.turn.wants] == ["paper"]
