"""The card that is pinned in a messenger follows the draft; other channels hear of it when they ask."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.channel import Outgoing
from bot.engine.answers import plain
from bot.engine.ids import b36
from bot.engine.messages import Joined, Shared
from bot.engine.model import Caps
from tests.person import CALLS, Village

MESSENGER = Caps(name="telegram", page=False, edits=True, shares=True)
LONG = "院坝会一共开了23次，议了41件事，办成38件，还有3件排在明年。"


def cards(said: list[Outgoing]) -> list[str]:
    """The cards among some messages; one is always the last."""
    found = [m.text for m in said if m.slot == "card"]
    assert not found or said[-1].slot == "card" or "下一步" in said[-1].text or "一共" in said[-1].text
    return found


def line(card: str, n: int) -> str:
    """The state of section n, as the card shows it."""
    return next(row for row in card.splitlines() if row.startswith(f"{n} ")).split("　")[1]


def test_it_follows_states_and_not_characters() -> None:
    """Begun, finished, advised: a line changes; more of the same changes none, and 正在写 is not shown."""
    one = Village("mca", caps=MESSENGER)
    one.begin()
    (begun,) = cards(one.say("槐树村有6个村民小组。"))
    assert line(begun, 1) == "没写完" and "正在写" not in begun
    assert cards(one.say("412户1586人。")) == []
    assert cards(one.say("写完了")) == []
    shown = [card for _ in range(6) for card in cards(one.say(LONG * 4, done=True))]
    assert [line(card, 1) for card in shown[:1]] == ["已写好"]
    assert len(shown) <= 3, "a card for each question is too many"


def test_it_is_not_said_before_the_first_overview() -> None:
    """While the title and what belongs to it is asked for, nothing is pinned yet."""
    one = Village("mca", caps=MESSENGER)
    one.take(Joined(at=one.now, first=True))
    for text in ("[同意，开始]", "李建国", "[是的]", "[村党支部书记]", "[跳过]", "[对]", "片长进院坝", "[就用这个]"):
        assert cards(one.say(text)) == []
    assert len(cards(one.say("[城乡社区治理服务]"))) == 1


def test_it_shows_the_title_that_was_given_anew() -> None:
    """When the person is back from the head, however they leave it."""
    one = Village("mca", caps=MESSENGER)
    one.begin()
    one.press(f"ask:{b36(one.draft.id)}:title")
    one.press(f"redo:{b36(one.draft.id)}:title")
    assert cards(one.say("片长上门，小事不出村")) == []
    (card,) = cards(one.press(f"go:{b36(one.draft.id)}:background"))
    assert "\n片长上门，小事不出村\n" in card


def test_it_follows_to_another_case_and_back() -> None:
    """There is one card; it shows the case that is being written."""
    one = Village("mca", "people", caps=MESSENGER)
    one.begin("第一篇")
    first = one.draft.id
    one.press("cmd:another")
    one.press("edition:1" if one.draft.edition == 2 else "edition:2")
    one.say("第二篇")
    (card,) = cards(one.press(f"open:{b36(first)}"))
    assert card.startswith("共4节，写好0节\n第一篇\n")


def test_what_undo_changes_is_shown() -> None:
    """A section that is empty again is 未写."""
    one = Village("mca", caps=MESSENGER)
    one.begin()
    one.say("槐树村有6个村民小组。")
    (card,) = cards(one.say("撤销"))
    assert line(card, 1) == "未写"


@pytest.mark.parametrize("caps", [Caps(), Caps(name="terminal", page=False)])
def test_other_channels_see_it_when_they_ask(caps: Caps) -> None:
    """The page has its own list, the terminal's would run away; both are told where the person is."""
    one = Village("mca", caps=caps)
    one.begin()
    assert cards(one.say("槐树村有6个村民小组。")) == []
    (card,) = cards(one.say("目录"))
    assert line(card, 1) == "正在写"


def test_a_phone_is_shared_with_a_button_where_the_messenger_has_one() -> None:
    """And read as if it had been typed; shared at any other question it changes nothing."""
    for caps, labels in ((MESSENGER, ["发送我的手机号", "跳过"]), (Caps(), ["跳过"])):
        one = Village("mca", caps=caps)
        one.take(Joined(at=one.now, first=True))
        for text in ("[同意，开始]", "李建国", "[是的]"):
            one.say(text)
        at = one.focus
        one.take(Shared(at=one.now, phone="+8613900001111"))
        assert one.focus == at
        asked = one.say("[村党支部书记]")
        assert [b.label for b in asked[-1].buttons] == labels
        if caps.shares:
            again = one.say("[发送我的手机号]")  # pressed as an old button would be
            assert [b.label for b in again[-1].buttons] == labels
        assert "没看明白" in one.take(Shared(at=one.now, phone="123"))[0].text
        one.take(Shared(at=one.now, place="北纬31.2，东经104.1"))
        assert one.person.phone == ""
        assert "139****1111" in one.take(Shared(at=one.now, phone="+8613900001111"))[-1].text
        assert one.person.phone == "13900001111"


def test_a_place_is_shared_as_the_answer_to_where() -> None:
    """The button stands under a question for a place; what it gives is written down."""
    call = CALLS["mca"]
    first, *rest = call.sections
    asked, *others = first.questions
    where = replace(asked, kind="place", followup=None)
    one = Village(replace(call, sections=(replace(first, questions=(where, *others)), *rest)), caps=MESSENGER)
    one.begin()
    assert [b.label for b in one.press("cmd:resume")[-1].buttons][:1] == ["发送我的位置"]
    one.take(Shared(at=one.now, phone="13900001111"))
    assert where.id not in one.written.answers
    one.take(Shared(at=one.now, place="槐树村村委会（北纬31.2000，东经104.1000）"))
    assert plain(one.written, where.id) == "槐树村村委会（北纬31.2000，东经104.1000）"


def test_it_is_brought_up_to_date_when_somebody_comes_back_from_the_page() -> None:
    """What was written elsewhere meanwhile shows with the first word here, and then no more."""
    one = Village("mca", caps=MESSENGER)
    one.begin()
    one.say(LONG)
    one.caps = Caps()
    one.say(LONG * 4, done=True)
    one.caps = MESSENGER
    assert len(cards(one.say("返回"))) == 1
    assert cards(one.say("返回")) == []
