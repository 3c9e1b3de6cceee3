"""A library that is not installed is named; the other one works; what is told of the channel to whoever watches."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.__main__ import main
from handlers.telegram_fake.clock import RealTime
from handlers.telegram_fake.limits import START
from handlers.telegram_fake.phone import Phone, Remote
from handlers.telegram_fake.serving import in_thread
from handlers.telegram_fake.telegram import TOKEN, Telegram
from tests.browser import serving
from tests.certificate import self_signed
from tests.telegram import bot_and_fake
from tests.telegram_house import talking

TOP = Path(__file__).parent.parent
NAMES = {"aiogram": "aiogram", "ptb": "telegram"}


@pytest.fixture
def without(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A library's name, and a folder of packages with everything that is installed but this library."""
    missing: str = request.param
    folder = tmp_path / "packages"
    folder.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if entry.name != NAMES[missing] and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)
    yield missing, folder


@pytest.mark.parametrize("without", ["aiogram", "ptb"], indirect=True)
def test_a_library_that_is_missing_is_named_and_the_other_works(without: tuple[str, Path], tmp_path: Path) -> None:
    """One sentence says what to install; with the other library the same program makes its channel."""
    missing, folder = without
    other = next(name for name in NAMES if name != missing)
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{TOP}{os.pathsep}{folder}", "LANG": "C.UTF-8"}
    environ |= {"ANLITONG_TELEGRAM__TOKEN": TOKEN, "ANLITONG_TELEGRAM__API": "http://127.0.0.1:9"}

    def run(library: str, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-S", "-m", "bot", *args, "--data", str(tmp_path / "data")],
            env={**environ, "ANLITONG_TELEGRAM__LIBRARY": library},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )

    refused = run(missing, "telegram", "webhook", "info")
    assert refused.returncode == 1
    assert f'pip install "anlitong[{missing}]"' in refused.stderr and "Traceback" not in refused.stderr
    tried = run(other, "telegram", "webhook", "info")
    assert tried.returncode == 1 and "连不上Telegram（http://127.0.0.1:9）" in tried.stderr, tried.stderr


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "还没有令牌"),
        ({"ANLITONG_TELEGRAM__TOKEN": TOKEN, "ANLITONG_TELEGRAM__WEBHOOK": "/tg/abcdefgh"}, "还没有密文"),
        ({"ANLITONG_TELEGRAM__TOKEN": TOKEN, "ANLITONG_TELEGRAM__WEBHOOK": "/short"}, "最后一段至少8个字符"),
        ({"ANLITONG_TELEGRAM__TOKEN": TOKEN, "ANLITONG_TELEGRAM__SECRET": "weak"}, "16到256个字符"),
        ({"ANLITONG_TELEGRAM__LIBRARY": "telethon"}, "aiogram ptb"),
    ],
)
def test_settings_that_cannot_work_are_told_before_anything_starts(environ: dict[str, str], said: str) -> None:
    """Each in a sentence with its key; a token in a file is refused without being shown."""
    from bot.config import load
    from bot.errors import ConfigError

    with pytest.raises(ConfigError, match=said) as caught:
        load(None, environ={"ANLITONG_TELEGRAM__LIBRARY": "ptb", **environ})
    line = str(caught.value)
    assert re.match(r"(环境变量|\S+): (telegram\.\w+|ANLITONG_TELEGRAM__(TOKEN|SECRET)): ", line) and TOKEN not in line


def test_commands_that_do_not_speak_to_telegram_want_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Whoever makes a link by hand need not know it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text('[telegram]\nlibrary = "ptb"\nwebhook = "/tg/abcdefgh"\n', "utf-8")
    assert main(["invite", "--uses", "1"]) == main(["invite", "list"]) == main(["cases", "list"]) == 0
    for typed in (["serve", "--port", "0"], ["telegram", "webhook", "info"], ["doctor"]):
        capsys.readouterr()
        assert main(typed) == 1
        told = capsys.readouterr()
        assert "ANLITONG_TELEGRAM__TOKEN: 还没有令牌" in told.out + told.err


def doctor(capsys: Any, folder: Path, **environ: str) -> tuple[int, list[str]]:
    """What it says of Telegram (and of settings that it cannot use), with these settings in the environment."""
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as other:
        patch.chdir(folder)
        for name, value in environ.items():
            patch.setenv(f"ANLITONG_{name}", value)
        status = other.submit(main, ["doctor", "--data", str(folder / "data")]).result()
    told = capsys.readouterr().out
    assert TOKEN not in told and "geheim" not in told
    return status, [line for line in told.splitlines() if "Telegram" in line or "TELEGRAM" in line]


def test_the_doctor_asks_telegram(tmp_path: Path, capsys: Any) -> None:
    """Library, token, bot, way, and whether it answers; whatever is wrong says what to do, and the status says so."""
    assert doctor(capsys, tmp_path) == (0, ["好　　Telegram：没有接"])
    status, lines = doctor(capsys, tmp_path, TELEGRAM__TOKEN=TOKEN)
    assert status == 0 and lines[0].startswith("留意") and "library 写" in lines[0]
    with bot_and_fake() as bot:
        mine = {"TELEGRAM__LIBRARY": "ptb", "TELEGRAM__API": bot.url, "TELEGRAM__TOKEN": TOKEN}
        named = {**mine, "TELEGRAM__BOT": "anlitong_bot"}
        there = f"好　　Telegram：{bot.url} 有回应，机器人是 @anlitong_bot"
        fetched = "好　　Telegram：用 ptb 接，已经装好，令牌写好了，由本机去取消息"
        assert doctor(capsys, tmp_path, **named) == (0, [fetched, there])
        assert doctor(capsys, tmp_path, **{**named, "TELEGRAM__LIBRARY": "aiogram"})[0] == 0
        status, lines = doctor(capsys, tmp_path, **mine)
        assert (status, lines[2][:2]) == (0, "留意") and "写上 anlitong_bot" in lines[2]
        status, lines = doctor(capsys, tmp_path, **{**mine, "TELEGRAM__BOT": "other_bot"})
        assert status == 1 and "请改成一样" in lines[2]

        pushed = {**named, "TELEGRAM__WEBHOOK": "/tg/geheim12", "TELEGRAM__SECRET": "geheim-geheim-geheim"}
        pushed["SITE__URL"] = "http://127.0.0.1:9"
        status, lines = doctor(capsys, tmp_path, **pushed)
        assert status == 1 and lines[0].endswith("由Telegram送到 http://127.0.0.1:9") and "webhook set" in lines[2]
        bot.do("setWebhook", url="http://127.0.0.1:9/tg/geheim12", max_connections=1)
        assert doctor(capsys, tmp_path, **pushed)[1][1:] == [there]
        status, lines = doctor(capsys, tmp_path, **named)
        assert status == 1 and "webhook delete" in lines[2]

        status, lines = doctor(capsys, tmp_path, **{**mine, "TELEGRAM__TOKEN": "1:AAgeheimgeheimgeheimgeheimgeheimgeh"})
        assert status == 1 and "没有对应的机器人" in lines[1]
    status, lines = doctor(capsys, tmp_path, **mine)
    assert (status, lines[1]) == (1, f"要改　Telegram：{bot.url} 没有回应，请检查网络和 [telegram] api。")
    status, lines = doctor(capsys, tmp_path, TELEGRAM__LIBRARY="ptb")
    assert (status, len(lines)) == (1, 1) and "环境变量: ANLITONG_TELEGRAM__TOKEN: 还没有令牌" in lines[0]


def test_a_webhook_s_own_certificate_is_handed_in_without_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """It goes to Telegram with the address; a file that holds a key, or no certificate, goes nowhere."""
    certificate, key = self_signed(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    monkeypatch.chdir(tmp_path)
    with bot_and_fake() as bot:
        settings = {"LIBRARY": "ptb", "API": bot.url, "TOKEN": TOKEN, "WEBHOOK": "/tg/abcdefgh", "SECRET": "s" * 16}
        for name, value in settings.items():
            monkeypatch.setenv(f"ANLITONG_TELEGRAM__{name}", value)
        monkeypatch.setenv("ANLITONG_SITE__URL", "https://localhost:9")
        for file, said in ((both, "里面有私钥"), (key, "不是PEM格式的证书"), (tmp_path / "none.pem", "没有文件")):
            assert main(["telegram", "webhook", "set", "--certificate", str(file)]) == 1
            assert said in capsys.readouterr().err
        assert bot.call("counts") == {}
        assert main(["telegram", "webhook", "set", "--certificate", str(certificate)]) == 0
        assert bot.do("getWebhookInfo")["has_custom_certificate"]
        assert main(["telegram", "webhook", "delete"]) == 0


def test_an_invite_opens_in_telegram_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Where the bot's name is known; the code is the page's, and fits what Telegram takes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANLITONG_TELEGRAM__BOT", "@yunxi_anli_bot")
    assert main(["invite", "--data", str(tmp_path / "data"), "--uses", "1"]) == 0
    said = capsys.readouterr().out
    link = re.search(r"/i/(\S+)", said)
    assert link and f"https://t.me/yunxi_anli_bot?start={link[1]}\n" in said
    assert START.fullmatch(link[1])


def test_a_token_in_the_file_is_refused(tmp_path: Path) -> None:
    """It says where it belongs, and does not show it."""
    from bot.config import load
    from bot.errors import ConfigError

    file = tmp_path / "config.toml"
    file.write_text(f'[telegram]\ntoken = "{TOKEN}"\n', "utf-8")
    with pytest.raises(ConfigError, match="ANLITONG_TELEGRAM__TOKEN") as caught:
        load(file, environ={})
    assert TOKEN not in str(caught.value)


async def test_what_a_watcher_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Library, way, updates and requests by kind in the health; no token, no text."""
    async with talking(tmp_path, "ptb") as talk:
        li = talk.somebody()
        await li.start(talk.link)
        health = await talk.house.look.health()
        told = health["channels"]["telegram"]
        assert (told["library"], told["by"], told["updates"]) == ("ptb", "polling", 1)
        assert told["requests"] >= 3 and told["floods"] == told["refused"] == told["broken"] == 0
        assert 0 <= told["silent_seconds"] < 60
        assert TOKEN not in str(health)


def test_a_backlog_is_told_and_counts_from_when_it_was_sent(tmp_path: Path) -> None:
    """A real program that was away for two hours says so in its log, once, and takes what waited."""
    clock = _Behind()
    telegram = Telegram(clock=clock)
    with in_thread(telegram) as url:
        fake = Remote(url)
        clock.seconds = 2 * 3600
        for user in (1, 2, 3):
            Phone(fake, user).start()
        clock.seconds = 0
        environ = {
            "ANLITONG_TELEGRAM__LIBRARY": "ptb",
            "ANLITONG_TELEGRAM__API": url,
            "ANLITONG_TELEGRAM__TOKEN": TOKEN,
        }
        with serving(tmp_path / "data", environ=environ) as served:
            Phone(fake, 3).wait("要有邀请链接", 30)
            end = time.monotonic() + 10
            log = next(tmp_path.glob("*.log"))
            while "a backlog" not in log.read_text("utf-8") and time.monotonic() < end:
                time.sleep(0.05)
            said = log.read_text("utf-8")
            assert said.count("a backlog") == 1 and '"hours": 2.0' in said and TOKEN not in said
            assert httpx.get(f"{served.url}/healthz", trust_env=False).json()["channels"]["telegram"]["updates"] == 3


class _Behind(RealTime):
    """A clock that can be set back."""

    seconds = 0.0

    def now(self) -> float:
        return super().now() - self.seconds
