"""People in the fake do what people do with Telegram's apps, and see what those would show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.telegram_fake.limits import units
from handlers.telegram_fake.people import split
from tests import pictures
from tests.telegram import Bot, bot_and_fake

LI = 1001


@pytest.fixture
def bot() -> Iterator[Bot]:
    """A bot that 李建国 has started."""
    with bot_and_fake() as one:
        yield one


def updates(bot: Bot, kind: str = "message") -> list[Any]:
    """What the bot hears, confirmed at once."""
    heard = bot.do("getUpdates")
    if heard:
        bot.do("getUpdates", offset=heard[-1]["update_id"] + 1)
    return [update[kind] for update in heard]


@given(st.lists(st.sampled_from(["字" * 700, "🌶" * 900, "\n", " ", "a" * 500, "。\n"]), max_size=30).map("".join))
def test_a_long_text_is_split_and_nothing_of_it_lost(text: str) -> None:
    pieces = split(text)
    assert all(0 < units(piece) <= 4096 for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_long_text_comes_as_several_messages(bot: Bot) -> None:
    text = "第一段。" * 900 + "\n" + "第二段。" * 600
    sent = bot.li.say(text)
    heard = updates(bot)
    assert [message["message_id"] for message in heard] == sent
    assert [message["text"] for message in heard] == text.split("\n"), "cut where a line ends"


def test_a_message_is_edited(bot: Bot) -> None:
    (number,) = bot.li.say("412户")
    bot.call("advance", seconds=5)
    bot.li.edit(number, "413户")
    first, then = bot.do("getUpdates")
    assert first["message"]["text"] == "412户", "an update is what it was"
    edited = then["edited_message"]
    assert (edited["message_id"], edited["text"], edited["edit_date"] - edited["date"]) == (number, "413户", 5)
    sent = bot.do("sendMessage", chat_id=LI, text="好")
    with pytest.raises(ValueError, match="cannot be edited"):
        bot.li.edit(sent["message_id"], "x")


def test_a_caption_is_edited_added_and_taken_away(bot: Bot) -> None:
    number = bot.li.photo(pictures.jpeg(), "院坝会")
    for caption in ("6月院坝会", "", "还是院坝会"):
        bot.li.edit(number, caption)
    heard = bot.do("getUpdates")
    assert [u["edited_message"].get("caption") for u in heard[1:]] == ["6月院坝会", None, "还是院坝会"]
    with pytest.raises(ValueError, match="cannot be edited"):
        bot.li.edit(bot.li.sticker(), "x")


def test_a_person_deletes_for_both(bot: Bot) -> None:
    """Telegram tells the bot nothing: it finds out when it wants to change the message."""
    card = bot.do("sendMessage", chat_id=LI, text="目录")["message_id"]
    bot.do("pinChatMessage", chat_id=LI, message_id=card)
    bot.do("getUpdates", offset=2**40)
    bot.li.delete(card)
    assert bot.li.screen().pinned is None and "目录" not in bot.li.screen().texts
    assert bot.do("getUpdates") == []
    assert bot.refused("editMessageText", chat_id=LI, message_id=card, text="x")[1].endswith(
        "message to edit not found"
    )
    with pytest.raises(ValueError, match="no such message"):
        bot.li.delete(card)


def test_a_link_starts_the_bot(bot: Bot) -> None:
    for written in ("7Kq2_-x", "https://t.me/anlitong_bot?start=7Kq2_-x", "/start 7Kq2_-x"):
        bot.li.start(written)
    bot.li.start("")
    assert [message["text"] for message in updates(bot)] == ["/start 7Kq2_-x"] * 3 + ["/start"]
    for wrong in ("七", "a" * 65, "a b", "https://t.me/anlitong_bot?start=" + "a" * 65):
        with pytest.raises(ValueError, match="start link"):
            bot.li.start(wrong)


def test_photos_come_in_sizes_and_albums_apart(bot: Bot) -> None:
    bot.li.photo(pictures.jpeg(2400, 1800, exif=pictures.exif(6)), "院坝会")
    (single,) = updates(bot)
    assert [(s["width"], s["height"]) for s in single["photo"]] == [(67, 90), (240, 320), (960, 1280)]
    assert (single["caption"], "media_group_id" in single) == ("院坝会", False)
    path = bot.do("getFile", file_id=single["photo"][-1]["file_id"])["file_path"]
    fetched = bot.client.get(f"{bot.url}/file/bot{bot.token}/{path}").content
    assert b"SECRET-PLACE" not in fetched, "Telegram's apps keep nothing of what the camera wrote"

    ids = bot.li.album([pictures.jpeg(800 + n, 600) for n in range(3)], "三张")
    album = updates(bot)
    assert [message["message_id"] for message in album] == ids
    assert len({message["media_group_id"] for message in album}) == 1
    assert [message.get("caption") for message in album] == ["三张", None, None]
    bot.li.files([("花名册.xlsx", b"x"), ("照片.jpg", pictures.jpeg())])
    assert [message["document"]["file_name"] for message in updates(bot)] == ["花名册.xlsx", "照片.jpg"]
    for wrong in ([], [pictures.jpeg()], [pictures.jpeg()] * 11):
        with pytest.raises(ValueError, match="2 to 10"):
            bot.li.album(wrong)
    with pytest.raises(ValueError, match="no picture"):
        bot.li.photo(b"no")


def test_documents_voices_contacts_places(bot: Bot) -> None:
    bot.li.document(b"PK", "初稿.docx", caption="改过的")
    bot.li.voice(12, b"OggS-voice")
    bot.li.contact()
    bot.li.contact("+8613700000000", "王芳", of=0)
    bot.li.location(31.5, 107.25)
    bot.li.sticker()
    document, voice, own, other, place, sticker = updates(bot)
    assert (document["document"]["file_name"], document["caption"]) == ("初稿.docx", "改过的")
    assert document["document"]["mime_type"].endswith("wordprocessingml.document")
    assert (voice["voice"]["duration"], voice["voice"]["mime_type"]) == (12, "audio/ogg")
    assert own["contact"] == {"phone_number": "+8613900001111", "first_name": "李建国", "user_id": LI}
    assert other["contact"] == {"phone_number": "+8613700000000", "first_name": "王芳"}
    assert place["location"] == {"latitude": 31.5, "longitude": 107.25}
    kinds = [message.kind for message in bot.li.screen().messages]
    assert kinds == ["text", "document", "voice", "contact", "contact", "location", "sticker"]
    assert sticker["sticker"]["emoji"] == "👍" and bot.li.screen().messages[-1].about == sticker["sticker"]


def test_the_keyboard_under_the_box(bot: Bot) -> None:
    keys = [[{"text": "发送我的电话", "request_contact": True}], [{"text": "先跳过"}]]
    bot.do("sendMessage", chat_id=LI, text="电话？", reply_markup={"keyboard": keys, "one_time_keyboard": True})
    assert bot.li.screen().keys == ["发送我的电话", "先跳过"]
    bot.li.press("发送我的电话")
    assert bot.li.screen().keys == [], "one time is one time"
    bot.do("sendMessage", chat_id=LI, text="电话？", reply_markup={"keyboard": keys})
    assert bot.li.press("先跳过") == ""
    shared, skipped = updates(bot)
    assert (shared["contact"]["user_id"], skipped["text"]) == (LI, "先跳过")
    bot.do("sendMessage", chat_id=LI, text="好", reply_markup={"remove_keyboard": True})
    assert bot.li.screen().keyboard is None
    with pytest.raises(ValueError, match="no button 先跳过"):
        bot.li.press("先跳过")


def test_the_newest_button_is_meant_unless_a_message_is_named(bot: Bot) -> None:
    old, new = (
        bot.do(
            "sendMessage",
            chat_id=LI,
            text="选",
            reply_markup={"inline_keyboard": [[{"text": "跳过", "callback_data": data}]]},
        )
        for data in ("skip:1", "skip:2")
    )
    bot.li.press("跳过")
    bot.li.press("跳过", message=old["message_id"])
    bot.li.press_gone(new["message_id"], "skip:0")
    pressed = updates(bot, "callback_query")
    assert [query["data"] for query in pressed] == ["skip:2", "skip:1", "skip:0"]
    assert pressed[1]["message"]["message_id"] == old["message_id"]


def test_a_group_is_heard_as_far_as_privacy_goes(bot: Bot) -> None:
    group = bot.li.add_to_group("村务群")
    bot.li.say("大家好", chat=group)
    bot.li.say("/help", chat=group)
    member, joined, command = bot.do("getUpdates")
    assert member["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert joined["message"]["new_chat_members"][0]["is_bot"]
    assert (command["message"]["chat"]["title"], command["message"]["text"]) == ("村务群", "/help")
    assert bot.li.screen(chat=group).texts == ["", "大家好", "/help"]


def test_many_people_at_once(bot: Bot) -> None:
    first, last = bot.call("crowd", count=300)
    assert bot.call("say_many", said=[[user, "您好"] for user in range(first, last + 1)]) == 300
    heard = [message["chat"]["id"] for _ in range(3) for message in updates(bot)]
    assert heard == list(range(first, last + 1))


def test_waiting_for_what_comes(bot: Bot) -> None:
    bot.do("sendMessage", chat_id=LI, text="您好，这里是案例通。")
    assert bot.li.wait("案例通").from_bot[0].text == "您好，这里是案例通。"
    assert bot.li.wait(lambda screen: len(screen.messages) == 2).open
    with pytest.raises(TimeoutError, match="这里是案例通"):
        bot.li.wait("没有的话", seconds=0.05)


def test_what_cannot_be_called_says_so(bot: Bot) -> None:
    for verb in ("fly", "_send", "call"):
        with pytest.raises(ValueError, match="no such verb"):
            bot.call(verb)
    with pytest.raises(ValueError, match="unexpected keyword"):
        bot.call("say", user=LI, words="x")
    assert bot.client.post(f"{bot.url}/control/say", content="[]").status_code == 400


def test_the_journal_is_the_same_whatever_the_parts_are_called(bot: Bot) -> None:
    """Two ways to write the same: a part named after its field, and attach:// with a name of its own."""
    file = ("案例.docx", b"PK")
    bot.do("sendDocument", {"document": file}, chat_id=LI, caption="好")
    one = bot.call("normalised")
    bot.call("clear")
    bot.do("getMe")
    bot.do("sendDocument", {"r4nd0m": file}, caption="好", document="attach://r4nd0m", chat_id=LI)
    assert bot.call("normalised") == one
    assert one[0]["fields"]["document"]["file"] == "案例.docx"
    assert bot.violations == []
