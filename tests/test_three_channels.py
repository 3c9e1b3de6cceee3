"""The same walks of a person on the page, over aiogram and over python-telegram-bot: all is asked, stored and printed
alike."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import docx
import pytest

from bot.calls import load_all
from tests.pictures import jpeg
from tests.stories import invented
from tests.telegram_house import LIBRARIES, Steady, Talk, talking
from tests.walkers import OnTelegram, OnThePage, Walker

TITLE = "片长进院坝，小事不出片"
ASKED = [
    "【1 案例背景】第1问，共3问",
    "【1 案例背景】第2问，共3问",
    "【1 案例背景】第3问，共3问",
    *(f"【2 主要做法】第{i}问，共5问" for i in range(1, 6)),
    *(f"【3 工作成效】第{i}问，共5问" for i in range(1, 6)),
    "【4 照片和附件】第1问，共2问",
]
FIRST = "槐树村在石桥镇东南边，6个村民小组，412户1586人，出去打工的620多人。主要种花椒，留守老人多。60岁以上老人397人。"
TEXTS = [f"第{n}问的回答。{invented(160 if n == 4 else 90)}" for n in range(14)]
BACKWARDS = ["返回", "写完了", "这段话", "这段话", "换一节", "回答", "回答"]
CAPTIONS = ["6月院坝会现场", "片长上门调解", "", "修好的排水沟", "板凳会举手"]


@pytest.fixture(params=["page", *LIBRARIES])
async def walk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Talk, Walker]]:
    """A house, and somebody on one of the three channels with a fresh link."""
    page = request.param == "page"
    async with talking(tmp_path, "aiogram" if page else request.param, world=Steady(), page=page) as talk:
        walker: OnThePage | OnTelegram = OnThePage(talk) if page else OnTelegram(talk)
        yield talk, walker
        assert talk.violations == [] and await talk.quarantined() == []
        if isinstance(walker, OnTelegram):
            costs = walker.somebody.costs
            assert max(costs) <= 5 and sum(costs) <= 3 * len(costs), costs
        walker.close()


async def introduce(walker: Walker, link: str) -> None:
    """From the link to the overview: each step asks for the next thing."""
    assert "到2027年12月31日删除" in await walker.join(link)
    assert "请问您的姓名" in await walker.press("同意，开始")
    assert "您是石桥镇槐树村的吗" in await walker.say("李建国")
    assert "什么职务" in await walker.press("是的")
    assert "留个手机号" in await walker.press("村党支部书记")
    assert "李建国，石桥镇槐树村，村党支部书记，139****2217。" in await walker.say("13900002217")
    assert "想写哪件事" in await walker.press("对")
    assert f"标题先定为：{TITLE}" in await walker.say(TITLE)
    assert "属于哪一类" in await walker.press("就用这个")
    told = await walker.press("城乡社区治理服务")
    assert f"{TITLE}\n8月15日24时截止，还有75天。已写0字" in told and "一共4节" in told
    assert ASKED[0] in await walker.press("从第1节开始")


async def first_answers(walker: Walker, talk: Talk) -> None:
    """In many parts, undone, thin and added to; one sentence changed; skipped, gone back to; the house restarted."""
    assert "收到，18字" in await walker.say("槐树村在石桥镇东南边，6个村民小组")
    assert "收到，共24字" in await walker.say("这条发错了")
    told = await walker.press("撤销这条")
    assert "已撤销刚才的“这段话”" in told and "已经写了18字" in told
    assert "收到，共32字" in await walker.say("412户1586人，出去打工的620多人。")
    assert "存好了，共44字，比建议的少一些。请补一句" in await walker.say("主要种花椒，留守老人多。写完了。")
    assert "请接着写" in await walker.press("补一句")
    assert "收到，共53字" in await walker.say("60岁以上老人397人")
    told = await walker.press("写完了")
    assert "存好了，共53字" in told and ASKED[1] in told
    await walker.say(TEXTS[1].replace("第1次院坝会", "头一回开会"))
    assert ASKED[2] in await walker.press("写完了")
    assert "【1 案例背景】第2问：" in await walker.say("返回")
    assert "抄一小段" in await walker.press("只改一句")
    assert "没找到" in await walker.say("头一回散会")
    assert "找到了：“头一回开会”" in await walker.say("头一回开会")
    assert "第1次院坝会，到了21户" in await walker.say("第1次院坝会")
    assert ASKED[2] in await walker.press("对")
    told = await walker.say("跳过")
    assert "没写完" in told and ASKED[3] in told
    assert ASKED[2] in await walker.press("回去写")
    await talk.close()
    await talk.open()
    await walker.come_back()
    assert "下一步：【1 案例背景】第3问" in await walker.say("进度")
    assert ASKED[2] in await walker.press("接着写")


async def the_rest(walker: Walker) -> None:
    """Every other question, one of them put right after it was sent."""
    for n in range(2, 13):
        told = await walker.say(TEXTS[n])
        assert "收到" in told and "写完了" in walker.buttons
        if n == 4:
            await walker.say("先这么写。")
            assert "字" in await walker.correct("先这么写。", "这样做了一年。")
        assert ASKED[n + 1] in await walker.press("写完了")


async def pictures(walker: Walker) -> None:
    """Three together with a caption, one alone with its own, one as a file: five in all."""
    photos = [jpeg(1040 + 10 * n, 780) for n in range(5)]
    told = await walker.send(*photos[:3], caption=CAPTIONS[0])
    assert "收到3张" in told and "第2张拍的是什么" in told
    assert "第3张呢" in await walker.say(CAPTIONS[1])
    assert "身份证" in await walker.press("不写说明")
    told = await walker.send(photos[3], caption=CAPTIONS[3])
    assert "收到1张" in told and "身份证" in told
    assert "第5张拍的是什么" in await walker.send(photos[4], name="板凳会.jpg")
    assert "身份证" in await walker.say(CAPTIONS[4])
    told = await walker.press("都没有")
    assert "照片存好了，共5张" in told and "满意度调查" in told


async def hand_in(walker: Walker) -> str:
    """Through the declarations to the number: what was said at last."""
    assert "我写的人、事和数字都是真的" in await walker.press("提交案例")
    for says in ("不是抄来的", "不只是打算", "用来宣传推广", "现在提交吗"):
        assert says in await walker.press("确认")
    return await walker.press("提交")


def paragraphs(data: bytes) -> list[str]:
    """The text of a Word file."""
    return [p.text for p in docx.Document(io.BytesIO(data)).paragraphs if p.text.strip()]


def printed(*texts: str, captions: Sequence[str] = CAPTIONS) -> list[str]:
    """What the Word file is to say, from its title to the last caption."""
    body, at = [TITLE, "云溪县石桥镇槐树村"], 0
    for n, section in enumerate(load_all()["mca"].sections[:3]):
        body.append(f"{'一二三'[n]}、{section.heading}")
        body += texts[at : at + len(section.questions)]
        at += len(section.questions)
    return body + [f"图{n}　{caption}" if caption else f"图{n}" for n, caption in enumerate(captions, 1)]


async def test_a_whole_case(walk: tuple[Talk, Walker]) -> None:
    """From the link to the Word file, with everything that may happen on the way; taken back, and handed in anew."""
    talk, walker = walk
    await introduce(walker, talk.link)
    await first_answers(walker, talk)
    await the_rest(walker)
    await pictures(walker)
    told = await walker.press("跳过")
    assert "四节都写齐了" in told and "1 第3张照片没有说明" in told
    told = await hand_in(walker)
    assert "已提交，编号 云溪26-001" in told and "请存好" in told
    texts = [FIRST, *TEXTS[1:4], TEXTS[4] + "这样做了一年。", *TEXTS[5:13]]
    assert paragraphs(walker.papers[-1]) == printed(*texts)
    assert len(docx.Document(io.BytesIO(walker.papers[-1])).inline_shapes) == 5
    first = await talk.paper(1)
    assert [(p.n, p.caption) for p in first.content.pictures] == list(enumerate(CAPTIONS, 1))

    assert "已撤回，编号云溪26-001给您留着" in await walker.press("撤回修改")
    assert "1 第3张照片没有说明" in await walker.say("预览")
    assert "第3张照片拍的是什么" in await walker.press("去改第1处")
    told = await walker.say("院坝会后合影")
    assert f"四节都写齐了，请您过目。\n《{TITLE}》" in told and "身份证" not in told, "no picture is new"
    assert "现在提交吗" in await walker.press("提交案例"), "what was declared stays so"
    told = await walker.press("提交")
    assert "第2稿已提交，编号 云溪26-001" in told and "请存好" in told
    assert paragraphs(walker.papers[-1]) == printed(*texts, captions=[*CAPTIONS[:2], "院坝会后合影", *CAPTIONS[3:]])
    assert (await talk.paper(1)).content == first.content, "what was handed in first stays as it was"


async def test_undone_step_by_step(walk: tuple[Talk, Walker]) -> None:
    """Said again and again, 撤销 goes back one act each time, until nothing is left."""
    talk, walker = walk
    await introduce(walker, talk.link)
    for text in ("槐树村在石桥镇东南边", "一共412户1586人。"):
        await walker.say(text)
    await walker.press("写完了")
    assert ASKED[1] in await walker.press("够了，下一问")
    assert "【1 案例背景】第1问" in await walker.say("返回")
    for what in BACKWARDS:
        assert f"已撤销刚才的“{what}”" in await walker.say("撤销")
    assert "没有可以撤销的了" in await walker.say("撤销")


WORDS = {
    "帮助": "不知道怎么写，说“例子”",
    "例子": "杨柳湾村在明河县大坪乡",
    "进度": "已写好0节，12字。下一步：【1 案例背景】第1问",
    "预览": "现在的稿子是这样：12字，照片0张",
    "提交": "先补这一处：第1节“案例背景”里的“以前的难处”还没写",
    "我的案例": f"您的案例：\n1 {TITLE}　正在写，12字",
    "我的资料": "李建国同志，您写的内容和照片由云溪县委社会工作部保管",
    "稍后": "就从【1 案例背景】第1问接着写。要不要提醒您？",
}


async def test_words_that_count_at_any_time(walk: tuple[Talk, Walker]) -> None:
    """Each means the same everywhere, and the text that was begun is still there after all of them."""
    talk, walker = walk
    await introduce(walker, talk.link)
    await walker.say("槐树村412户1586人，种花椒。")
    for word, told in WORDS.items():
        assert told in await walker.say(word), word
    assert [block.text for section in (await talk.paper()).content.sections for block in section.blocks] == [
        "槐树村412户1586人，种花椒。"
    ]
