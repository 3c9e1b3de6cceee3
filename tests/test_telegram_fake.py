"""The fake Bot API answers as Telegram does, and holds every request against the Bot API's table."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.telegram_fake.table import ARRAY, PRIMITIVES, Table
from handlers.telegram_fake.telegram import METHODS
from tests import pictures
from tests.telegram import Bot, bot_and_fake

TOP = Path(__file__).parent.parent
LI = 1001


@pytest.fixture
def bot() -> Iterator[Bot]:
    """A bot that 李建国 has started."""
    with bot_and_fake() as one:
        yield one


@pytest.fixture(scope="module")
def shared() -> Iterator[Bot]:
    """One for many examples."""
    with bot_and_fake() as one:
        yield one


# ---------------------------------------------------------------- the table


def _named(kind: str) -> str:
    while kind.startswith(ARRAY):
        kind = kind.removeprefix(ARRAY)
    return kind


def test_the_table_makes_sense() -> None:
    table = Table.load()
    assert set(table.methods) == set(METHODS)
    known = {*PRIMITIVES, *table.types, *table.opaque}
    for name, shape in {**table.methods, **table.types}.items():
        assert set(shape["required"]) <= set(shape["fields"]), name
        assert {_named(kind) for kinds in shape["fields"].values() for kind in kinds} <= known, name
    assert {"message", "edited_message", "callback_query", "my_chat_member"} <= set(table.updates)


def test_the_table_is_the_bot_api_s() -> None:
    """Compared where the Bot API's own description is at hand."""
    path = Path(os.environ.get("ANLITONG_BOTAPI") or TOP.parent / "shared" / "botapi" / "api.min.json")
    if not path.is_file():
        return
    whole, table = json.loads(path.read_text("utf-8")), Table.load()
    for kind, ours in (("methods", table.methods), ("types", table.types)):
        for name, shape in ours.items():
            fields = whole[kind][name].get("fields", [])
            assert shape["fields"] == {field["name"]: field["types"] for field in fields}, name
            assert shape["required"] == [field["name"] for field in fields if field["required"]], name
    assert [field["name"] for field in whole["types"]["Update"]["fields"]][1:] == list(table.updates)
    assert table.opaque <= set(whole["types"])


@pytest.mark.parametrize(
    ("method", "fields", "words"),
    [
        ("sendTelepathy", {"chat_id": LI}, "no such method"),
        ("sendMessage", {"chat_id": LI, "text": "好", "colour": "red"}, "colour: no such field"),
        ("sendMessage", {"chat_id": LI}, "text: is required"),
        ("deleteMessage", {"chat_id": LI, "message_id": "eins"}, "message_id: is no Integer"),
        ("sendMessage", {"chat_id": LI, "text": "好", "disable_notification": "perhaps"}, "is no Boolean"),
        ("sendMessage", {"chat_id": LI, "text": "好", "reply_markup": "[]"}, "reply_markup: is none of"),
        (
            "sendMessage",
            {"chat_id": LI, "text": "好", "reply_markup": {"inline_keyboard": [[{"text": "甲", "data": "x"}]]}},
            "inline_keyboard[0][0].data: no such field",
        ),
        (
            "sendMediaGroup",
            {"chat_id": LI, "media": [{"type": "photo", "media": "x", "thumbnail": "y"}] * 2},
            "media: is none of",
        ),
        ("setMyCommands", {"commands": [{"command": "help"}]}, "commands[0].description: is required"),
    ],
)
def test_what_is_not_in_the_table_is_refused_and_noted(bot: Bot, method: str, fields: Any, words: str) -> None:
    code, description = bot.refused(method, **fields)
    assert code == 400
    assert words in description
    (violation,) = bot.violations
    assert violation.startswith(f"{method}: ")
    assert words in violation
    assert [entry["status"] for entry in bot.call("journal")] == [400]


@pytest.mark.parametrize("way", ["query", "form", "json", "multipart", "get"])
def test_a_request_may_come_in_five_ways(bot: Bot, way: str) -> None:
    buttons = {"inline_keyboard": [[{"text": "写完了", "callback_data": "done"}]]}
    fields: dict[str, Any] = {"chat_id": LI, "text": "您好，&=%+🌶", "reply_markup": buttons, "protect_content": True}
    written = {k: v if isinstance(v, str) else json.dumps(v) for k, v in fields.items()}
    if way == "get":
        answer = bot.client.get(f"{bot.url}/bot{bot.token}/sendMessage", params=written)
    elif way == "multipart":  # fields are parts without a file name
        answer = bot.raw("sendMessage", files={k: (None, v) for k, v in written.items()})
    else:
        how = {"query": {"params": written}, "form": {"data": written}, "json": {"json": fields}}
        answer = bot.raw("sendmessage", **how[way])
    assert answer.json()["result"]["text"] == "您好，&=%+🌶"
    (entry,) = bot.call("journal")
    assert (entry["method"], entry["fields"]) == ("sendMessage", fields)
    assert bot.violations == []


def test_a_body_that_cannot_be_read_is_refused(bot: Bot) -> None:
    answer = bot.raw("sendMessage", content=b'{"chat_id":', headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    answer = bot.raw("sendMessage", content=b"x", headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 400
    assert len(bot.violations) == 2


def test_a_wrong_token_is_told_so_and_only_this_machine_is_served(bot: Bot) -> None:
    bot.token = "123456:" + "x" * 35
    assert bot.refused("getMe") == (401, "Unauthorized")
    bot.token = "nonsense"
    assert bot.refused("getMe") == (404, "Not Found")
    assert bot.client.get(f"{bot.url}/bot/getMe", headers={"Host": "evil.example"}).status_code == 400


# ---------------------------------------------------------------- sending and editing


def test_a_message_is_sent_and_edited_and_deleted(bot: Bot) -> None:
    row = [[{"text": "写完了", "callback_data": "done"}, {"text": "看例子", "callback_data": "example"}]]
    sent = bot.do("sendMessage", chat_id=LI, text="  村子在哪儿？\n", reply_markup={"inline_keyboard": row})
    assert (sent["text"], sent["chat"]["first_name"], sent["from"]["is_bot"]) == ("村子在哪儿？", "李建国", True)
    shown = bot.li.screen().messages[-1]
    assert (shown.text, shown.labels, shown.edited) == ("村子在哪儿？", ["写完了", "看例子"], False)

    place = {"chat_id": LI, "message_id": sent["message_id"]}
    same = bot.refused("editMessageText", **place, text="村子在哪儿？", reply_markup={"inline_keyboard": row})
    assert same[0] == 400
    assert same[1].startswith("Bad Request: message is not modified: specified new message content")
    bot.do("editMessageText", **place, text="村子在哪儿？")  # without buttons it loses them
    assert bot.li.screen().messages[-1].labels == []
    assert "not modified" in bot.refused("editMessageReplyMarkup", **place)[1]
    bot.do("editMessageReplyMarkup", **place, reply_markup={"inline_keyboard": row[:1]})
    assert bot.li.screen().messages[-1].edited

    bot.do("deleteMessage", **place)
    assert bot.refused("editMessageText", **place, text="x") == (400, "Bad Request: message to edit not found")
    assert bot.refused("deleteMessage", **place) == (400, "Bad Request: message to delete not found")
    assert "村子在哪儿？" not in bot.li.screen().texts
    again = bot.do("sendMessage", chat_id=LI, text="新的")
    assert again["message_id"] == sent["message_id"] + 1
    assert bot.violations == []


def test_only_what_may_be_edited_is(bot: Bot) -> None:
    (own,) = bot.li.say("我的话")
    assert "can't be edited" in bot.refused("editMessageText", chat_id=LI, message_id=own, text="x")[1]
    keyed = bot.do("sendMessage", chat_id=LI, text="电话？", reply_markup={"keyboard": [[{"text": "发"}]]})
    assert "can't be edited" in bot.refused("editMessageText", chat_id=LI, message_id=keyed["message_id"], text="x")[1]
    photo = bot.do("sendPhoto", {"photo": ("a.jpg", pictures.jpeg())}, chat_id=LI, caption="一")
    place = {"chat_id": LI, "message_id": photo["message_id"]}
    assert "there is no text in the message" in bot.refused("editMessageText", **place, text="x")[1]
    bot.do("editMessageCaption", **place, caption="二")
    assert bot.li.screen().messages[-1].text == "二"
    text = bot.do("sendMessage", chat_id=LI, text="字")
    assert "no caption" in bot.refused("editMessageCaption", chat_id=LI, message_id=text["message_id"], caption="x")[1]
    bot.call("advance", seconds=49 * 3600)
    assert "for everyone" in bot.refused("deleteMessage", chat_id=LI, message_id=text["message_id"])[1]


def test_the_markup_counts_for_nothing(bot: Bot) -> None:
    sent = bot.do("sendMessage", chat_id=LI, parse_mode="HTML", text=" 🌶<b>字&lt;</b><a href='http://x'>y</a>")
    assert sent["text"] == "🌶字<y"
    assert sent["entities"] == [
        {"type": "bold", "offset": 2, "length": 2},
        {"type": "text_link", "url": "http://x", "offset": 4, "length": 1},
    ]
    full = "字" * 4095 + "<b>a</b>"
    assert len(bot.do("sendMessage", chat_id=LI, parse_mode="HTML", text=full)["text"]) == 4096
    for wrong in ("<b>a", "a</b>", "<h1>a</h1>"):
        assert "can't parse entities" in bot.refused("sendMessage", chat_id=LI, parse_mode="HTML", text=wrong)[1]
    assert "message text is empty" in bot.refused("sendMessage", chat_id=LI, parse_mode="HTML", text="<b></b>")[1]


def test_files_come_back_as_they_were_sent(bot: Bot) -> None:
    name = "石桥镇槐树村：“片长制”案例（第1稿）.docx"
    sent = bot.do("sendDocument", {"document": (name, b"PK\x03\x04word")}, chat_id=LI, caption="写好了")
    assert (sent["document"]["file_name"], sent["document"]["file_size"]) == (name, 8)
    shown = bot.li.screen().messages[-1]
    assert shown.file is not None
    assert (shown.file["name"], bot.li.fetch(shown)) == (name, b"PK\x03\x04word")
    got = bot.do("getFile", file_id=sent["document"]["file_id"])
    assert bot.client.get(f"{bot.url}/file/bot{bot.token}/{got['file_path']}").content == b"PK\x03\x04word"
    again = bot.do("sendDocument", chat_id=LI, document=sent["document"]["file_id"])
    assert again["document"] == sent["document"]
    assert "wrong file_id" in bot.refused("getFile", file_id="nobody")[1]
    assert bot.client.get(f"{bot.url}/file/bot{bot.token}/documents/none").status_code == 404
    hashed = hashlib.sha256(b"PK\x03\x04word").hexdigest()
    assert bot.call("journal")[0]["files"] == [{"file": name, "size": 8, "sha256": hashed}]


def test_a_photo_has_several_sizes_and_must_be_one(bot: Bot) -> None:
    sent = bot.do("sendPhoto", {"photo": ("a.jpg", pictures.jpeg(1600, 1200))}, chat_id=LI)
    assert [(size["width"], size["height"]) for size in sent["photo"]] == [(90, 67), (320, 240), (1600, 1200)]
    assert len({size["file_unique_id"] for size in sent["photo"]}) == 3
    assert "IMAGE_PROCESS_FAILED" in bot.refused("sendPhoto", {"photo": ("a.jpg", b"no")}, chat_id=LI)[1]
    assert "as Photo" in bot.refused("sendPhoto", chat_id=LI, photo=_document(bot))[1]
    assert bot.violations == []


def _document(bot: Bot) -> str:
    sent = bot.do("sendDocument", {"document": ("a.txt", b"a")}, chat_id=LI)
    return str(sent["document"]["file_id"])


def test_an_album_is_one_group(bot: Bot) -> None:
    files = {f"p{n}": (f"{n}.jpg", pictures.jpeg(800 + n, 600)) for n in range(3)}
    media = [
        {"type": "photo", "media": f"attach://p{n}", **({"caption": "院坝会"} if n == 0 else {})} for n in range(3)
    ]
    sent = bot.do("sendMediaGroup", files, chat_id=LI, media=media)
    assert len({message["media_group_id"] for message in sent}) == 1
    assert [message.text for message in bot.li.screen().messages[-3:]] == ["院坝会", "", ""]
    assert "2-10" in bot.refused("sendMediaGroup", {"p0": files["p0"]}, chat_id=LI, media=media[:1])[1]
    assert "2-10" in bot.refused("sendMediaGroup", files, chat_id=LI, media=media * 4)[1]
    missing = [*media[:1], {"type": "photo", "media": "attach://nowhere"}]
    assert "not found" in bot.refused("sendMediaGroup", {"p0": files["p0"]}, chat_id=LI, media=missing)[1]
    assert len(bot.li.screen().messages) == 4, "nothing of a refused album is sent"


def test_pinning_is_seen_and_told(bot: Bot) -> None:
    one, two = (bot.do("sendMessage", chat_id=LI, text=text)["message_id"] for text in ("总览一", "总览二"))
    bot.do("pinChatMessage", chat_id=LI, message_id=one)
    bot.do("pinChatMessage", chat_id=LI, message_id=two, disable_notification=True)
    pinned = bot.li.screen().pinned
    assert pinned is not None and pinned.text == "总览二"
    told = [update["message"]["pinned_message"]["text"] for update in bot.do("getUpdates")]
    assert told == ["总览一", "总览二"]
    bot.do("unpinChatMessage", chat_id=LI)
    pinned = bot.li.screen().pinned
    assert pinned is not None and pinned.text == "总览一"
    bot.do("deleteMessage", chat_id=LI, message_id=one)
    assert bot.li.screen().pinned is None
    assert "message to unpin not found" in bot.refused("unpinChatMessage", chat_id=LI)[1]
    assert "message to pin not found" in bot.refused("pinChatMessage", chat_id=LI, message_id=one)[1]


def test_a_query_is_answered_once_and_in_time(bot: Bot) -> None:
    buttons = {"inline_keyboard": [[{"text": "甲", "callback_data": "a"}, {"text": "乙", "callback_data": "b"}]]}
    bot.do("sendMessage", chat_id=LI, text="选一个", reply_markup=buttons)
    query = bot.li.press("乙")
    (update,) = bot.do("getUpdates")
    assert (update["callback_query"]["id"], update["callback_query"]["data"]) == (query, "b")
    assert bot.li.screen().waiting == (query,)
    bot.do("answerCallbackQuery", callback_query_id=query, text="好")
    screen = bot.li.screen()
    assert (screen.waiting, screen.answers) == ((), ({"query": query, "text": "好", "alert": False},))
    old = (400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
    assert bot.refused("answerCallbackQuery", callback_query_id=query) == old
    late = bot.li.press(data="a")
    bot.call("advance", seconds=61)
    assert bot.refused("answerCallbackQuery", callback_query_id=late) == old
    assert bot.violations == []


def test_commands_are_the_menu(bot: Bot) -> None:
    commands = [{"command": "help", "description": "帮助"}, {"command": "progress", "description": "进度"}]
    bot.do("setMyCommands", commands=commands)
    assert bot.do("getMyCommands") == commands
    assert bot.do("getMyCommands", language_code="zh") == []
    assert list(bot.li.screen().commands) == commands
    mine = [{"command": "queue", "description": "待审"}]
    bot.do("setMyCommands", commands=mine, scope={"type": "chat", "chat_id": LI})
    assert list(bot.li.screen().commands) == mine
    for wrong in ("帮助", "Help", "a" * 33, ""):
        command = {"command": wrong, "description": "x"}
        assert "BOT_COMMAND_INVALID" in bot.refused("setMyCommands", commands=[command])[1]


def test_typing_is_seen_until_the_message_comes(bot: Bot) -> None:
    bot.do("sendChatAction", chat_id=LI, action="upload_document")
    assert bot.li.screen().action == "upload_document"
    bot.do("sendMessage", chat_id=LI, text="好了")
    assert bot.li.screen().action == ""
    assert "wrong parameter action" in bot.refused("sendChatAction", chat_id=LI, action="singing")[1]


# ---------------------------------------------------------------- limits

NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters='"\\'), min_size=1, max_size=300
)
CHARACTERS = st.sampled_from(["字", "a", "é", "🌶", "👨\u200d👩\u200d👧", "א", "ب", "\u202e", "，", "\n", " ", "<", "&"])
PIECES = st.lists(CHARACTERS, min_size=1, max_size=9).map("".join)
LONG = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=200),
    st.builds(lambda piece, n: piece * n, CHARACTERS, st.sampled_from([1, 1023, 1024, 2048, 2049, 4095, 4096, 4097])),
    st.builds(lambda piece, n: (piece * n)[:20_000], PIECES, st.just(20_000)),
)


def _fits(text: str, least: int, most: int) -> bool:
    return least <= len(text.strip().encode("utf-16-le")) // 2 <= most


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=LONG, name=NAMES, data=st.lists(CHARACTERS, max_size=40).map("".join))
def test_the_limits_are_held_exactly(shared: Bot, text: str, name: str, data: str) -> None:
    """Whatever is well-formed and within the limits is taken as it is, all else refused, in Telegram's words."""
    sent = shared("sendMessage", chat_id=LI, text=text)
    assert sent["ok"] == _fits(text, 1, 4096)
    assert sent["result"]["text"] == text.strip() if sent["ok"] else sent["error_code"] == 400
    captioned = shared("sendDocument", {"document": (name, b"x")}, chat_id=LI, caption=text)
    assert captioned["ok"] == _fits(text, 0, 1024)
    if captioned["ok"]:
        assert captioned["result"]["document"]["file_name"] == name
    else:
        assert captioned["description"] == "Bad Request: message caption is too long"
    buttons = {"inline_keyboard": [[{"text": name, "callback_data": data}]]}
    pressed = shared("sendMessage", chat_id=LI, text="选", reply_markup=buttons)
    assert pressed["ok"] == (1 <= len(data.encode()) <= 64 and bool(name.strip()))
    assert shared("answerCallbackQuery", callback_query_id="0", text=text)["description"] == (
        "Bad Request: query is too old and response timeout expired or query ID is invalid"
        if len(text.encode("utf-16-le")) // 2 <= 200
        else "Bad Request: MESSAGE_TOO_LONG"
    )


def test_a_breach_of_a_limit_is_a_violation(bot: Bot) -> None:
    bot.refused("sendMessage", chat_id=LI, text="字" * 4097)
    assert bot.violations == ["sendMessage: Bad Request: message is too long"]


def test_files_have_their_greatest_size(bot: Bot) -> None:
    mb = 1024 * 1024
    photo = pictures.jpeg() + b"\0" * (10 * mb)
    assert "is too big for a photo" in bot.refused("sendPhoto", {"photo": ("a.jpg", photo)}, chat_id=LI)[1]
    assert bot.refused("sendDocument", {"document": ("a", b"\0" * (50 * mb + 1))}, chat_id=LI)[0] == 413
    large = bot.do("sendDocument", {"document": ("a", b"\0" * (20 * mb + 1))}, chat_id=LI)["document"]["file_id"]
    assert bot.refused("getFile", file_id=large) == (400, "Bad Request: file is too big")


def test_the_pace_is_one_a_second_in_a_chat(bot: Bot) -> None:
    bot.call("pace")
    for _ in range(3):
        bot.do("sendMessage", chat_id=LI, text="快")
    answer = bot.raw("sendMessage", data={"chat_id": LI, "text": "太快"})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["description"] == "Too Many Requests: retry after 1"
    assert answer.json()["parameters"] == {"retry_after": 1}
    bot.do("sendChatAction", chat_id=LI, action="typing")  # free, as edits are
    bot.call("advance", seconds=0.5)
    assert bot.refused("sendMessage", chat_id=LI, text="还是快")[0] == 429
    bot.call("advance", seconds=0.5)
    bot.do("sendMessage", chat_id=LI, text="正好")
    bot.call("pace", on=False)
    for _ in range(10):
        bot.do("sendMessage", chat_id=LI, text="不管")


def test_the_pace_is_thirty_a_second_over_all(bot: Bot) -> None:
    bot.call("pace")
    first, last = bot.call("crowd", count=60)
    codes = [bot("sendMessage", chat_id=chat, text="通知").get("error_code", 200) for chat in range(first, last + 1)]
    assert codes == [200] * 33 + [429] * 27, "thirty, and what the slack for the wire allows"
    bot.call("advance", seconds=1)
    codes = [bot("sendMessage", chat_id=chat, text="通知").get("error_code", 200) for chat in range(first, last + 1)]
    assert codes.count(200) == 30
    assert bot.call("counts") == {"sendMessage 200": 63, "sendMessage 429": 57}
