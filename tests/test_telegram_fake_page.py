"""The page that plays the phone, and the command that starts it all."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from handlers.telegram_fake.clock import RealTime
from handlers.telegram_fake.phone import Phone, Remote, Screen
from handlers.telegram_fake.telegram import TOKEN
from tests import pictures
from tests.browser import WAIT, free_port, serving
from tests.telegram import Bot, bot_and_fake


@pytest.fixture
def bot() -> Iterator[Bot]:
    """A bot that nobody has started, in real time."""
    with bot_and_fake(RealTime(), started=False) as one:
        yield one


@pytest.fixture
def page(browser: Any, bot: Bot) -> Iterator[Any]:
    """The page on a small phone; nothing its script complained of is let pass."""
    context = browser.new_context(viewport={"width": 360, "height": 640}, locale="zh-CN", has_touch=True)
    context.set_default_timeout(WAIT)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(bot.url)
    page.wait_for_selector("html[data-ready]")
    yield page
    assert faults == []
    context.close()


def heard(bot: Bot) -> Any:
    """The next update, confirmed at once."""
    update = bot.do("getUpdates", timeout=10, limit=1)[0]
    bot.do("getUpdates", offset=update["update_id"] + 1)
    return update


@pytest.mark.browser
def test_a_person_tries_the_bot(page: Any, bot: Bot) -> None:
    page.fill("#link", "不是链接 吧")
    page.click("#starting button")
    page.get_by_text("这个链接不对").wait_for()
    page.fill("#link", "https://t.me/anlitong_bot?start=7Kq2")
    page.click("#starting button")
    assert heard(bot)["message"]["text"] == "/start 7Kq2"

    buttons = {"inline_keyboard": [[{"text": "同意，开始", "callback_data": "yes"}]]}
    sent = bot.do("sendMessage", chat_id=1001, text="您好 <i>", reply_markup=buttons)
    page.get_by_text("您好 <i>", exact=True).wait_for()
    page.get_by_role("button", name="同意，开始").click()
    query = heard(bot)["callback_query"]
    bot.do("answerCallbackQuery", callback_query_id=query["id"], text="记下了")
    bot.do("editMessageText", chat_id=1001, message_id=sent["message_id"], text="已同意")
    page.locator("#notice").get_by_text("记下了").wait_for()
    page.get_by_text("已同意", exact=True).wait_for()
    assert page.get_by_role("button", name="同意，开始").count() == 0

    page.fill("#box", "412户")
    page.click("#send")
    number = heard(bot)["message"]["message_id"]
    page.get_by_role("button", name="修改").click()
    page.fill("#box", "413户\n1586人")
    page.click("#send")
    edited = heard(bot)["edited_message"]
    assert (edited["message_id"], edited["text"]) == (number, "413户\n1586人")
    page.get_by_text("413户\n1586人").wait_for()
    assert bot.violations == []


def chosen(*names: str) -> list[dict[str, Any]]:
    """Pictures, no two the same, as a browser is handed them."""
    return [
        {"name": name, "mimeType": "image/jpeg", "buffer": pictures.jpeg(640 + n, 480)} for n, name in enumerate(names)
    ]


def tap(page: Any, thing: str) -> None:
    """＋, and what lies behind it."""
    page.click("#more")
    page.locator("#things").get_by_role("button", name=thing, exact=True).click()


@pytest.mark.browser
def test_everything_a_phone_can_send(page: Any, bot: Bot) -> None:
    """Photos alone and together, as they are taken or as files, documents, captions, and what has no text."""
    page.click("#starting button")
    heard(bot)

    page.set_input_files("#photos", chosen("1.jpg"))
    page.get_by_text("选了1张照片").wait_for()
    page.fill("#box", "院坝会")
    page.click("#send")
    single = heard(bot)["message"]
    assert (single["caption"], "media_group_id" in single, len(single["photo"])) == ("院坝会", False, 3)
    page.set_input_files("#photos", chosen("2.jpg"))
    page.get_by_role("button", name="不发了").click()
    page.locator("#chosen").wait_for(state="hidden")
    page.set_input_files("#photos", chosen("2.jpg", "3.jpg"))
    page.fill("#box", "两张")
    page.click("#send")
    first, second = heard(bot)["message"], heard(bot)["message"]
    assert first["media_group_id"] == second["media_group_id"] and (first["caption"], "caption" in second) == (
        "两张",
        0,
    )
    page.wait_for_function("() => [...document.images].filter((img) => img.naturalWidth > 600).length === 3")

    page.set_input_files("#photos", chosen("原图.jpg"))
    page.get_by_text("当文件发").click()
    page.click("#send")
    assert heard(bot)["message"]["document"]["file_name"] == "原图.jpg"
    page.set_input_files("#photos", [{"name": "坏.jpg", "mimeType": "image/jpeg", "buffer": b"no"}])
    page.click("#send")
    page.get_by_text("这不是照片，或者打不开").wait_for()
    page.get_by_text("选了1张照片").wait_for()
    page.set_input_files("#documents", [{"name": "初稿.docx", "mimeType": "application/msword", "buffer": b"PK"}])
    page.fill("#box", "改过的")
    page.click("#send")
    document = heard(bot)["message"]
    assert (document["document"]["file_name"], document["caption"]) == ("初稿.docx", "改过的")

    tap(page, "语音")
    assert heard(bot)["message"]["voice"]["duration"] == 5
    tap(page, "位置")
    assert heard(bot)["message"]["location"] == {"latitude": 31.05, "longitude": 107.1}
    tap(page, "我的电话")
    assert heard(bot)["message"]["contact"]["user_id"] == 1001
    tap(page, "别人的电话")
    assert "user_id" not in heard(bot)["message"]["contact"]
    tap(page, "贴图")
    assert heard(bot)["message"]["sticker"]["emoji"] == "👍"
    assert [m.kind for m in bot.li.screen().messages[-5:]] == ["voice", "location", "contact", "contact", "sticker"]

    page.get_by_text("改过的").click()
    page.locator(f"[data-id='{document['message_id']}']").get_by_role("button", name="修改").click()
    page.fill("#box", "又改了")
    page.click("#send")
    assert heard(bot)["edited_message"]["caption"] == "又改了"
    assert bot.violations == []


@pytest.mark.browser
def test_what_the_bot_brings_is_seen_as_on_a_phone(page: Any, bot: Bot) -> None:
    """A file to keep, keys under the box, the menu, the pinned message, a reply, an address."""
    page.click("#starting button")
    heard(bot)
    bot.do("sendDocument", {"document": ("案例（第1稿）.docx", b"PK\x03\x04")}, chat_id=1001)
    with page.expect_download() as download:
        page.get_by_role("button", name="案例（第1稿）.docx").click()
    assert download.value.suggested_filename == "案例（第1稿）.docx"
    assert Path(download.value.path()).read_bytes() == b"PK\x03\x04"

    keys = {"keyboard": [[{"text": "发送我的手机号", "request_contact": True}]], "one_time_keyboard": True}
    bot.do("setMyCommands", commands=[{"command": "progress", "description": "进度"}])
    bot.do("sendMessage", chat_id=1001, text="电话？", reply_markup=keys)
    key = page.get_by_role("button", name="发送我的手机号")
    assert key.bounding_box()["y"] > page.locator("#box").bounding_box()["y"], "under the box, as the apps have it"
    key.click()
    contact = heard(bot)["message"]
    assert contact["contact"]["user_id"] == 1001
    page.get_by_text("+8613900001001").wait_for()
    bot.do("sendMessage", chat_id=1001, text="记下了", reply_parameters={"message_id": contact["message_id"]})
    page.locator(".quoted").wait_for()
    card = bot.do("sendMessage", chat_id=1001, text="目录\n1 未写")
    bot.do("pinChatMessage", chat_id=1001, message_id=card["message_id"])
    page.locator("#pinned").get_by_text("目录 1 未写").wait_for()
    heard(bot)
    page.locator("#log").get_by_text("目录\n1 未写").click()
    page.get_by_role("button", name="删除").click()
    page.locator("#pinned").wait_for(state="hidden")
    gone = bot.refused("editMessageText", chat_id=1001, message_id=card["message_id"], text="目录")
    assert gone == (400, "Bad Request: message to edit not found")

    page.click("#menu")
    page.get_by_role("button", name="进度").click()
    assert heard(bot)["message"]["text"] == "/progress"
    bot.do("sendMessage", chat_id=1001, text="换手机：https://t.me/anlitong_bot?start=c-1，点一下。")
    page.get_by_role("link", name="https://t.me/").click()
    assert heard(bot)["message"]["text"] == "/start c-1"
    assert bot.violations == []


@pytest.mark.browser
def test_another_person_a_group_and_an_end(page: Any, bot: Bot) -> None:
    page.click("#starting button")
    heard(bot)
    tap(page, "建一个群")
    assert heard(bot)["my_chat_member"]["new_chat_member"]["status"] == "member"
    group = heard(bot)["message"]["chat"]["id"]
    page.get_by_role("button", name="村务群").click()
    page.fill("#box", "/help")
    page.click("#send")
    assert heard(bot)["message"]["chat"] == {"id": group, "type": "group", "title": "村务群"}
    bot.do("sendMessage", chat_id=group, text="我只在一对一的聊天里收材料。")
    bot.do("leaveChat", chat_id=group)
    heard(bot)
    page.get_by_text("机器人已经不在这个群里").wait_for()

    page.select_option("#who", "1002")
    page.locator("#starting").wait_for()
    assert page.locator("#log article").count() == 0
    page.get_by_role("button", name="村务群").click()
    page.get_by_text("李建国", exact=True).wait_for()
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.fill("#link", "7Kq2")
    page.click("#starting button")
    assert heard(bot)["message"]["from"] == {"id": 1002, "is_bot": False, "first_name": "王秀英"}

    tap(page, "停用机器人")
    assert heard(bot)["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    page.get_by_role("button", name="重新启用").click()
    assert heard(bot)["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert heard(bot)["message"]["text"] == "/start"
    assert bot.violations == []


@pytest.mark.browser
def test_nothing_is_wider_than_the_phone(page: Any, bot: Bot) -> None:
    page.click("#starting button")
    heard(bot)
    row = [{"text": "很长的按钮" * 6, "callback_data": "a"}, {"text": "短", "callback_data": "b"}]
    bot.do("sendMessage", chat_id=1001, text="a" * 900, reply_markup={"inline_keyboard": [row]})
    bot.do("sendDocument", {"document": ("长" * 200 + ".docx", b"PK")}, chat_id=1001, caption="https://" + "x" * 300)
    page.locator(".file").wait_for()
    wide = "() => Math.max(document.body.scrollWidth, document.getElementById('log').scrollWidth)"
    assert page.evaluate(wide) <= 360


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """It does not outlive a test that fails."""
    try:
        yield
    finally:
        process.kill()


def seen(phone: Phone, test: Callable[[Screen], bool]) -> None:
    """Returns when it is to be seen on the phone. (`Phone.wait` wants a thread without a loop; a browser has one.)"""
    end = time.monotonic() + 30
    while not test(screen := phone.screen()):
        assert time.monotonic() < end, screen.texts
        time.sleep(0.05)


def test_the_command_says_how_to_use_it(tmp_path: Path) -> None:
    """Its address, how to end it, and lines that start our own bot beside it, which then answers on the phone."""
    port = free_port()
    command = [sys.executable, "-m", "bot", "telegram", "fake", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as fake, ended(fake):
        assert fake.stdout is not None and fake.stderr is not None
        printed = []
        for line in fake.stdout:
            printed.append(line)
            if line.startswith("它打印的"):
                break
        said = "".join(printed)
        url = f"http://127.0.0.1:{port}"
        assert f"{url}/\n" in said
        environ = dict(re.findall(r"^export (\w+)=(\S+)$", said, re.M))
        assert environ["ANLITONG_TELEGRAM__API"] == url
        assert re.search(r"\n(\S*python\S* -m bot serve)\n", said), "called so, it is to be called so again"
        assert environ["ANLITONG_TELEGRAM__LIBRARY"] == "ptb" and "写 ptb 或 aiogram 都行" in said
        li = Phone(Remote(url), 1001, first_name="李建国")
        with serving(tmp_path / "data", environ=environ) as served:
            li.start()
            seen(li, lambda screen: "要有邀请链接" in screen.texts[-1])
            li.say(served.writer)
            seen(li, lambda screen: "第一次来" in screen.messages[-1].labels)
        with httpx.Client(trust_env=False) as client:
            assert client.get(f"{url}/bot{TOKEN}/getMe").json()["result"]["first_name"] == "案例通"
            assert client.get(url).headers["content-security-policy"].startswith("default-src 'none'")
            assert client.get(f"{url}/phone/../methods.json").status_code == 404
        taken = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert (taken.returncode, taken.stdout) == (1, "")
        assert re.search(rf"端口{port}已经有程序在用", taken.stderr)
        fake.send_signal(signal.SIGTERM)
        assert fake.wait(timeout=20) == 0
        assert fake.stderr.read() == ""
        assert fake.stdout.read().strip() == "已停。"


def test_the_command_serves_this_machine_alone() -> None:
    command = [sys.executable, "-m", "bot", "telegram", "fake", "--host", "0.0.0.0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (1, "")
    assert "只给本机试用" in done.stderr
