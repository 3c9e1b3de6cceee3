"""People on Telegram, through both libraries: the card, the buttons, and what nobody meant to send."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from storage import tables
from tests.pictures import fake as no_picture
from tests.pictures import jpeg
from tests.telegram_house import LIBRARIES, Somebody, Steady, Talk, said, talking

FIRST = "【1 案例背景】第1问，共3问"
SECOND = "【1 案例背景】第2问，共3问"
LONG = "每月5号晚上开院坝会，一户来一个人，大家先把烦心事摆出来，再一件一件议。" * 3


@pytest.fixture(params=LIBRARIES)
async def talk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Talk]:
    """A house on Telegram; whatever happens in it keeps the Bot API's rules, and no turn breaks off."""
    async with talking(tmp_path, request.param, world=Steady()) as talk:
        yield talk
        assert talk.violations == [] and await talk.quarantined() == []


@pytest.fixture
async def li(talk: Talk) -> Somebody:
    """李建国, at the first question of a case."""
    li = talk.somebody()
    await li.begin(talk.link)
    return li


def asked(requests: list[dict[str, Any]], method: str, message: int) -> int:
    """How often one message was changed by a method."""
    return sum(r["method"] == method and r["fields"].get("message_id") == message for r in requests)


async def written(talk: Talk) -> list[str]:
    """The paragraphs of the case as they would be printed."""
    return [block.text for section in (await talk.paper()).content.sections for block in section.blocks]


# ---------------------------------------------------------------- joining, buttons


async def test_the_number_is_given_with_the_apps_own_button(talk: Talk) -> None:
    """A keyboard offers it and goes away with the answer; the number is shown masked."""
    li = talk.somebody()
    await li.start(talk.link)
    await li.press("同意，开始")
    await li.say("李建国")
    await li.press("是的")
    await li.press("村党支部书记")
    assert li.phone.screen().keys == ["发送我的手机号", "跳过"]
    told = said(await li.press("发送我的手机号"))
    assert "139****2217" in told and "13900002217" not in told
    assert li.phone.screen().keyboard is None and "对" in li.buttons


async def test_only_what_can_be_answered_has_buttons(li: Somebody) -> None:
    """An answered question keeps what was chosen and loses its buttons; a pressed button stops turning."""
    await li.say(LONG)
    assert [m.labels for m in li.seen if m.labels] == [["写完了", "撤销这条"]]
    await li.press("写完了")
    assert [m.labels for m in li.seen if m.labels] == [["看例子", "跳过", "怎么用话筒说", "撤销"]]
    screen = li.phone.screen()
    assert screen.waiting == () and {answer["text"] for answer in screen.answers} == {""}
    assert any(m.text.endswith("您选了：从第1节开始") for m in li.seen)
    assert not any(m.text.endswith("您选了：写完了") for m in li.seen), "the next message says what came of it"


async def test_the_draft_can_be_read_in_the_chat(li: Somebody) -> None:
    """预览 is the text itself with what is still open, and the Word file behind it."""
    await li.say(LONG)
    text, file = [m for m in await li.say("预览") if not m.edited]
    assert f"一、案例背景\n{LONG}" in text.text and "还差这些才能提交" in text.text and "去补" in text.labels
    assert file.kind == "document"


async def test_a_line_that_grows(li: Somebody) -> None:
    """While somebody writes on, one message says how much there is; after three edits it is said anew, below what was
    written, so that its button is in sight, and the old one has none any more."""
    (first,) = [m for m in await li.say("槐树村412户") if "收到" in m.text]
    assert first.text.startswith("收到，6字")
    for n, text in enumerate(["1586人", "6个村民小组", "种花椒"]):
        seen = await li.say(text)
        assert [(m.id, m.edited) for m in seen] == [(first.id, True)], n
    assert seen[0].text.startswith("收到，共20字")
    old, new = await li.say("种柑橘")
    assert (old.id, old.labels) == (first.id, []) and "写完了" in new.labels
    assert li.phone.screen().messages[-1] == new and new.text.startswith("收到，共24字")
    (again,) = await li.say("养猪")
    assert again.id == new.id and again.text.startswith("收到，共27字")


# ---------------------------------------------------------------- the card


async def test_one_card_is_pinned_and_changed_only_with_a_section(talk: Talk, li: Somebody) -> None:
    """It is edited in its place when a section's state changes, or when somebody asks for it, and at no other time."""
    card = li.phone.screen().pinned
    assert card is not None and "1 案例背景　未写" in card.text
    changes = []
    acts = [*[f"{n}. {LONG}" for n in range(3)], "进度"]
    for act in acts:
        before = asked(talk.fake.call("normalised"), "editMessageText", card.id)
        await li.say(act)
        await li.say("补充一句。") if act != "进度" else None
        await li.say("写完了") if act != "进度" else None
        changes.append(asked(talk.fake.call("normalised"), "editMessageText", card.id) - before)
    assert changes == [1, 0, 1, 1], "begun; no change; whole; asked for"
    now = li.phone.screen().pinned
    assert now is not None and now.id == card.id and "1 案例背景　已写好" in now.text
    assert [m.pinned for m in li.seen].count(True) == 1


async def test_a_card_that_was_deleted_is_made_anew(talk: Talk, li: Somebody) -> None:
    """Whoever deletes the card has it again, pinned, with the next change."""
    old = li.phone.screen().pinned
    assert old is not None
    assert (await talk.raw("deleteMessage", chat_id=li.phone.user, message_id=old.id))["ok"]
    await li.say(LONG)
    new = li.phone.screen().pinned
    assert new is not None and new.id > old.id and "1 案例背景　没写完" in new.text
    await li.say("写完了")
    for text in (LONG, LONG):
        await li.say(text)
        await li.say("写完了")
    assert [m.id for m in li.seen if "写好" in m.text and m.text.split("\n")[1] == new.text.split("\n")[1]] == [new.id]


# ---------------------------------------------------------------- what nobody meant


async def test_anothers_buttons_and_invented_ones_show_the_present_question(talk: Talk, li: Somebody) -> None:
    """Nothing of somebody else's is touched, whatever a button that is not there may say."""
    await li.say(LONG)
    theirs = [button.data for m in li.seen for row in m.buttons for button in row]
    before = await written(talk)
    wang = talk.somebody(1002, "王芳", "+8613900003333")
    await wang.begin(await talk.invite(), name="王芳", title="念账会")
    ours = [*theirs, "go:zz:practice", "submit:1", "confirm:0", "cap:1:99999999", "pick:::", "nonsense", "x" * 64]
    for data in [*ours, "unit:1:别的村", "join:bring", "edition:9999"]:
        number = wang.seen[-1].id
        seen = await wang.does(wang.phone.press_gone, number, data)
        assert any(FIRST in m.text for m in seen), data
        assert wang.phone.screen().waiting == ()
    assert await written(talk) == [] and before == [LONG]
    t = tables.drafts
    states = await talk.house.readers.run(lambda c: [row.state for row in c.execute(t.select())])
    assert states.count("writing") == 2 and await talk.count(tables.cases) == 0


async def test_a_button_pressed_twice_counts_once(talk: Talk, li: Somebody) -> None:
    """To the second press nothing is said; an old button long after shows what is asked now."""
    await li.say(LONG)
    button = next(b for m in li.seen for row in m.buttons for b in row if b.label == "写完了")
    seen = await li.does(lambda: [li.phone.press(data=button.data) for _ in range(2)])
    assert said(seen).count(SECOND) == 1 and "第3问" not in said(seen)
    await li.say(LONG)
    old = await li.does(li.phone.press_gone, li.seen[0].id, button.data)
    assert "第2问" in said(old) and await written(talk) == [LONG, LONG]


async def test_a_query_that_is_too_old_is_passed_over(talk: Talk, li: Somebody) -> None:
    """Pressed while nobody was there to answer: it counts all the same."""
    await talk.close()
    li.phone.press("看例子")
    assert isinstance(talk.world, Steady)
    talk.world.forward(seconds=90)
    await talk.open()
    await talk.quiet()
    assert "杨柳湾村" in li.last and talk.fake.call("counts")["answerCallbackQuery 400"] == 1


async def test_what_was_written_while_the_house_was_closed(talk: Talk, li: Somebody) -> None:
    """All of it is taken in its order when it opens again, and answered once."""
    await talk.close()
    for text in ("槐树村412户1586人", "种花椒", "6个村民小组"):
        li.phone.say(text)
    await talk.open()
    await talk.quiet()
    assert await written(talk) == ["槐树村412户1586人，种花椒，6个村民小组。"]
    assert [m.text for m in li.seen if m.text.startswith("收到")] == ["收到，共19字。可以接着发，说完点“写完了”。"]


STRANGE = {
    "sticker": {
        "sticker": {
            "file_id": "s", "file_unique_id": "s", "type": "regular", "width": 512, "height": 512,
            "is_animated": False, "is_video": False, "emoji": "🌶",
        }
    },
    "dice": {"dice": {"emoji": "🎲", "value": 3}},
    "video": {"video": {"file_id": "v", "file_unique_id": "v", "width": 9, "height": 9, "duration": 4}},
    "poll": {
        "poll": {
            "id": "1", "question": "?", "options": [], "total_voter_count": 0, "is_closed": False,
            "is_anonymous": True, "type": "regular", "allows_multiple_answers": False, "allows_revoting": False,
            "members_only": False,
        }
    },
}  # fmt: skip
MB = 1024 * 1024


async def test_what_we_cannot_take_is_said(li: Somebody) -> None:
    """One sentence says what can be sent instead; the question stands as it stood."""
    before = li.buttons
    for kind, content in STRANGE.items():
        told = said(await li.sends(**content))
        assert told == "这个我收不了。请发文字、照片，或者Word、PDF、Excel文件。", kind
    assert li.buttons == before


async def test_a_file_that_is_too_big_is_not_fetched(talk: Talk, li: Somebody) -> None:
    """Telegram says how big it is; the person hears at once how big it may be."""
    big = {"file_id": "b", "file_unique_id": "b", "file_name": "录像.pdf", "file_size": 31 * MB - 1}
    assert said(await li.sends(document=big)) == "这个文件有31MB，最多20MB，请压缩或换一个再发。"
    assert not any(key.startswith("getFile") for key in talk.fake.call("counts"))


async def test_a_picture_that_is_none(talk: Talk, li: Somebody) -> None:
    """It is named, and the others that came with it are kept."""
    phone = li.phone
    assert said(await li.does(phone.document, no_picture(), "现场.jpg")).startswith("这种文件收不了，请发照片")
    broken = jpeg()[:24]
    assert said(await li.does(phone.document, broken, "现场.jpg")) == "这张照片打不开，请重新拍一张或换一张再发。"
    files = [("一.jpg", jpeg()), ("二.jpg", broken), ("三.jpg", jpeg(1610, 1200))]
    told = said(await li.does(phone.files, files, "院坝会"))
    assert "“二.jpg”：这张照片打不开" in told and "收到2张照片，放进“照片和附件”了，现在共2张" in told
    assert [(p.n, p.caption) for p in (await talk.paper()).content.pictures] == [(1, "院坝会"), (2, "")]


async def test_what_is_asked_about_a_picture_answers_that_picture(talk: Talk, li: Somebody) -> None:
    """Of several it is plain which is meant; so it is which text a change was read into."""
    (text,) = li.phone.say("槐树村有6个村民小组。")
    await talk.quiet()
    changed = await li.does(li.phone.edit, text, "槐树村有7个村民小组。")
    assert [m.reply_to for m in changed if "跟着改了" in m.text] == [text]
    first, second = li.phone.album([jpeg(800, 600), jpeg(810, 600)])
    await talk.quiet()
    asked = await li.press("写说明")
    assert [m.reply_to for m in asked if "拍的是什么" in m.text] == [first]
    assert [m.reply_to for m in await li.say("院坝会现场") if "第2张呢" in m.text] == [second]
    li.phone.delete(second)
    assert "接着写" in "".join(m.text for m in await li.say("新修的沟")), "a message that is gone stops nothing"


async def test_captions_that_are_none_or_too_long(talk: Talk, li: Somebody) -> None:
    """A caption of blanks is none; one that is a whole text is asked for again, and the picture is there."""
    await li.does(li.phone.photo, jpeg())
    file = next(m.file for m in li.phone.screen().messages if m.kind == "photo")
    assert file is not None
    again = [{"file_id": file["id"], "file_unique_id": "u", "width": 1600, "height": 1200}]
    assert "有1张已经发过了" in said(await li.sends(photo=again, caption=" \n "))
    told = said(await li.does(li.phone.photo, jpeg(1610, 1200), "这天来了很多人，" * 20))
    assert "照片说明有点长，请用一句话说，100字以内" in told and "现在共2张" in told
    assert [p.caption for p in (await talk.paper()).content.pictures] == ["", ""]
    assert "第1张照片拍的是什么" in said(await li.press("写说明"))
    assert "第2张呢" in said(await li.say("6月院坝会"))


async def test_texts_without_a_word_and_endless_ones(talk: Talk, li: Somebody) -> None:
    """Blanks are no answer; what is far too long for a title is asked back; a very long text is kept to its end."""
    assert "这条里没有字" in said(await li.sends(text=" \n "))
    text = "院坝会🌶议事。" * 2500
    assert "收到" in said(await li.say(text)) and "".join(await written(talk)) == text
    await li.say("目录")
    await li.press("改标题")
    await li.press("改一改")
    assert said(await li.say("片长进院坝" * 20)) == "“标题”有点长，请压到40字以内再发一次。"


async def test_a_stranger_hears_what_to_do(talk: Talk) -> None:
    """Without an invite, with an invented one, or with digits that are nobody's; nothing of them is kept."""
    wang = talk.somebody(1002, "王芳")
    assert "要有邀请链接才能开始写" in said(await wang.start())
    assert "要有邀请链接才能开始写" in said(await wang.say("你好"))
    assert "这个链接打不开" in said(await wang.start("7Kq2-nobody_has_this"))
    assert "要有邀请链接才能开始写" in said(await wang.does(wang.phone.photo, jpeg()))
    assert "接续码对不上" in said(await wang.start("c-999999"))
    for row in (tables.people, tables.messages, tables.attachments, tables.deliveries):
        assert await talk.count(row) == 0


async def test_who_stops_the_bot_and_comes_back(talk: Talk, li: Somebody) -> None:
    """Nothing more is sent to them, not even at the hour they had chosen; all is kept, and they go on from there."""
    await li.say("槐树村412户1586人")
    await li.say("稍后")
    await li.press("明晚8点")
    li.phone.block()
    await talk.quiet()
    requests = talk.requests
    assert isinstance(talk.world, Steady)
    talk.world.forward(days=2)
    assert await talk.house.wakes.ring_due() == 1
    await talk.quiet()
    assert talk.requests == requests
    await li.does(li.phone.unblock)
    assert "接着写【1 案例背景】第1问" in said(await li.start())
    await li.say("种花椒")
    assert await written(talk) == ["槐树村412户1586人，种花椒。"]
