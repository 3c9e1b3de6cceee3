"""What people do reaches the bot as Telegram brings it: by polling, by webhook, over a net that fails."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from handlers.telegram_fake.clock import VirtualTime
from handlers.telegram_fake.phone import Here, Phone
from handlers.telegram_fake.serving import serving
from handlers.telegram_fake.telegram import TOKEN, Telegram
from tests.certificate import self_signed
from tests.telegram import Bot, bot_and_fake

LI = 1001


@pytest.fixture
def bot() -> Iterator[Bot]:
    """A bot that 李建国 has started."""
    with bot_and_fake() as one:
        yield one


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    """A thread for a request that waits."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def ids(updates: list[dict[str, object]]) -> list[object]:
    """The updates' ids."""
    return [update["update_id"] for update in updates]


# ---------------------------------------------------------------- polling


def test_an_update_stays_until_it_is_confirmed(bot: Bot) -> None:
    for n in range(120):
        bot.li.say(f"第{n}条")
    first = bot.do("getUpdates")
    assert len(first) == 100
    assert ids(bot.do("getUpdates")) == ids(first), "nothing is confirmed by being read"
    assert len(bot.do("getUpdates", limit=5)) == 5
    rest = bot.do("getUpdates", offset=first[-1]["update_id"] + 1)
    assert [update["message"]["text"] for update in rest] == [f"第{n}条" for n in range(100, 120)]
    assert bot.call("pending") == 20
    assert ids(bot.do("getUpdates", offset=-3)) == ids(rest[-3:])
    assert bot.call("pending") == 3, "a negative offset forgets what lies before"


def test_a_poll_waits_for_what_comes(bot: Bot, elsewhere: ThreadPoolExecutor) -> None:
    poll = elsewhere.submit(bot.do, "getUpdates", timeout=30)
    _until_polled(bot)
    bot.li.say("来了")
    assert [update["message"]["text"] for update in poll.result(10)] == ["来了"]
    bot.do("getUpdates", offset=2**40)
    poll = elsewhere.submit(bot.do, "getUpdates", timeout=30)
    _until_polled(bot)
    bot.call("advance", seconds=31)
    assert poll.result(10) == []


def _until_polled(bot: Bot) -> None:
    """Until a poll waits: the fake says so itself."""
    for _ in range(1000):
        if bot.call("polled"):
            return
    raise AssertionError("nobody polls")


def test_a_second_poller_ends_the_first(bot: Bot, elsewhere: ThreadPoolExecutor) -> None:
    poll = elsewhere.submit(bot.refused, "getUpdates", timeout=30)
    _until_polled(bot)
    assert bot.do("getUpdates") == []
    words = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    assert poll.result(10) == (409, words)


def test_who_polls_and_dies_disturbs_nobody(bot: Bot) -> None:
    with pytest.raises(httpx.ReadTimeout):
        bot.raw("getUpdates", data={"timeout": "30"}, timeout=0.3)
    for _ in range(1000):
        if not bot.call("polled"):
            break
    bot.li.say("还在")
    assert len(bot.do("getUpdates", timeout=30)) == 1
    assert bot.call("counts") == {"getUpdates 200": 1}


def test_only_kinds_that_were_asked_for_come(bot: Bot) -> None:
    bot.do("getUpdates", allowed_updates=["message"])
    bot.li.block()
    bot.li.unblock()
    bot.li.say("好")
    assert [set(update) for update in bot.do("getUpdates")] == [{"update_id", "message"}]
    bot.do("getUpdates", allowed_updates=[], offset=2**40)
    bot.li.block()
    assert [set(update) for update in bot.do("getUpdates")] == [{"update_id", "my_chat_member"}]


def test_updates_of_any_kind_and_number_can_come(bot: Bot) -> None:
    bot.li.say("前")
    bot.call("update", payload={"telepathy": {"thought": "\ud800"}})
    bot.li.say("后")
    kinds = [sorted(set(update) - {"update_id"}) for update in bot.do("getUpdates")]
    assert kinds == [["message"], ["telepathy"], ["message"]]
    bot.call("renumber", first=7)
    bot.do("getUpdates", offset=2**40)
    bot.li.say("一周以后")
    assert ids(bot.do("getUpdates")) == [7]


def test_after_a_day_an_update_is_gone(bot: Bot) -> None:
    bot.li.say("昨天")
    bot.call("advance", seconds=23 * 3600)
    bot.li.say("今天")
    bot.call("advance", seconds=2 * 3600)
    assert [update["message"]["text"] for update in bot.do("getUpdates")] == ["今天"]


# ---------------------------------------------------------------- webhook


class Hook(ThreadingHTTPServer):
    """A bot's server that answers with the statuses it is given, then 200, and can be waited for."""

    daemon_threads = True

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = list(statuses)
        self.got: list[tuple[str, str, dict[str, object]]] = []
        self.arrived = threading.Semaphore(0)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}/hook?x=1"

    def next(self) -> tuple[str, str, dict[str, object]]:
        """The next push: path, secret, update."""
        assert self.arrived.acquire(timeout=10), "no push came"
        return self.got.pop(0)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Takes a push."""
        server = self.server
        assert isinstance(server, Hook)
        update = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        secret = self.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        self.send_response(server.statuses.pop(0) if server.statuses else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        server.got.append((self.path, secret, update))
        server.arrived.release()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A bot's server whose first two answers are refusals."""
    server = Hook(503, 500)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_gets_everything_until_it_has_taken_it(bot: Bot, hook: Hook) -> None:
    bot.li.say("早先")
    bot.do("setWebhook", url=hook.url, secret_token="Geheim_1", max_connections=1)
    path, secret, update = hook.next()
    assert (path, secret, update["message"]["text"]) == ("/hook?x=1", "Geheim_1", "早先")  # type: ignore[index]
    info = _info(bot, "last_error_message")
    assert (info["url"], info["max_connections"], info["pending_update_count"]) == (hook.url, 1, 1)
    assert info["last_error_message"] == "Wrong response from the webhook: 503"
    bot.call("advance", seconds=1)  # the first pause
    assert hook.next()[2] == update
    _info(bot, "last_error_message", "Wrong response from the webhook: 500")
    bot.call("advance", seconds=2)  # the second one is longer
    assert hook.next()[2] == update
    bot.li.say("现在")
    assert hook.next()[2]["message"]["text"] == "现在"  # type: ignore[index]
    assert bot.refused("getUpdates")[1].startswith("Conflict: can't use getUpdates method while webhook is active")
    assert bot.do("deleteWebhook")
    assert bot.do("getWebhookInfo")["url"] == ""
    assert bot.do("getUpdates") == []


def _info(bot: Bot, name: str, value: str = "") -> dict[str, object]:
    """getWebhookInfo as soon as it names an error."""
    for _ in range(1000):
        info: dict[str, object] = bot.do("getWebhookInfo")
        if info.get(name) and (not value or info[name] == value):
            return info
    raise AssertionError(info)


def test_what_a_chat_sends_is_pushed_in_its_order(bot: Bot, hook: Hook) -> None:
    """Whatever was refused in between; another chat does not wait for it."""
    wang = Phone(bot.fake, 1002)
    bot.do("setWebhook", url=hook.url, max_connections=4)
    bot.li.say("一")
    assert hook.next()[2]["message"]["text"] == "一"  # type: ignore[index]
    _info(bot, "last_error_message")
    hook.statuses.clear()
    bot.li.say("二")
    wang.say("我先")
    assert hook.next()[2]["message"]["text"] == "我先"  # type: ignore[index]
    bot.call("advance", seconds=1)
    assert [hook.next()[2]["message"]["text"] for _ in range(2)] == ["一", "二"]  # type: ignore[index]


def test_a_webhook_behind_tls_is_believed_by_its_certificate(bot: Bot, hook: Hook, tmp_path: Path) -> None:
    """One that nobody known has signed has to be handed in, as to Telegram itself."""
    hook.statuses.clear()
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    hook.socket = context.wrap_socket(hook.socket, server_side=True)
    url = hook.url.replace("http://", "https://")
    bot.do("setWebhook", url=url)
    bot.li.say("认得吗")
    assert "certificate verify failed" in str(_info(bot, "last_error_message")["last_error_message"])
    refused = bot.refused("setWebhook", files={"certificate": ("c.pem", b"no certificate")}, url=url)
    assert refused == (400, "Bad Request: bad webhook: failed to set custom certificate file")
    bot.do("setWebhook", files={"certificate": ("c.pem", certificate.read_bytes())}, url=url)
    assert hook.next()[2]["message"]["text"] == "认得吗"  # type: ignore[index]
    assert bot.do("getWebhookInfo")["has_custom_certificate"]


def test_a_webhook_that_nobody_serves_is_tried_again(bot: Bot, hook: Hook) -> None:
    hook.statuses.clear()
    url = hook.url
    bot.do("setWebhook", url="http://127.0.0.1:9/hook")
    bot.li.say("有人吗")
    assert "refused" in str(_info(bot, "last_error_message")["last_error_message"])
    bot.do("setWebhook", url=url)
    assert hook.next()[2]["message"]["text"] == "有人吗"  # type: ignore[index]
    bot.do("setWebhook", url="", drop_pending_updates=True)
    assert bot.call("pending") == 0


def test_a_webhook_is_on_this_machine_with_a_proper_secret(bot: Bot, elsewhere: ThreadPoolExecutor) -> None:
    assert "bad webhook" in bot.refused("setWebhook", url="http://192.0.2.1/hook")[1]
    assert "unallowed" in bot.refused("setWebhook", url="http://127.0.0.1:9/", secret_token="秘密")[1]
    poll = elsewhere.submit(bot.refused, "getUpdates", timeout=30)
    _until_polled(bot)
    bot.do("setWebhook", url="http://127.0.0.1:9/")
    assert poll.result(10) == (409, "Conflict: terminated by setWebhook request")


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize("kind", ["drop", "reset", "lost"])
def test_a_connection_ends_without_an_answer(bot: Bot, kind: str) -> None:
    bot.call("fault", kind=kind, method="send*", skip=1, times=2)
    bot.do("sendMessage", chat_id=LI, text="一")
    for text in ("二", "三"):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            bot("sendMessage", chat_id=LI, text=text)
    bot.do("sendMessage", chat_id=LI, text="四")
    arrived = ["一", "二", "三", "四"] if kind == "lost" else ["一", "四"]
    assert [message.text for message in bot.li.screen().from_bot] == arrived
    fate = {"drop": "dropped"}.get(kind, kind)
    assert [entry["fate"] for entry in bot.call("journal")] == ["", fate, fate, ""]


def test_a_lost_answer_of_a_poll_loses_no_update(bot: Bot) -> None:
    bot.li.say("要紧的话")
    bot.call("fault", kind="lost", method="getUpdates")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        bot("getUpdates")
    assert bot.do("getUpdates")[0]["message"]["text"] == "要紧的话"


def test_answers_can_be_told_beforehand(bot: Bot) -> None:
    bot.call("fault", kind="flood", chat=LI, seconds=35)
    bot.call("fault", kind="gateway")
    bot.call("fault", kind="error", status=403, description="Forbidden: bot was blocked by the user")
    answer = bot("sendMessage", chat_id=LI, text="x")
    assert (answer["error_code"], answer["parameters"]) == (429, {"retry_after": 35})
    gateway = bot.raw("sendMessage", data={"chat_id": LI, "text": "x"})
    assert (gateway.status_code, gateway.headers["content-type"].split(";")[0]) == (502, "text/html")
    assert bot.refused("getMe") == (403, "Forbidden: bot was blocked by the user")
    bot.do("getMe")
    bot.call("fault", kind="error")
    bot.call("calm")
    bot.do("getMe")
    with pytest.raises(ValueError, match="no kind of fault"):
        bot.call("fault", kind="earthquake")


def test_answers_take_their_time(bot: Bot, elsewhere: ThreadPoolExecutor) -> None:
    bot.call("latency", seconds=2)
    slow = elsewhere.submit(bot.do, "getMe")
    for _ in range(40):
        bot.call("advance", seconds=0.1)
        if slow.done():
            break
    assert slow.result(10)["is_bot"]
    assert bot.call("journal")[-1]["took"] >= 2


def test_blocked_deactivated_moved_and_unknown(bot: Bot) -> None:
    bot.li.block()
    assert bot.refused("sendMessage", chat_id=LI, text="x") == (403, "Forbidden: bot was blocked by the user")
    with pytest.raises(ValueError, match="blocked"):
        bot.li.say("x")
    bot.li.unblock()
    bot.do("sendMessage", chat_id=LI, text="x")
    states = [update["my_chat_member"] for update in bot.do("getUpdates")]
    assert [state["new_chat_member"]["status"] for state in states] == ["kicked", "member"]
    group = bot.li.add_to_group("槐树村")
    moved = bot.call("migrate", chat=group)
    answer = bot("sendMessage", chat_id=group, text="x")
    assert answer["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert answer["parameters"] == {"migrate_to_chat_id": moved}
    assert bot.do("sendMessage", chat_id=moved, text="x")["chat"]["type"] == "supergroup"
    bot.do("leaveChat", chat_id=moved)
    assert bot.refused("sendMessage", chat_id=moved, text="x")[0] == 403
    assert bot.refused("sendMessage", chat_id=5, text="x") == (400, "Bad Request: chat not found")
    bot.call("person", user=1002, first_name="王芳")
    assert "can't initiate" in bot.refused("sendMessage", chat_id=1002, text="x")[1]
    bot.li.deactivate()
    assert bot.refused("sendMessage", chat_id=LI, text="x") == (403, "Forbidden: user is deactivated")
    assert bot.violations == []


# ---------------------------------------------------------------- the same, on one loop


async def test_the_fake_runs_on_ones_own_loop() -> None:
    """With time that stands still, and a bot that polls beside its people."""
    clock = VirtualTime()
    telegram = Telegram(clock=clock)
    li = Phone(Here(telegram), LI, first_name="李建国")
    async with serving(telegram) as url, httpx.AsyncClient(base_url=f"{url}/bot{TOKEN}/", trust_env=False) as client:
        poll = asyncio.create_task(client.post("getUpdates", data={"timeout": "50"}))
        li.start("7Kq2")
        update = (await poll).json()["result"][0]
        assert update["message"]["text"] == "/start 7Kq2"
        assert update["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
        comes = asyncio.create_task(li.comes("您好"))
        await client.post("sendMessage", data={"chat_id": "1001", "text": "您好，这里是案例通。"})
        assert (await comes).from_bot[-1].text == "您好，这里是案例通。"
        with pytest.raises(TimeoutError, match="再见"):
            await li.comes("再见", seconds=0.05)
    assert telegram.account().journal.violations == []
