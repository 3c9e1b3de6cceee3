"""One person on the page and on Telegram: a case begun on one goes on on the other, and nothing is asked twice."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage import tables
from tests.telegram_house import LIBRARIES, Steady, Talk, said, talking
from tests.walkers import OnTelegram, OnThePage

FIRST = "【1 案例背景】第1问"
PARTS = ["槐树村在石桥镇东南边，6个村民小组", "412户1586人，出去打工的620多人", "主要种花椒"]


@pytest.fixture(params=LIBRARIES)
async def talk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path, request.param, world=Steady(), page=True) as talk:
        yield talk
        assert talk.violations == [] and await talk.quarantined() == []


@pytest.fixture
async def page(talk: Talk) -> AsyncIterator[OnThePage]:
    """A browser."""
    page = OnThePage(talk)
    yield page
    page.close()


async def begin_on(page: OnThePage, link: str) -> None:
    """From the link to the first question, with a number that one may be known by."""
    await page.join(link)
    await page.press("同意，开始")
    await page.say("李建国")
    for label in ("是的", "村党支部书记"):
        await page.press(label)
    await page.say("13900002217")
    await page.press("对")
    await page.say("片长进院坝，小事不出片")
    for label in ("就用这个", "城乡社区治理服务", "从第1节开始"):
        await page.press(label)


async def code_of(page: OnThePage | OnTelegram) -> str:
    """A fresh 接续码."""
    await page.say("我的资料")
    found = re.search(r"接续码：(\d{6})", await page.press("换手机（接续码）"))
    assert found is not None
    return found[1]


async def parts(talk: Talk) -> list[str]:
    """What the case holds."""
    return [block.text for section in (await talk.paper()).content.sections for block in section.blocks]


async def page_asks(page: OnThePage) -> str:
    """The question that the page shows above its box."""
    answer = (await page.http.until_answered("GET", f"/api/events?after={page.http.seq}")).json
    return str(answer["board"]["where"])


@pytest.mark.parametrize("typed", ["/start c-{}", " {} "])
async def test_a_case_goes_on_by_code_and_comes_back(talk: Talk, page: OnThePage, typed: str) -> None:
    """By the code's link or its six digits; what is written on one is seen on the other, and nobody is asked twice."""
    await begin_on(page, talk.link)
    await page.say(PARTS[0])
    li = talk.somebody()
    text = typed.format(await code_of(page))
    told = said(await (li.start(text.split()[1]) if text.startswith("/") else li.say(text)))
    assert f"李建国同志，欢迎回来。上次写到{FIRST}" in told and "接着写" in li.buttons
    assert not any("姓名" in m.text or "保管" in m.text for m in li.seen)
    await li.press("接着写")
    assert "已经写了18字" in li.last
    await li.say(PARTS[1])
    assert PARTS[1] in [event["text"] for event in await page.http.read()], "the page has it by its cursor"
    assert await page_asks(page) == "一、案例背景"
    await page.say(PARTS[2])
    await li.say("写完了")
    assert await parts(talk) == ["，".join(PARTS) + "。"]
    assert await talk.count(tables.people) == 1


async def test_telegram_is_quiet_while_the_page_speaks(talk: Talk, page: OnThePage) -> None:
    """Answers go where somebody has spoken; the other phone does not ring."""
    await begin_on(page, talk.link)
    li = talk.somebody()
    await li.start(f"c-{await code_of(page)}")
    requests, seen = talk.requests, li.seen
    for text in PARTS:
        await page.say(text)
    await page.say("写完了")
    await page.say("预览")
    assert talk.requests == requests and li.seen == seen
    assert FIRST in said(await li.say("目录")), "and goes on when asked"


async def test_another_phone_says_who_it_is(talk: Talk, page: OnThePage) -> None:
    """A personal link that another device has: name and last four in one line, and the case is there."""
    await begin_on(page, talk.link)
    li = talk.somebody()
    assert "请输入您登记的姓名和手机尾号4位" in said(await li.start(talk.link))
    assert "姓名和尾号没对上" in said(await li.say("李建国 0000"))
    assert "欢迎回来" in said(await li.say("李建国 2217"))
    await li.press("接着写")
    assert f"{FIRST}，共3问" in li.last
    assert await page_asks(page) == "一、案例背景" and await talk.count(tables.people) == 1


async def test_a_used_link_that_is_pasted(talk: Talk, page: OnThePage) -> None:
    """With words around it or its last part alone: it says whose it is and whom to ask; who writes already goes on."""
    await begin_on(page, talk.link)
    wang = talk.somebody(1002, "王芳")
    for text in (f"王书记，点这个链接写：{talk.page}/i/{talk.link}。周敏", talk.link):
        told = said(await wang.say(text))
        assert "已在另一部手机上用过" in told and "请找周敏要一个：0000-1234567" in told
    await wang.begin(await talk.invite(), name="王芳", title="念账会，明白账")
    told = said(await wang.say(f"{talk.page}/i/{talk.link}"))
    assert "这个链接是给另一位同志的，已经用过了。" in told and "王芳同志，欢迎回来" in told


async def test_an_open_link_asks_a_stranger_whether_it_is_the_first_time(talk: Talk, page: OnThePage) -> None:
    """[我写过] leads to name and number, [第一次来] to a new person."""
    link = await talk.invite(uses=None)
    await page.http.join(f"{talk.page}/i/{link}")
    page.http.close()
    li = talk.somebody()
    assert "第一次来，还是以前写过" in said(await li.start(link))
    assert "请输入您登记的姓名" in said(await li.press("我写过"))
    assert "没对上" in said(await li.say("王芳，1234"))
    wang = talk.somebody(1002, "王芳")
    await wang.start(link)
    asked = wang.seen[-1]
    seen = await wang.does(lambda: [wang.phone.press("第一次来") for _ in range(2)])
    assert said(seen).count("保管") == 1 and "第一次来" not in wang.buttons and "您选了：第一次来" in said(seen)
    data = next(b.data for row in asked.buttons for b in row if b.label == "我写过")
    assert await wang.does(wang.phone.press_gone, asked.id, data) == [], "what was asked of a stranger is answered"
    await wang.start(link)
    assert wang.last.startswith("先请您看一眼"), "greeted once"
    assert await talk.count(tables.people) == 2


async def test_from_telegram_to_the_page(talk: Talk, page: OnThePage) -> None:
    """The code that the phone shows opens the browser; both show the same question."""
    li = OnTelegram(talk)
    await li.somebody.begin(talk.link)
    await li.say(PARTS[0])
    body = {"cid": "from-telegram", "code": await code_of(li)}
    await page.http.until_answered("GET", f"/i/{talk.link}")
    assert (await page.http.until_answered("POST", "/api/join", body)).json["ok"]
    page.http.seq = 0
    told = await page.read()
    await talk.quiet()
    assert li.somebody.last == "接续码用上了。两边写的是同一份稿子，哪边都能看、能写。", "the old phone hears of it"
    assert "欢迎回来" in told and "同意" not in told.split("欢迎回来")[1]
    assert [e["text"] for e in (await page.http.all_events()) if e["author"] == "me"][-2:] == [
        "我的资料",
        "换手机（接续码）",
    ]
    await page.press("接着写")
    await page.say(PARTS[1])
    assert PARTS[1] not in "".join(m.text for m in li.somebody.phone.screen().messages)
    assert f"下一步：{FIRST}" in await li.say("进度")
    assert await parts(talk) == ["，".join(PARTS[:2]) + "。"]


async def test_a_code_typed_on_the_page_while_it_asks_for_a_name(talk: Talk, page: OnThePage) -> None:
    """It is no name: the browser goes on with the case that is on the phone."""
    li = OnTelegram(talk)
    await li.somebody.begin(talk.link)
    code = await code_of(li)
    assert "在网页上写：打开您收到的链接，点“我写过”" in li.somebody.last
    await page.join(await talk.invite())
    await page.press("同意，开始")
    assert "对不上" in await page.say("654321")
    body = {"cid": "typed-here", "base_seq": page.http.seq, "text": code}
    answer = (await page.http.until_answered("POST", "/api/say", body)).json
    assert "欢迎回来" in answer["events"][-1]["text"]
    await talk.quiet()
    assert li.somebody.last.startswith("接续码用上了")


async def test_two_people_with_cases_become_one(talk: Talk, page: OnThePage) -> None:
    """Whoever wrote on this phone before takes that case along."""
    await begin_on(page, talk.link)
    await page.say(PARTS[0])
    li = talk.somebody()
    await li.begin(await talk.invite(), title="念账会，明白账")
    await li.say("每月念账一次")
    told = said(await li.start(f"c-{await code_of(page)}"))
    assert "这部手机上原来还有稿子。要不要一起带过来？" in told
    await li.press("一起带过来")
    await li.say("我的案例")
    assert "片长进院坝，小事不出片" in li.last and "念账会，明白账" in li.last
    await li.press("打开第2篇")
    assert "每月念账一次" in "".join(await parts(talk)) and await talk.count(tables.cases) == 0


async def test_two_accounts_of_one_person(talk: Talk) -> None:
    """On Telegram alone: the code opens another account as well, and both write into one case."""
    li = OnTelegram(talk)
    await li.somebody.begin(talk.link)
    new = talk.somebody(1002, "李建国")
    await new.say(await code_of(li))
    assert "欢迎回来" in new.last
    await new.say("412户1586人")
    await li.say("种花椒")
    assert await parts(talk) == ["412户1586人，种花椒。"]
