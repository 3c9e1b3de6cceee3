"""The same stories through aiogram and through python-telegram-bot: what Telegram is asked for is the same."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

import pytest

from tests.pictures import jpeg
from tests.stories import invented
from tests.telegram_house import LIBRARIES, Somebody, Steady, Talk, fixed_key, said, talking
from tests.walkers import OnThePage

Story = Callable[[Talk, Somebody], Awaitable[None]]
FIRST = "【1 案例背景】第1问"
LONG = "每月5号晚上开院坝会，一户来一个人，大家先把烦心事摆出来，再一件一件议。" * 3


class Journal(NamedTuple):
    """What was said and pinned in each chat, in order, and how often each other request was made.

    Buttons that stop turning or go away, and the line that says what was chosen, are asked for beside the answers:
    they may fall between other requests.
    """

    said: dict[int, list[str]]
    beside: Counter[str]


def unpacked(data: bytes) -> str:
    """What a packed file holds, whenever it was packed."""
    if not data.startswith(b"PK"):
        return sha256(data).hexdigest()
    with ZipFile(BytesIO(data)) as package:
        return str([(name, unpacked(package.read(name))) for name in package.namelist()])


def journal(talk: Talk, li: Somebody) -> Journal:
    """The journal of a story."""
    found = Journal({}, Counter())
    files = [li.phone.fetch(m) for m in li.seen if m.file is not None]
    inside = {sha256(data).hexdigest(): unpacked(data) for data in files}
    for entry in talk.fake.call("normalised"):
        line = json.dumps(entry, ensure_ascii=False, sort_keys=True)
        line = re.sub(r'"sha256": "(\w+)", "size": \d+', lambda packed: inside[packed[1]], line)
        if entry["method"].startswith(("send", "pin", "leave")):
            found.said.setdefault(entry["fields"]["chat_id"], []).append(line)
        else:
            found.beside[line] += 1
    return found


async def parts(talk: Talk) -> list[str]:
    """The paragraphs of the case."""
    return [block.text for section in (await talk.paper()).content.sections for block in section.blocks]


# ---------------------------------------------------------------- the stories


async def joining(talk: Talk, li: Somebody) -> None:
    """Declined, come back, the whole consent, a doubtful name, another village, a post of one's own, the number shared,
    the name changed."""
    await li.start(talk.link)
    assert "不参加也没关系" in said(await li.press("不参加"))
    await li.start(talk.link)
    assert "由征集单位留存到期" in said(await li.press("看全文"))
    await li.press("同意，开始")
    for text in ("随便", "李建国"):
        await li.say(text)
    await li.press("不是，我来改")
    await li.say("杨柳湾村")
    await li.press("自己写")
    await li.say("治保主任")
    await li.press("发送我的手机号")
    await li.press("改姓名")
    assert "李建民，" in said(await li.say("李建民"))
    await li.press("对")
    assert "标题先定为" in said(await li.say("片长进院坝，小事不出片"))


async def in_many_parts(talk: Talk, li: Somebody) -> None:
    """Texts one by one and many at once, undone, closed by a word, added to, closed by a button."""
    await li.begin(talk.link)
    await li.say("槐树村在石桥镇东南边", "6个村民小组", "412户1586人")
    await li.say("发错了")
    await li.press("撤销这条")
    await li.say("种花椒。写完了")
    await li.press("补一句")
    await li.say("60岁以上老人397人🌶", "السلام عليكم")
    await li.press("写完了")
    assert (await parts(talk))[0].startswith("槐树村在石桥镇东南边，6个村民小组，412户1586人，种花椒。60岁以上")


async def a_long_paste(talk: Talk, li: Somebody) -> None:
    """What the app splits is one text again, with nothing between, and goes back as one; so is one that is split
    between two emoji. That it is far too long is said at once."""
    await li.begin(talk.link)
    text = invented(9000)
    await li.say("种花椒。")
    await li.say(text)
    assert "比这一问要的120字超出" in li.last
    assert FIRST in said(await li.say("撤销")) and await parts(talk) == ["种花椒。"]
    await li.say("撤销")
    text = invented(6000)
    await li.say(text)
    assert [m.text for m in li.phone.screen().messages if m.mine][-2:] == [text[:4096], text[4096:]]
    assert await parts(talk) == [text]
    await li.say("写完了")
    hot = "辣" + "🌶" * 3000 + "。"
    await li.say(hot)
    assert (await parts(talk))[1] == hot


async def pressed_twice(talk: Talk, li: Somebody) -> None:
    """Twice at once, long gone, and never there."""
    await li.begin(talk.link)
    started = next(m.id for m in li.seen if "您选了：从第1节开始" in m.text)
    draft = next(b.data for m in li.seen for row in m.buttons for b in row if b.label == "看例子").split(":")[1]
    told = await li.does(lambda: [li.phone.press("看例子") for _ in range(2)])
    assert len(told) == 1
    for data in (f"go:{draft}:background", "consent:yes", f"pick:{draft}:category:township", "nonsense", "unit:1:x"):
        assert isinstance(talk.world, Steady)
        talk.world.forward(minutes=2)
        assert FIRST in said(await li.does(li.phone.press_gone, started, data)), data
    assert FIRST in said(await li.does(li.phone.press_gone, 99_999, f"done:{draft}:steps"))


async def changed_afterwards(talk: Talk, li: Somebody) -> None:
    """A paragraph, a title and a caption are edited; what is not in the paper changes nothing."""
    await li.begin(talk.link)
    await li.say("槐树村412户", "种花椒")
    mine = {m.text: m.id for m in li.phone.screen().messages if m.mine}
    assert "稿子跟着改了" in said(await li.does(li.phone.edit, mine["槐树村412户"], "槐树村413户"))
    assert "稿子没有变" in said(await li.does(li.phone.edit, mine["片长进院坝，小事不出片"], "念账会"))
    await li.does(li.phone.photo, jpeg(), "院坝会")
    photo = next(m.id for m in li.phone.screen().messages if m.kind == "photo")
    assert "第1张的说明改好了" in said(await li.does(li.phone.edit, photo, "6月院坝会"))
    assert await parts(talk) == ["槐树村413户，种花椒。"]
    assert [p.caption for p in (await talk.paper()).content.pictures] == ["6月院坝会"]


async def albums(talk: Talk, li: Somebody) -> None:
    """Photos together, the same again, too many, files together, one dropped and undone."""
    await li.begin(talk.link)
    photos = [jpeg(1010 + 10 * n, 760) for n in range(8)]
    assert "收到3张照片" in said(await li.does(li.phone.album, photos[:3], "6月院坝会"))
    await li.press("写说明")
    await li.press("删掉这张")
    await li.press("撤销")
    assert "已经发过了" in said(await li.does(li.phone.album, photos[1:3]))
    files = [(f"现场{n}.jpg", data) for n, data in enumerate(photos[3:])]
    assert "照片最多6张，多出的2张没有放进稿子" in said(await li.does(li.phone.files, files, "修渠"))
    assert len((await talk.paper()).content.pictures) == 6


async def other_things(talk: Talk, li: Somebody) -> None:
    """A document, a voice, a number and a place where nobody asked for them."""
    await li.begin(talk.link)
    told = said(await li.does(li.phone.document, b"%PDF-1.4\n%%EOF\n", "满意度“调查”.pdf", "application/pdf"))
    assert "满意度调查材料" in told
    assert "我还听不了语音条，先给您存着" in said(await li.does(li.phone.voice))
    assert FIRST in said(await li.does(li.phone.contact, "+8613900009999", "王芳", 0))
    assert FIRST in said(await li.does(li.phone.location))


async def by_code(talk: Talk, li: Somebody) -> None:
    """Begun on the page; wrong digits, right digits, the link of the code once more."""
    page = OnThePage(talk)
    await page.join(talk.link)
    await page.press("同意，开始")
    await page.say("李建国")
    for label in ("是的", "村党支部书记"):
        await page.press(label)
    await page.say("13900002217")
    await page.press("对")
    await page.say("我的资料")
    await page.press("换手机（接续码）")
    page.close()
    assert "接续码对不上" in said(await li.say("654321"))
    assert "欢迎回来" in said(await li.say("123456"))
    assert "您想写哪件事" in said(await li.start())
    wang = talk.somebody(1002, "王芳")
    assert "接续码对不上" in said(await wang.start("c-123456"))


async def coming_and_going(talk: Talk, li: Somebody) -> None:
    """Stopped while something is owed, started again; a group, once more in it."""
    await li.begin(talk.link)
    li.phone.say("槐树村412户")
    li.phone.block()
    await talk.quiet()
    await li.does(li.phone.unblock)
    assert "接着写" in said(await li.start())
    for _ in range(2):
        group = li.phone.add_to_group("石桥镇")
        li.phone.say("/start@anlitong_bot", chat=group)
        await talk.quiet()
        assert len([m for m in li.phone.screen(group).from_bot if "一对一" in m.text]) == 1
    assert await parts(talk) == ["槐树村412户。"]


async def read_back(talk: Talk, li: Somebody) -> None:
    """A long answer, the model case and the help in as many messages as they need."""
    await li.begin(talk.link)
    text = invented(5000)
    await li.say(text)
    await li.say("写完了")
    await li.say("返回")
    told = [m for m in await li.press("看全文") if not m.edited]
    assert len(told) == 2 and "".join(m.text for m in told) == text
    assert len([m for m in await li.say("目录") if not m.edited]) == 1


async def the_menu(talk: Talk, li: Somebody) -> None:
    """Every command that the app offers, one after another, and one that nobody has."""
    await li.begin(talk.link)
    await li.say(LONG)
    menu = [command["command"] for command in li.phone.screen().commands]
    assert " ".join(menu) == "progress back skip done undo example preview submit later cases privacy help"
    for name in (*menu, "nothing"):
        assert await li.say(f"/{name}"), name
    await li.press("明晚8点") if "明晚8点" in li.buttons else None


async def to_the_end(talk: Talk, li: Somebody) -> None:
    """A case is handed in; its file comes with it, and all one's data as another file."""
    await li.begin(talk.link)
    for n in range(13):
        await li.say(f"第{n}问的回答。{invented(160 if n == 4 else 90)}")
        await li.say("写完了")
    for label in ("跳过", "跳过", "提交案例", *["确认"] * 4, "提交"):
        await li.press(label)
    assert "稿子" in li.last and li.seen[-1].file is not None
    await li.say("我的资料")
    await li.press("导出我的资料")
    assert li.seen[-1].file is not None and li.seen[-1].file["name"] == "案例通-我的资料.zip"


STORIES: list[Story] = [
    joining,
    in_many_parts,
    a_long_paste,
    pressed_twice,
    changed_afterwards,
    albums,
    other_things,
    by_code,
    coming_and_going,
    read_back,
    the_menu,
    to_the_end,
]


async def told(story: Story, folder: Path, library: str) -> Journal:
    """The journal of a story told through a library, in a house whose key, time and ids are always the same."""
    fixed_key(folder)
    async with talking(folder, library, world=Steady(), page=story is by_code) as talk:
        li = talk.somebody()
        await story(talk, li)
        await talk.quiet()
        assert talk.violations == [] and await talk.quarantined() == []
        return journal(talk, li)


def differing(one: Any, other: Any) -> str:
    """The first lines that differ, for whoever reads a failure."""
    pairs = [(a, b) for a, b in zip(one, other, strict=False) if a != b]
    return "\n".join(map(str, pairs[0])) if pairs else f"{len(one)} and {len(other)} requests"


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_both_libraries_ask_for_the_same(story: Story, tmp_path: Path) -> None:
    """Told through both, a story gives the same messages in the same order, and the same requests beside them."""
    first, second = [await told(story, tmp_path / library, library) for library in LIBRARIES]
    assert first.said.keys() == second.said.keys()
    for chat, lines in first.said.items():
        assert lines == second.said[chat], differing(lines, second.said[chat])
    assert first.beside == second.beside, f"{first.beside - second.beside}\n{second.beside - first.beside}"
