"""Both Telegram libraries do the same with what is asked of them, and fail in the same way."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Blocked, ChannelError, Refused, TryLater
from handlers.telegram_common import (
    ALLOWED,
    CAPTION_LIMIT,
    TEXT_LIMIT,
    Answered,
    Change,
    Conflict,
    Gone,
    Hand,
    Leave,
    Library,
    Me,
    Menu,
    Moved,
    Pin,
    Request,
    Speak,
    Strip,
    Webhook,
    WrongToken,
)
from handlers.telegram_fake.limits import units
from handlers.telegram_fake.telegram import TOKEN
from tests.certificate import self_signed
from tests.telegram import Bot, bot_and_fake
from tests.telegram_libraries import BOT, LI, LIBRARIES, answering, bytes_of, everything, heard_by, opened


@pytest.fixture
def bot() -> Iterator[Bot]:
    """A fake with a bot that 李建国 has started."""
    with bot_and_fake() as one:
        yield one


@pytest.fixture(scope="module")
def shared() -> Iterator[Bot]:
    """One fake for many examples."""
    with bot_and_fake() as one:
        yield one


@pytest.fixture(params=LIBRARIES)
async def library(request: pytest.FixtureRequest, bot: Bot) -> AsyncIterator[Library]:
    """Each of the libraries."""
    async with opened(request.param, bot.url) as one:
        yield one


# ---------------------------------------------------------------- what is asked for


NAME = "云溪县石桥镇槐树村：“片长制”案例（第1稿）.docx"
ROWS = ((("写完了", "a:done"), ("看例子", "a:example")), (("跳过 ⏭", "a:skip"),))
MENU = (("progress", "看进度"), ("help", "帮助"))


async def test_every_request_is_seen_on_the_phone(bot: Bot, library: Library) -> None:
    """Messages with buttons and keyboards, files, edits, pins, answers, the menu; the ids that come back are theirs."""
    assert await library.me() == Me(id=BOT["id"], username="anlitong_bot")
    card = await library.do(Speak(chat=LI, text="总览 https://example.cn", rows=ROWS))
    shown = bot.li.screen().messages[-1]
    assert (shown.id, shown.text, shown.labels) == (card, "总览 https://example.cn", ["写完了", "看例子", "跳过 ⏭"])
    assert [button.data for row in shown.buttons for button in row] == ["a:done", "a:example", "a:skip"]
    await library.do(Change(chat=LI, message=card, text="总览（改）", rows=ROWS[:1]))
    await library.do(Change(chat=LI, message=card, text="总览（改）", rows=ROWS[:1]))  # the same once more: no error
    await library.do(Pin(chat=LI, message=card))
    pinned = bot.li.screen().pinned
    assert pinned is not None and (pinned.id, pinned.text, pinned.labels) == (card, "总览（改）", ["写完了", "看例子"])
    query = bot.li.press("写完了")
    for _ in range(2):  # the second one is too late: no error
        await library.do(Answered(query=query, text="记下了"))
    assert [answer["text"] for answer in bot.li.screen().answers] == ["记下了"]
    for _ in range(2):
        assert await library.do(Strip(chat=LI, message=card)) == 0
    assert bot.li.screen().pinned is not None and bot.li.screen().messages[-2].labels == []

    keys = ((("发送我的手机号", "phone"), ("发送位置", "place")), (("跳过", ""),))
    await library.do(Speak(chat=LI, text="电话？", keys=keys))
    keyboard = bot.li.screen().keyboard
    assert keyboard is not None and keyboard["one_time_keyboard"] and keyboard["resize_keyboard"]
    assert keyboard["keyboard"] == [
        [{"text": "发送我的手机号", "request_contact": True}, {"text": "发送位置", "request_location": True}],
        [{"text": "跳过"}],
    ]
    await library.do(Speak(chat=LI, text="好", clear=True))
    assert bot.li.screen().keyboard is None
    sent = await library.do(Hand(chat=LI, name=NAME, data=b"PK\x03\x04" * 99, caption="写好了", rows=ROWS[:1]))
    shown = bot.li.screen().messages[-1]
    assert shown.file is not None and (shown.id, shown.file["name"], shown.text) == (sent, NAME, "写好了")
    assert (bot.li.fetch(shown), shown.labels) == (b"PK\x03\x04" * 99, ["写完了", "看例子"])
    await library.do(Menu(commands=MENU))
    assert [(c["command"], c["description"]) for c in bot.li.screen().commands] == list(MENU)
    assert bot.violations == []


async def test_a_webhook_is_set_and_taken_away(bot: Bot, library: Library, tmp_path: Path) -> None:
    """What waits is kept either way; the secret is not among what Telegram tells. A certificate goes along."""
    bot.li.say("等着")
    await library.do(Webhook(url="http://127.0.0.1:9/hook", secret="S-3_x", max_connections=2))
    told = await library.webhook()
    assert (told["url"], told["max_connections"]) == ("http://127.0.0.1:9/hook", 2)
    assert tuple(told["allowed_updates"]) == ALLOWED
    assert "S-3_x" not in str(told) and not told["has_custom_certificate"]
    certificate = self_signed(tmp_path)[0].read_bytes()
    await library.do(Webhook(url="https://127.0.0.1:9/hook", certificate=certificate))
    assert (await library.webhook())["has_custom_certificate"]
    with pytest.raises(Conflict):
        await library.updates(0, seconds=0)
    await library.do(Webhook(url=""))
    assert (await library.webhook())["url"] == ""
    assert [h.text for h in await heard_by(library)] == ["等着"]
    assert bot.violations == []


async def everything_asked(bot: Bot, library: Library) -> list[Any]:
    """Each request in each of its forms, and what the fake has noted of it."""
    await library.me()
    card = await library.do(Speak(chat=LI, text="总览", rows=ROWS))
    requests: list[Request] = [
        Speak(chat=LI, text="电话？", keys=((("手机号", "phone"), ("位置", "place")), (("跳过", ""),))),
        Speak(chat=LI, text="好🌶", clear=True),
        Speak(chat=LI, text="没有按钮"),
        Hand(chat=LI, name=NAME, data=b"PK", caption="写好了", rows=ROWS),
        Hand(chat=LI, name="名单.txt", data=b"1"),
        Change(chat=LI, message=card, text="改", rows=ROWS[1:]),
        Change(chat=LI, message=card, text="再改"),
        Strip(chat=LI, message=card),
        Pin(chat=LI, message=card),
        Answered(query=bot.li.press_gone(card, "x")),
        Answered(query=bot.li.press_gone(card, "x"), text="好"),
        Leave(chat=bot.li.add_to_group()),
        Menu(commands=MENU),
        Webhook(url="http://127.0.0.1:9/hook", secret="S-3_x", max_connections=2),
        Webhook(url="http://127.0.0.1:9/other"),
        Webhook(url=""),
    ]
    for request in requests:
        await library.do(request)
    bot.li.document(b"123", "一.txt")
    await library.webhook()
    (clip,) = (await heard_by(library))[-1].clips
    assert await bytes_of(library, clip) == b"123"
    assert bot.violations == []
    return list(bot.call("normalised", skip=[]))


async def test_both_libraries_ask_for_the_same_in_the_same_words() -> None:
    """Method by method and field by field, files by name and hash: the two journals are equal."""
    journals = []
    for name in LIBRARIES:
        with bot_and_fake() as bot:
            async with opened(name, bot.url) as library:
                journals.append(await everything_asked(bot, library))
    one, other = journals
    assert len(one) == 21
    assert one == other


# Whatever people write: many scripts, both directions, signs above the first plane. Control characters and lone
# surrogates are taken out before.
LETTERS = st.characters(exclude_categories=["Cs", "Cc"])
SPECIAL = st.sampled_from(
    ["片长制", "🌶", "👩‍🌾", "🇨🇳", "مرحبا", "שלום", "é", "&=%+?#", "<b>*_`", '"\\', "\n", "　", "𠮷"]
)
WORDS = st.lists(st.text(LETTERS, min_size=1, max_size=8) | SPECIAL, min_size=1, max_size=6).map("".join)


def within(limit: int) -> st.SearchStrategy[str]:
    """Texts of up to so many UTF-16 units that are not empty to the eye; some use the limit up."""
    made = st.tuples(WORDS, st.sampled_from([1, 1, 3, 999])).map(lambda w: cut(w[0] * w[1], limit))
    return made.map(str.strip).filter(lambda text: bool(text.strip("\u2800\u3164")))


def cut(text: str, limit: int) -> str:
    """The longest beginning that fits."""
    fits, used = 0, 0
    for character in text:
        used += units(character)
        if used > limit:
            break
        fits += 1
    return text[:fits]


NAMES = within(200).map(lambda name: re.sub(r'[/\\"\n]', "", name).strip() or "文件").map(lambda name: f"{name}.docx")
LABELS = within(30)
DATA = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64)
BUTTONS = st.lists(st.lists(st.tuples(LABELS, DATA), min_size=1, max_size=3).map(tuple), max_size=3).map(tuple)
REQUESTS = st.one_of(
    st.builds(Speak, chat=st.just(LI), text=within(TEXT_LIMIT), rows=BUTTONS),
    st.builds(Hand, chat=st.just(LI), name=NAMES, data=st.binary(min_size=1), caption=within(CAPTION_LIMIT)),
    st.builds(Answered, query=st.just("1"), text=within(200)),
    st.builds(Menu, commands=st.tuples(st.tuples(st.just("help"), within(200)))),
)


@settings(max_examples=40, deadline=None)
@given(requests=st.lists(REQUESTS, min_size=1, max_size=4))
def test_whatever_is_said_goes_out_the_same_way(shared: Bot, requests: list[Request]) -> None:
    """Within the limits nothing breaks a rule of the Bot API, and both libraries' journals are equal."""

    async def journal(name: str) -> Any:
        shared.call("clear")
        async with opened(name, shared.url) as library:
            for request in requests:
                await library.do(request)
        assert shared.violations == []
        return shared.call("normalised")

    one, other = (asyncio.run(journal(name)) for name in LIBRARIES)
    assert one == other
    written = [request.text for request in requests if isinstance(request, Speak)]
    assert [entry["fields"]["text"] for entry in one if entry["method"] == "sendMessage"] == written
    files = [request.name for request in requests if isinstance(request, Hand)]
    assert [e["fields"]["document"]["file"] for e in one if e["method"] == "sendDocument"] == files


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize(
    ("status", "description", "parameters", "error"),
    [
        (403, "Forbidden: bot was blocked by the user", {}, Blocked),
        (403, "Forbidden: user is deactivated", {}, Blocked),
        (403, "Forbidden: bot can't initiate conversation with a user", {}, Blocked),
        (403, "Forbidden: bot was kicked from the group chat", {}, Blocked),
        (400, "Bad Request: chat not found", {}, Blocked),
        (400, "Bad Request: message to edit not found", {}, Gone),
        (400, "Bad Request: message can't be edited", {}, Gone),
        (400, "Bad Request: message to pin not found", {}, Gone),
        (400, "Bad Request: message to delete not found", {}, Gone),
        (400, "Bad Request: MESSAGE_ID_INVALID", {}, Gone),
        (400, "Bad Request: message is too long", {}, Refused),
        (400, "Bad Request: BUTTON_DATA_INVALID", {}, Refused),
        (413, "Request Entity Too Large", {}, Refused),
        (400, "Bad Request: group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": -1009}, Moved),
        (429, "Too Many Requests: retry after 37", {"retry_after": 37}, TryLater),
        (401, "Unauthorized", {}, WrongToken),
        (404, "Not Found", {}, WrongToken),
        (409, "Conflict: terminated by other getUpdates request", {}, Conflict),
        (500, "Internal Server Error", {}, TryLater),
    ],
)
async def test_every_refusal_has_its_error(
    shared: Bot, name: str, status: int, description: str, parameters: dict[str, int], error: type[ChannelError]
) -> None:
    """Telegram's words become one of our errors, with the exact seconds or the new chat; each is of no other kind."""
    shared.call("fault", kind="error", status=status, description=description, parameters=parameters)
    async with opened(name, shared.url) as library:
        with pytest.raises(ChannelError) as caught:
            await library.do(Change(chat=LI, message=5, text="总览"))
    wrong = caught.value
    assert type(wrong) is error or (error is TryLater and isinstance(wrong, TryLater))
    if isinstance(wrong, Moved):
        assert wrong.chat == -1009
    if isinstance(wrong, TryLater):
        assert wrong.after == (37 if status == 429 else pytest.approx(2, abs=2))
    assert TOKEN not in everything(wrong) and "总览" not in everything(wrong)


@pytest.mark.parametrize("kind", ["gateway", "drop", "reset", "lost"])
async def test_a_net_that_fails_means_later(bot: Bot, library: Library, kind: str) -> None:
    """No connection, a gateway's page, an answer that never came: try later, in a short while; then it goes on."""
    bot.call("fault", kind=kind, method="sendMessage")
    with pytest.raises(TryLater) as caught:
        await library.do(Speak(chat=LI, text="您好"))
    assert 0 < caught.value.after <= 10
    assert TOKEN not in everything(caught.value) and "您好" not in everything(caught.value)
    assert await library.do(Speak(chat=LI, text="您好")) > 0


@pytest.mark.parametrize("name", LIBRARIES)
async def test_what_the_fake_itself_refuses(bot: Bot, name: str) -> None:
    """Blocked, unknown and gone, as they come about; a token of the wrong form is refused before anything is asked."""
    async with opened(name, bot.url) as library:
        bot.li.block()
        for chat in (LI, 4444):
            with pytest.raises(Blocked):
                await library.do(Speak(chat=chat, text="您好"))
        bot.li.unblock()
        for request in (Change(chat=LI, message=99, text="x"), Strip(chat=LI, message=99), Pin(chat=LI, message=99)):
            with pytest.raises(Gone):
                await library.do(request)
        group = bot.li.add_to_group()
        new = bot.call("migrate", chat=group)
        with pytest.raises(Moved) as moved:
            await library.do(Speak(chat=group, text="您好"))
        assert moved.value.chat == new
    async with opened(name, bot.url, "7777777:" + "x" * 35) as stranger:
        for call in (stranger.me(), stranger.updates(0, seconds=0), stranger.do(Speak(chat=LI, text="您好"))):
            with pytest.raises(WrongToken):
                await call
    for token in ("", "nonsense", "12:ab/../x", "12:ab c"):
        with pytest.raises(WrongToken):
            async with opened(name, bot.url, token):
                pass
    with pytest.raises(TryLater):
        async with opened(name, "http://127.0.0.1:9") as nowhere:
            await nowhere.me()


SENT = b'{"ok":true,"result":{"message_id":5,"date":1795300000,"chat":{"id":1001,"type":"private"},"text":{"new":1}}}'


@pytest.mark.parametrize("name", LIBRARIES)
async def test_what_was_sent_counts_as_sent(name: str) -> None:
    """An answer with something in it that the library does not know gives the id: the message is not sent again."""
    with answering(200, SENT) as url:
        async with opened(name, url) as library:
            assert await library.do(Speak(chat=LI, text="您好")) == 5
            assert await library.do(Hand(chat=LI, name=NAME, data=b"PK")) == 5
            assert await library.do(Change(chat=LI, message=5, text="您好")) == 0


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, b"<html>Forbidden</html>"),
        (404, b"<html>Not Found</html>"),
        (400, b'{"error":"message to edit not found"}'),
        (200, b"<html>Please log in to this network</html>"),
        (200, b'{"ok":true'),
        (200, b'{"ok":false,"description":"?"}'),
    ],
)
async def test_what_does_not_come_from_telegram_means_later(name: str, status: int, body: bytes) -> None:
    """A gateway's refusal closes no address, drops no message and doubts no token."""
    with answering(status, body) as url:
        async with opened(name, url) as library:
            for call in (library.me(), library.updates(0, seconds=0), library.do(Speak(chat=LI, text="您好"))):
                with pytest.raises(TryLater) as caught:
                    await call
                assert TOKEN not in everything(caught.value) and "您好" not in everything(caught.value)


async def test_no_token_and_no_text_is_logged(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is asked, answered or refused, at the chattiest level: neither token nor secret nor anybody's words."""
    caplog.set_level(logging.DEBUG)
    for name in LIBRARIES:
        async with opened(name, bot.url) as library:
            bot.li.say("村里的话")
            await heard_by(library)
            await library.do(Speak(chat=LI, text="村里的话"))
            await library.do(Webhook(url="http://127.0.0.1:9/hook", secret="S-3_x"))
            await library.do(Webhook(url=""))
            for kind in ("gateway", "drop", "flood"):
                bot.call("fault", kind=kind)
                with pytest.raises(TryLater):
                    await library.do(Speak(chat=LI, text="村里的话"))
    secrets = (TOKEN.partition(":")[2], "S-3_x", "村里的话", "\\u6751")
    ours = [record for record in caplog.records if not record.name.startswith("uvicorn")]  # that is the fake's server
    assert not [r.name for r in ours for secret in secrets if secret in f"{r.getMessage()} {r.__dict__}"]
