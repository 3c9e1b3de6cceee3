"""The way to Telegram: what arrives there, what is tried again, who waits for whom, and that no text has the token."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from typing import Any

import pytest

from bot.errors import Refused, TryLater
from handlers.limiter import Limiter, notice
from handlers.telegram_fake.clock import RealTime
from handlers.telegram_fake.phone import Here, Phone
from handlers.telegram_fake.serving import serving
from handlers.telegram_fake.telegram import TOKEN, Telegram
from handlers.transport import Part, Transport, Unreachable
from tests.timelapse import Lapse, lapse

LI, WANG = 1001, 1002
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Line:
    """A fake Telegram, its strings, and a transport to it; 李 and 王 have started the bot."""

    def __init__(self, url: str, telegram: Telegram, transport: Transport) -> None:
        self.url = url
        self.fake = Here(telegram)
        self.transport = transport
        self.journal = telegram.account().journal
        for user in (LI, WANG):
            Phone(self.fake, user, first_name=str(user)).start()

    async def post(self, method: str, files: Mapping[str, Part] | None = None, **fields: Any) -> tuple[int, Any]:
        """One request: the status and what the answer says."""
        how = {"seconds": fields.pop("seconds")} if "seconds" in fields else {}
        status, body = await self.transport.post(f"{self.url}/bot{TOKEN}/{method}", fields, files, **how)
        return status, json.loads(body)

    async def say(self, chat: int, text: str = "您好") -> int:
        """A message: the status."""
        return (await self.post("sendMessage", chat_id=chat, text=text))[0]

    def heard(self) -> list[Any]:
        """The texts that were shown to people, in their order."""
        return [e.fields["text"] for e in self.journal.of("sendMessage") if e.status == 200]

    def counts(self, *names: str) -> list[int]:
        """Some of the transport's counts."""
        return [self.transport.counts()[name] for name in names]


@asynccontextmanager
async def line(*, paced: bool = False, tries: int = 3, fraction: float = 0.5) -> AsyncIterator[Line]:
    """A fake on this loop and its time. `paced`: with the limits of both sides."""
    world = Lapse(fraction)
    telegram = Telegram(clock=RealTime(world))
    transport = Transport(Limiter(world=world) if paced else None, tries=tries, world=world)
    async with serving(telegram) as url:
        one = Line(url, telegram, transport)
        one.fake.call("pace", on=paced)
        try:
            yield one
        finally:
            await transport.close()


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[tuple[str, Transport]]:
    """Something else that answers on this loop: its address, and a transport to it."""

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()

    listening = await asyncio.start_server(served, "127.0.0.1", 0)
    transport = Transport(world=Lapse())
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", transport
    finally:
        await transport.close()
        listening.close()
        await listening.wait_closed()


async def request_on(reader: asyncio.StreamReader) -> bytes:
    """One request's head, its body read as well."""
    head = await reader.readuntil(b"\r\n\r\n")
    for name, _, length in (row.partition(b": ") for row in head.split(b"\r\n")):
        if name.lower() == b"content-length":
            await reader.readexactly(int(length))
    return head


def now() -> float:
    """The loop's seconds."""
    return asyncio.get_running_loop().time()


# ---------------------------------------------------------------- what arrives


def test_fields_arrive_as_they_were_given() -> None:
    """Numbers, booleans, JSON and Chinese come through, with files and without."""
    buttons = json.dumps({"inline_keyboard": [[{"text": "写完了", "callback_data": "done"}]]})
    fields: dict[str, Any] = {
        "chat_id": LI,
        "reply_markup": buttons,
        "protect_content": True,
        "disable_notification": False,
    }

    async def story() -> None:
        async with line() as one:
            status, answer = await one.post("sendMessage", text="村里 &=%+🌶\n“好”", **fields)
            assert (status, answer["result"]["text"]) == (200, "村里 &=%+🌶\n“好”")
            paper = {"document": Part(name="a.txt", data=b"x")}
            assert (await one.post("sendDocument", paper, caption="村里 &=%+🌶\n“好”", **fields))[0] == 200
            said, handed = one.journal.entries
            wanted = {**fields, "reply_markup": json.loads(buttons)}
            assert said.fields == {**wanted, "text": "村里 &=%+🌶\n“好”"}
            assert {k: v for k, v in handed.fields.items() if k != "document"} == {
                **wanted,
                "caption": "村里 &=%+🌶\n“好”",
            }
            assert one.journal.violations == []

    lapse(story)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("云溪26-017 石桥镇槐树村：花椒里的老支书.docx", "云溪26-017 石桥镇槐树村：花椒里的老支书.docx"),
        ("100%20 (2)+🌶'，。；.docx", "100%20 (2)+🌶'，。；.docx"),
        ('他说"好"\r\n\\x.docx', "他说_好____x.docx"),
    ],
)
def test_a_file_s_name_and_bytes_arrive_unchanged(name: str, seen: str) -> None:
    """Only what cannot stand in a part's head is replaced."""
    data = random.Random(1).randbytes(3_000_000)

    async def story() -> None:
        async with line() as one:
            files = {"x1": Part(name=name, data=data, mime="application/msword")}
            status, answer = await one.post("sendDocument", files, chat_id=LI, document="attach://x1")
            (entry,) = one.journal.of("sendDocument")
            assert status == 200
            assert entry.fields["document"] == {
                "file": seen,
                "size": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
            assert answer["result"]["document"]["mime_type"] == "application/msword"

    lapse(story)


def test_half_a_character_stops_nothing() -> None:
    """A lone surrogate, which no UTF-8 can hold, goes as a question mark."""

    async def story() -> None:
        async with line() as one:
            assert await one.say(LI, "好\ud83d") == 200
            files = {"document": Part(name="\ud83d.txt", data=b"x")}
            assert (await one.post("sendDocument", files, chat_id=LI, caption="好\ud83d"))[0] == 200
            assert [one.heard(), one.journal.entries[1].fields["caption"]] == [["好?"], "好?"]

    lapse(story)


def test_a_connection_is_used_again_and_little_is_sent_beside_the_request() -> None:
    """Thirty requests in a row come over one connection, with a minimum of headers and no cookies."""
    heads: list[bytes] = []
    connections = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        while True:
            heads.append(await request_on(reader))
            writer.write(b'HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 11\r\n\r\n{"ok":true}')

    async def story() -> None:
        async with server(serve) as (url, transport):
            for n in range(30):
                assert await transport.post(f"{url}/bot{TOKEN}/sendMessage", {"n": n}) == (200, b'{"ok":true}')
        names = {row.split(b":")[0].lower() for row in heads[-1].split(b"\r\n")[1:] if row}
        assert (len(heads), len(connections)) == (30, 1)
        assert names == {b"host", b"accept", b"content-type", b"content-length"}

    lapse(story)


# ---------------------------------------------------------------- what is tried again


@pytest.mark.parametrize("kind", ["drop", "reset", "gateway", "error", "slow", "lost"])
def test_a_broken_way_is_tried_again(kind: str) -> None:
    """One fault is not noticed by whoever sent; a message whose answer was lost comes twice, and none is lost."""

    async def story() -> None:
        async with line() as one:
            one.fake.call("fault", kind=kind, method="sendMessage", seconds=22)
            assert await one.say(LI) == 200
            assert one.counts("requests", "retries", "broken", "floods", "refused") == [2, 1, 1, 0, 0]
            await asyncio.sleep(25)  # until the fake's slow answer is done as well
            assert len(one.heard()) == (1 if kind in ("drop", "reset", "gateway", "error") else 2)
            assert one.journal.violations == []

    lapse(story)


@pytest.mark.parametrize("kind", ["drop", "reset", "gateway", "error", "slow", "lost"])
def test_after_the_last_try_it_is_unreachable(kind: str) -> None:
    """As many tries as were asked for; files are sent whole each time; the error asks for a few seconds."""

    async def story() -> None:
        async with line(tries=4) as one:
            one.fake.call("fault", kind=kind, times=9, seconds=22)
            with pytest.raises(Unreachable, match=r"^sendDocument: no answer$") as raised:
                await one.post("sendDocument", {"document": Part(name="稿.docx", data=b"paper")}, chat_id=LI)
            assert isinstance(raised.value, TryLater)
            assert 0 < raised.value.after <= 5
            assert one.counts("requests", "retries", "broken") == [4, 3, 4]
            one.fake.call("calm")
            await asyncio.sleep(25)
            assert [e.fields["document"]["size"] for e in one.journal.of("sendDocument")] == [5, 5, 5, 5]

    lapse(story)


def test_pauses_grow_and_are_spread() -> None:
    """Up to 0.4, 0.8, 1.6 and then 2 seconds, by chance; none at all by the smallest chance."""

    async def pauses(fraction: float) -> list[float]:
        async with line(tries=6, fraction=fraction) as one:
            one.fake.call("fault", kind="drop", times=9)
            with pytest.raises(Unreachable):
                await one.say(LI)
            times = [e.at for e in one.journal.entries]
            return [round(b - a, 2) for a, b in pairwise(times)]

    assert lapse(lambda: pauses(1.0)) == [0.4, 0.8, 1.6, 2.0, 2.0]
    assert lapse(lambda: pauses(0.25)) == [0.1, 0.2, 0.4, 0.5, 0.5]
    assert lapse(lambda: pauses(0.0)) == [0.0] * 5


def test_nobody_at_home_is_unreachable() -> None:
    """A port on which nobody listens, and an address that is none, are a broken way like any other."""

    async def story() -> None:
        async with server(lambda *_: asyncio.sleep(0)) as (url, _):
            pass
        async with server(lambda *_: asyncio.sleep(0)) as (_, transport):
            for place in (url, "http://127.0.0.1:99999", "nonsense", "http://["):
                with pytest.raises(Unreachable, match=r"^getChat: no answer$"):
                    await transport.post(f"{place}/bot{TOKEN}/getChat", {})
            assert transport.counts()["requests"] == 12

    lapse(story)


def test_a_poll_is_tried_once() -> None:
    """getUpdates has a loop of its own that tries on."""

    async def story() -> None:
        async with line() as one:
            one.fake.call("fault", kind="drop", times=9)
            with pytest.raises(Unreachable, match=r"^getUpdates: no answer$"):
                await one.post("getUpdates", offset=0)
            assert one.counts("requests", "retries") == [1, 0]

    lapse(story)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n<html>Log in</ht",
        b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"ok":',
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_what_is_no_answer_of_telegram_s_is_none(answer: bytes) -> None:
    """A redirection, somebody's page, half an answer, another protocol."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_on(reader)
        writer.write(answer)

    async def story() -> None:
        async with server(serve) as (url, transport):
            with pytest.raises(Unreachable):
                await transport.post(f"{url}/bot{TOKEN}/sendMessage", {})
            assert transport.counts()["broken"] == 3

    lapse(story)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413])
def test_a_refusal_is_handed_on(status: int) -> None:
    """With Telegram's words, at once: the library makes of it what it does."""

    async def story() -> None:
        async with line() as one:
            one.fake.call("fault", kind="error", status=status, description="Forbidden: bot was blocked by the user")
            given, answer = await one.post("sendMessage", chat_id=LI, text="您好")
            assert (given, answer["description"]) == (status, "Forbidden: bot was blocked by the user")
            assert one.counts("requests", "refused", "broken", "floods") == [1, 1, 0, 0]

    lapse(story)


# ---------------------------------------------------------------- the end of things


def test_who_gives_up_is_let_go_at_once() -> None:
    """Cancelled under way, in a pause between two tries, or held: nothing is tried after that."""

    async def story() -> None:
        for fault in ({"kind": "slow", "seconds": 15}, {"kind": "drop", "times": 9}, {"kind": "flood", "seconds": 9}):
            async with line(paced=True) as one:
                one.fake.call("fault", **fault)
                if fault["kind"] == "flood":
                    assert await one.say(LI) == 429
                sending = asyncio.create_task(one.say(LI))
                await asyncio.sleep(0.1)
                begun, requests = now(), one.counts("requests")
                sending.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await sending
                assert now() == begun
                await asyncio.sleep(20)
                assert one.counts("requests", "waiting") == [*requests, 0]

    lapse(story)


def test_a_closed_transport_stays_closed() -> None:
    """What is under way ends as unreachable, and what comes later; nothing is left open."""

    async def story() -> None:
        async with line() as one:
            one.fake.call("fault", kind="slow", seconds=15)
            sending = asyncio.create_task(one.say(LI))
            await asyncio.sleep(1)
            await one.transport.close()
            with pytest.raises(Unreachable):
                await sending
            with pytest.raises(Unreachable):
                await one.say(LI)
            with pytest.raises(Unreachable):
                [chunk async for chunk in one.transport.stream(f"{one.url}/file/bot{TOKEN}/x")]
            await one.transport.close()
            assert one.counts("requests") == [1]

    lapse(story)


def test_aiohttp_is_loaded_with_the_first_request() -> None:
    """A deployment without Telegram has no aiohttp, and can name the transport all the same."""
    code = "import sys; from handlers.transport import Transport; Transport().counts(); print('aiohttp' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"


# ---------------------------------------------------------------- files


def test_a_file_is_fetched_in_chunks() -> None:
    """Its bytes as they were sent; a 5xx on the way is tried again."""
    data = random.Random(2).randbytes(1_000_000)

    async def story() -> None:
        async with line() as one:
            files = {"document": Part(name="照片.zip", data=data)}
            _, sent = await one.post("sendDocument", files, chat_id=LI)
            _, found = await one.post("getFile", file_id=sent["result"]["document"]["file_id"])
            one.fake.call("fault", kind="error", method="file", status=502)
            place = f"{one.url}/file/bot{TOKEN}/{found['result']['file_path']}"
            chunks = [chunk async for chunk in one.transport.stream(place)]
            assert b"".join(chunks) == data
            assert 1 < max(map(len, chunks)) <= 64 * 1024
            assert one.counts("requests", "retries") == [4, 1]

    lapse(story)


def test_a_file_that_is_gone_is_refused() -> None:
    """It will not come by asking again; a server that is down may."""

    async def story() -> None:
        async with line() as one:
            place = f"{one.url}/file/bot{TOKEN}/documents/secret-name.docx"
            with pytest.raises(Refused, match=r"^file: 404$"):
                [chunk async for chunk in one.transport.stream(place)]
            for status in (429, 503):
                one.fake.call("fault", kind="error", method="file", status=status, times=3)
                with pytest.raises(Unreachable, match=r"^file: no answer$"):
                    [chunk async for chunk in one.transport.stream(place)]
            assert one.counts("requests", "refused", "broken") == [7, 1, 6]

    lapse(story)


def test_a_file_that_breaks_off_is_no_file() -> None:
    """Who has half of it learns so, and begins anew: the other half is not made up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_on(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500)

    async def story() -> None:
        async with server(serve) as (url, transport):
            got = b""
            with pytest.raises(Unreachable, match=r"^file: no answer$"):
                async for chunk in transport.stream(f"{url}/file/bot{TOKEN}/a"):
                    got += chunk
            assert (got, transport.counts()["requests"]) == (b"x" * 500, 1)

    lapse(story)


# ---------------------------------------------------------------- the token


def _texts(error: BaseException | None) -> Iterator[str]:
    """Everything that an error and those behind it say."""
    while error is not None:
        yield f"{error!r} {error} {vars(error)}"
        assert error.__cause__ is None, "something hangs on it"
        error = error.__context__


@pytest.mark.parametrize("debug", [False, True])
def test_the_token_is_in_no_text(debug: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong: not in the log at its most talkative, not in an error, not in one behind it."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("aiohttp").setLevel(logging.DEBUG)
    texts: list[str] = []

    async def troubled(one: Line, place: str) -> None:
        for ask in (
            one.transport.post(f"{place}/bot{TOKEN}/sendMessage", {"chat_id": LI, "text": "我的话"}),
            anext(aiter(one.transport.stream(f"{place}/file/bot{TOKEN}/a.jpg"))),
        ):
            try:
                await ask
            except (TryLater, Refused) as error:
                texts.extend(_texts(error))

    async def story() -> None:
        for kind in ("drop", "reset", "gateway", "slow", "lost", "error", "flood"):
            async with line(paced=True) as one:
                one.fake.call("fault", kind=kind, times=9, seconds=30)
                await troubled(one, one.url)
        async with line() as one:
            for place in ("http://127.0.0.1:9", "http://127.0.0.1:99999", "nonsense", "http://["):
                await troubled(one, place)

    lapse(story, debug=debug)
    assert len(texts) > 12
    everything = "\n".join([*texts, caplog.text, *(str(vars(record)) for record in caplog.records)])
    for secret in (TOKEN, TOKEN.partition(":")[2], "我的话", "a.jpg"):
        assert [row for row in everything.splitlines() if secret in row] == []


# ---------------------------------------------------------------- the pace


def test_a_flood_is_told_and_obeyed() -> None:
    """The 429 comes back as it is; the chat then waits as long as it says, never shorter; the others go on."""

    async def story() -> None:
        async with line(paced=True) as one:
            one.fake.call("fault", kind="flood", method="sendMessage", seconds=37)
            status, answer = await one.post("sendMessage", chat_id=LI, text="一")
            refused = now()
            assert (status, answer["parameters"]) == (429, {"retry_after": 37})
            assert one.counts("requests", "floods", "refused") == [1, 1, 0]
            held = [asyncio.create_task(one.say(LI, text)) for text in "二三"]
            assert await one.say(WANG, "别人") == 200
            assert [one.counts("waiting"), now() < refused + 0.1] == [[2], True]
            assert await asyncio.gather(*held) == [200, 200]
            assert 37 <= now() - refused < 37.1
            assert one.heard() == ["别人", "二", "三"]

    lapse(story)


def test_two_chats_refused_at_once_hold_the_whole_bot() -> None:
    """It is the bot's own limit then; polls go on."""

    async def story() -> None:
        async with line(paced=True) as one:
            one.fake.call("fault", kind="flood", method="sendMessage", seconds=9, times=2)
            assert [await one.say(LI), await one.say(WANG)] == [429, 429]
            begun = now()
            answering = asyncio.create_task(one.post("answerCallbackQuery", callback_query_id="1"))
            assert (await one.post("getMe"))[0] == 200
            assert (await one.post("getUpdates", offset=0))[0] == 200
            assert now() < begun + 0.1
            await answering
            assert 9 <= now() - begun < 9.1

    lapse(story)


def test_what_is_sent_at_once_into_a_chat_goes_in_its_order_and_meets_no_flood() -> None:
    """Three at once, then one a second; edits in between cost nothing."""

    async def story() -> None:
        async with line(paced=True) as one:
            sent = (await one.post("sendMessage", chat_id=LI, text="卡"))[1]["result"]["message_id"]
            await asyncio.sleep(10)
            begun = now()
            sending = [asyncio.create_task(one.say(LI, str(n))) for n in range(8)]
            for n in range(20):
                await one.post("editMessageText", chat_id=LI, message_id=sent, text=f"卡{n}")
            assert now() < begun + 0.1
            assert await asyncio.gather(*sending) == [200] * 8
            assert one.heard() == ["卡", *map(str, range(8))]
            assert 5 <= now() - begun < 5.5
            assert one.counts("floods") == [0]

    lapse(story)


def test_a_run_of_notices_meets_no_flood_and_stops_no_reply() -> None:
    """Three hundred notices through the fake's own buckets, people chatting meanwhile, thirty of them at one moment."""

    async def story() -> None:
        async with line(paced=True) as one:
            for user in range(2000, 2300):
                Phone(one.fake, user, first_name=str(user)).start()
            begun, waits = now(), []

            async def reply(user: int, at: float) -> int:
                await asyncio.sleep(at)
                asked = now()
                status = await one.say(user, "答")
                waits.append(now() - asked)
                return status

            with notice():
                notices = [asyncio.create_task(one.say(user, "通知")) for user in range(2000, 2300)]
            replies = [asyncio.create_task(reply(2000 + n * 7, n * 0.25)) for n in range(40)]
            replies += [asyncio.create_task(reply(2001 + n * 7, 5.0)) for n in range(25)]
            assert set(await asyncio.gather(*notices, *replies)) == {200}
            assert max(waits) < 0.1
            assert one.counts("floods", "waiting") == [0, 0]
            assert 365 / 30 < now() - begun < 365 / 28

    lapse(story)
