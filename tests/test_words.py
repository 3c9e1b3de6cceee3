"""Words typed at a question that are no content: asking for help, naming a place, picking by number; and real content
that only looks like it, of which nothing is swallowed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.engine.answers import plain
from bot.engine.messages import Moment, Pressed
from bot.engine.model import Caps
from bot.engine.step import step
from tests.person import START, WORDING, Village

WHO = {"contact": "周敏", "phone": "0000-1234567"}
STUCK = """不会写怎么办 不知道写什么 咋写 咋写呢 怎么写？ 我不知道怎么写 不知道写啥 这一问写什么 这个咋写啊 写啥子
我也不会写 实在想不出来
想不好 没想好 看不懂 这一问没看懂 什么意思？ 有没有例子 举个例子吧 该写什么 不懂 没什么写的 写不来 教教我 请问怎么填"""
GOES = {
    "第3节": "results",
    "跳到第3节": "results",
    "去第三节吧": "results",
    "第三部分": "results",
    "我想写第2节": "practice",
    "先写主要做法": "practice",
    "2 主要做法": "practice",
    "去写做法": "practice",
    "回到第1节": "background",
    "改第２节": "practice",
    "第3节第2问": "results",
    "第2问": "background",
    "改以前的难处": "background",
    "改标题": "head",
    "我要改标题": "head",
    "改类别": "head",
}
ASKED = {
    "主要做法": "practice",
    "做法": "practice",
    "做法成效": "practice",
    "做法和成效": "practice",
    "成效": "results",
    "工作成效。": "results",
    "案例背景": "background",
    "标题": "head",
}
CONTENT = [
    "第3节课我们请了派出所民警来讲",
    "第3节的排水沟修好了",
    "第三部分资金来自村集体",
    "跳到第3节车厢里的人都说好",
    "去年3月开始",
    "去写标语的有5个人",
    "改标题党的坏毛病",
    "主要做法是选片长",
    "主要做法：一是选片长，二是开院坝会",
    "做法很简单",
    "成效明显",
    "工作成效看得见",
    "第二个",
    "第2个办法是念账",
    "2",
    "三",
    "第二个月就见效了",
    "不会写字的老人由片长代写",
    "老人们不知道写什么，就按手印",
    "大家都说不知道怎么办，找到了村里",
    "怎么写通知，由网格员定",
    "想不出来的办法，群众想出来了",
    "什么意思，大家一开始都不明白",
    "看不懂账的人越来越少",
    "没什么写的就写没有，这是以前的账",
    "背景墙刷了3面",
    "标题是群众定的",
    "帮我写的是村会计",
    "到3组去开会",
    "看照片就知道",
    "去看了5户",
    "写春联送到户",
    "补种了200棵",
    "改厕412户",
    "我们的办法是第3节里说的那样",
    "片长上门",
    "一节一节地修渠",
    "选了6个片长",
    "节前走访",
    "打开村务公开栏就看得到",
    "进村入户",
]


def village() -> Village:
    """Somebody at the first question of a text, who has written a sentence there."""
    somebody = Village("mca", page=False)
    somebody.begin()
    somebody.say("槐树村412户1586人。")
    return somebody


def written(somebody: Village) -> str:
    """What stands in the first answer."""
    return plain(somebody.written, "place")


@pytest.mark.parametrize("text", STUCK.split())
def test_asking_how_to_write_is_no_content(text: str) -> None:
    somebody = village()
    (told,) = somebody.say(text)
    assert told.text.startswith("照平常说话写就行") and [b.label for b in told.buttons] == [
        "看例子",
        "跳过",
        "需要帮忙",
    ]
    assert written(somebody) == "槐树村412户1586人。"
    somebody.say("种花椒")
    assert "种花椒" in written(somebody)


@pytest.mark.parametrize(("text", "section"), GOES.items())
def test_a_place_that_is_named_is_gone_to(text: str, section: str) -> None:
    somebody = village()
    somebody.say(text)
    assert somebody.focus is not None and somebody.focus.section == section
    assert written(somebody) == "槐树村412户1586人。"
    assert "现在在【1 案例背景】第1问" in somebody.say("撤销")[0].text


@pytest.mark.parametrize(("text", "section"), ASKED.items())
def test_a_bare_name_is_asked_about(text: str, section: str) -> None:
    somebody = village()
    (told,) = somebody.say(text)
    go, is_text = told.buttons
    assert "吗？" in told.text and is_text.label == "这是正文" and written(somebody) == "槐树村412户1586人。"
    somebody.say(f"[{go.label}]")
    assert somebody.focus is not None and somebody.focus.section == section
    assert written(somebody) == "槐树村412户1586人。"


@pytest.mark.parametrize("text", ASKED)
def test_a_bare_name_may_be_content(text: str) -> None:
    for answer in ("[这是正文]", "一是选片长"):
        somebody = village()
        somebody.say(text)
        somebody.say(answer)
        assert text in written(somebody)


@pytest.mark.parametrize("text", CONTENT)
def test_content_is_never_swallowed(text: str) -> None:
    somebody = village()
    (told,) = somebody.say(text)
    assert told.text.startswith(("收到", "这句话我先记进正文了")) and text in written(somebody)


def test_a_section_that_there_is_not() -> None:
    somebody = village()
    told = somebody.say("第9节")
    assert told[0].text == "一共4节，没有第9节。" and written(somebody) == "槐树村412户1586人。"


@pytest.mark.parametrize("text", ["第二个", "第2个", "2", "选第二个", "我选2", "第二类吧", "二"])
def test_an_option_by_its_number(text: str) -> None:
    somebody = village()
    somebody.say("改类别")
    if somebody.focus is not None and somebody.focus.mode == "edit":
        somebody.say("[改一改]")
    somebody.say(text)
    assert somebody.written.answers["category"].picks == ("community",)


@pytest.mark.parametrize("text", ["还没想好", "想不好", "不知道写什么", "标题还没想好"])
def test_that_a_title_is_not_known_yet_is_no_title(text: str) -> None:
    somebody = village()
    somebody.say("改标题")
    told = somebody.say(text)
    assert told[0].text == "“标题”先写个大概就行，以后还能改。"
    assert somebody.draft.title == "片长进院坝，小事不出片"


def test_a_day_of_another_year_has_its_year() -> None:
    due = datetime(2027, 8, 15, 16, tzinfo=UTC)
    for now, day in ((START, "2027年8月15日24时"), (START.replace(year=2027), "8月15日24时")):
        assert WORDING.say("due.passed", due=Moment(at=due, zone="Asia/Shanghai", now=now), **WHO).startswith(day)


def test_a_code_says_where_it_is_typed() -> None:
    somebody = Village("mca")
    somebody.begin()
    for page, bot, home, told in (
        (True, "", "", ["打开您收到的链接，点“我写过”"]),
        (True, "anlitong_bot", "https://anli.example", ["打开您收到的链接，点“我写过”", "打开 @anlitong_bot ，"]),
        (False, "anlitong_bot", "", ["在网页上写：打开您收到的链接，点“我写过”"]),
        (False, "anlitong_bot", "https://anli.example", ["打开 https://anli.example ，点“用接续码接着写”"]),
    ):
        view = replace(somebody.view(), bot=bot, home=home, caps=Caps(page=page))
        (reply,) = step(view, somebody.conversation, Pressed(at=somebody.now, press="cmd:code")).replies
        first, *ways = WORDING.render(reply, {"code": "123456"}).text.split("\n")
        assert "123456" in first and len(ways) == len(told)
        assert all(part in way for part, way in zip(told, ways, strict=True))


def test_help_names_the_menu_where_there_is_one() -> None:
    for menu in (True, False):
        somebody = Village("mca", caps=Caps(name="telegram", page=False, menu=menu))
        somebody.begin()
        assert ("菜单" in somebody.say("帮助")[0].text) == menu


def test_a_post_may_be_changed_from_anywhere() -> None:
    somebody = village()
    assert "职务" in somebody.say("改职务")[0].text
    somebody.say("第四个")
    assert somebody.person.post == "网格员"
    assert "已经写了" in somebody.say("[对]")[0].text and written(somebody) == "槐树村412户1586人。"


@pytest.mark.parametrize(
    ("quote", "said"), [("有字据。", "“有字据。”\n"), ("有字据", "“有字据”。\n"), ("行吗？", "“行吗？”\n")]
)
def test_a_quote_that_ends_its_sentence_needs_no_second_stop(quote: str, said: str) -> None:
    """The stop within the quote is the sentence's."""
    told = WORDING.say("mend.one", i=1, of=2, place="第2节", quote=quote, text="改")
    assert said in told and "。”。" not in told
