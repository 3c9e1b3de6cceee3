"""The command line as somebody types it: real processes, what they print, and their exit status."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from docx import Document

from bot.__main__ import main
from bot.app import House
from bot.channel import Address
from bot.cli.common import program
from bot.cli.parser import COMMANDS, make_parser
from bot.engine.messages import Pressed
from bot.wording import Wording
from tests.homes import environment, home, tell, writer
from tests.test_terminal import Screen, talk

TOP = Path(__file__).parent.parent


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


def process(*args: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """One command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *args],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TOP), **environment(folder)},
        cwd=folder,
        timeout=60,
        check=False,
    )


@pytest.fixture
def anlitong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command in this process, in a folder without config.toml; imports cost more than most commands."""
    monkeypatch.chdir(tmp_path)
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)

    def run(*args: str) -> Done:
        capsys.readouterr()
        with ThreadPoolExecutor(1) as other:  # a test may have a loop of its own here
            status = other.submit(main, args).result()
        told = capsys.readouterr()
        return Done(status, told.out, told.err)

    return run


# ---------------------------------------------------------------- help


@pytest.mark.parametrize("path", ["", *COMMANDS])
def test_every_command_explains_itself(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In Chinese, with every option explained."""
    with pytest.raises(SystemExit) as ended:
        make_parser(Wording.load()).parse_args([*path.split(), "--help"])
    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert told.startswith("用法：anlitong")
    assert not re.search(r"\b(usage|options|optional|positional|show this)\b", told)
    for flags, values in COMMANDS.get(path, ()):
        name = flags[-1] if flags[-1].startswith("-") else values["metavar"]
        assert name in told


MISTYPED = {
    "bogus": "没有“bogus”这条命令，有这些：serve、talk、",
    "calls x": "没有“x”这条命令，有这些：list、check、show、open、extend、late-key。",
    "serve --nothing": "“--nothing”用不上，请去掉或改正。",
    "serve --port": "--port 后面还要写内容，请补上。",
    "serve --port 八千": "--port 后面要写整数，“八千”不是整数。",
    "paper 云溪26-017": "还缺 -o（Word文件的路径），请补上。",
    "paper": "还缺 NUMBER（案例编号，如 云溪26-017）、-o（Word文件的路径），请补上。",
    "paper x --read=1 -o f": "--read 后面不用写内容，请去掉等号和后面的字。",
}


@pytest.mark.parametrize("typed", MISTYPED)
def test_what_is_typed_wrongly(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2: what is wrong, and what can be typed instead."""
    with pytest.raises(SystemExit) as ended:
        main(typed.split())
    assert ended.value.code == 2
    usage, sentence, example = capsys.readouterr().err.rstrip("\n").rsplit("\n", 2)
    assert usage.startswith("用法：anlitong")
    assert sentence.startswith(MISTYPED[typed]) and sentence.endswith("。")
    assert re.fullmatch(r"例如：anlitong \w+ .+|全部用法：anlitong( calls)? --help", example)


@pytest.mark.parametrize("args", [["calls"], []])
def test_a_command_that_is_left_out(args: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, what there is to choose from, and where more is said."""
    assert main(args) == 2
    sentence, more = capsys.readouterr().err.splitlines()
    assert sentence.startswith("请选") and more.endswith("--help")


def test_every_example_can_be_typed() -> None:
    """The lines under a command's help, and those after a mistake."""
    wording = Wording.load()
    for path, options in COMMANDS.items():
        examples = wording.sentences.get(f"cli.{path.replace(' ', '.')}.example", "").splitlines()
        assert examples or not options
        for line in examples:
            program, *typed = line.split()
            args = make_parser(wording).parse_args(typed)
            assert program == "anlitong" and f"{args.command} {getattr(args, 'action', '')}".strip() == path


def test_a_line_to_be_typed_calls_the_program_as_it_was_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name where the shell finds it, else by the path from here; as a module, as a module."""
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    script = folder / "anlitong"
    script.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setattr(sys, "argv", [".venv/bin/anlitong", "telegram", "fake"])
    assert program() == ".venv/bin/anlitong"
    monkeypatch.setattr(sys, "argv", [str(script)])
    assert program() == ".venv/bin/anlitong"
    (other := tmp_path / "other").mkdir()
    monkeypatch.chdir(other)
    assert program() == str(script)
    monkeypatch.setenv("PATH", str(folder))
    assert program() == "anlitong"
    monkeypatch.setattr(sys, "argv", [str(TOP / "bot" / "__main__.py")])
    assert program() == f"{sys.executable} -m bot"


def test_help_and_count_load_little() -> None:
    """Nothing heavy is imported for what needs nothing heavy."""
    probe = (
        "import sys; from bot.__main__ import main\n"
        "main(['count', sys.argv[1]])\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('sqlalchemy', 'pydantic', 'starlette', 'uvicorn', "
        "'docx', 'PIL')])"
    )
    file = TOP / "README.md"
    target = str(file if file.is_file() else TOP / "pyproject.toml")
    done = subprocess.run([sys.executable, "-c", probe, target], capture_output=True, text=True, cwd=TOP, check=True)
    number, modules = done.stdout.split("\n", 1)
    assert int(number) > 0
    assert modules.strip() == "[]"


# ---------------------------------------------------------------- count, calls


def test_count(tmp_path: Path, anlitong: Run) -> None:
    """From a file in either encoding and from standard input; a missing file is told."""
    (tmp_path / "a.txt").write_text("槐树村有412户，2019年10月30日起。", "utf-8-sig")
    (tmp_path / "b.txt").write_bytes("槐树村".encode("gb18030"))
    assert anlitong("count", str(tmp_path / "a.txt")).stdout == "15\n"
    assert anlitong("count", str(tmp_path / "b.txt")).stdout == "3\n"
    missing = anlitong("count", str(tmp_path / "c.txt"))
    assert missing.returncode == 1 and "没有文件" in missing.stderr


def test_calls(tmp_path: Path, anlitong: Run) -> None:
    """List, show, check, open."""
    listed = anlitong("calls", "list", "--json", "--data", str(tmp_path / "data"))
    assert set(json.loads(listed.stdout)) == {"mca", "people", "short"}
    shown = json.loads(anlitong("calls", "show", "short", "--json").stdout)
    assert shown["title"] == "短案例" and shown["resolved"]["due"].endswith("+00:00")
    assert not [name for name in shown if name.startswith("_")]
    plain = anlitong("calls", "show", "short").stdout
    assert "12月15日24时" in plain and "做了什么？" in plain
    unknown = anlitong("calls", "show", "nothing")
    assert unknown.returncode == 1 and "mca" in unknown.stderr
    opened = anlitong("calls", "open", "short", "--data", str(tmp_path / "data"))
    assert opened.returncode == 0 and "12月15日24时截止" in opened.stdout
    assert anlitong("cases", "list", "--data", str(tmp_path / "data")).stdout == "还没有人交案例。\n"
    listed = anlitong("calls", "list", "--data", str(tmp_path / "data"))
    assert "年短案例，" in listed.stdout


def test_calls_check(tmp_path: Path, anlitong: Run) -> None:
    """Every mistake on its own line, status 1; hints alone leave 0."""
    assert anlitong("calls", "check").returncode == 0
    bad = tmp_path / "bad.toml"
    bad.write_text('id = "bad"\ntitle = "坏"\ncolour = 1\n', "utf-8")
    checked = anlitong("calls", "check", str(bad))
    assert checked.returncode == 1
    lines = checked.stdout.splitlines()
    assert len(lines) > 1 and all(line.startswith("bad.toml: ") for line in lines)


# ---------------------------------------------------------------- invite


def test_invite_prints_a_link_and_a_code(tmp_path: Path, anlitong: Run) -> None:
    """For people, for programs, and as a page to print."""
    page = tmp_path / "page.html"
    where = ("--data", str(tmp_path / "data"), "--unit", "云溪县/石桥镇/槐树村")
    done = anlitong("invite", *where, "--page", str(page))
    assert done.returncode == 0, done.stderr
    link = re.search(r"^http://127\.0\.0\.1:8000/i/\S+$", done.stdout, re.M)
    assert link and "█" in done.stdout
    html = page.read_text("utf-8")
    assert link[0] in html and "<svg" in html and "http" not in html.replace(link[0], "").replace("http://www.w3", "")
    raw = json.loads(anlitong("invite", *where, "--role", "coordinator", "--json").stdout)
    assert raw["uses"] == 1 and raw["role"] == "coordinator"
    admin = json.loads(anlitong("invite", "--data", where[1], "--role", "administrator", "--json").stdout)
    assert admin["unit"] == "云溪县"
    refused = anlitong("invite", *where, "--role", "coordinator", "--uses", "5")
    assert refused.returncode == 1 and refused.stderr.strip().endswith("。")


def test_invite_says_what_is_easily_overlooked(tmp_path: Path, anlitong: Run) -> None:
    """Units that were made new, and that anybody may use an open link; nothing where there is neither."""
    data = ("--data", str(tmp_path / "data"))
    first = anlitong("invite", *data, "--unit", "云溪县/石桥镇/槐树村").stdout
    assert "新建了单位：石桥镇、槐树村。" in first and "谁拿到这个链接都能用" in first and "invite revoke" in first
    second = anlitong("invite", *data, "--unit", "云溪县/石桥镇/青山村", "--uses", "1").stdout
    assert "新建了单位：青山村。" in second and "谁拿到" not in second
    assert "新建" not in anlitong("invite", *data, "--unit", "云溪县/石桥镇/槐树村").stdout


async def test_a_link_is_listed_and_taken_back(tmp_path: Path, anlitong: Run) -> None:
    """Who came by it stays; nobody else comes in; the list shows what still opens."""
    from bot.engine.messages import Knock

    data = ("--data", str(tmp_path / "data"))
    made = {}
    for unit in ("云溪县/石桥镇/槐树村", "云溪县/白沙镇"):
        made[unit] = json.loads(anlitong("invite", *data, "--unit", unit, "--json").stdout)
    link = made["云溪县/石桥镇/槐树村"]["link"]
    async with home(tmp_path, busy=False) as house:
        here = Address(channel="terminal", external="here")
        await tell(house, here, Knock(at=house.world.now(), link=link, intent="new"))
    listed = anlitong("invite", "list", *data)
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["单位", "云溪县/白沙镇", "云溪县/石桥镇/槐树村"]
    assert re.search(rf"槐树村  写稿人  不限 .* 1人 .*/i/{re.escape(link)}$", listed.stdout, re.M)
    below = anlitong("invite", *data, "list", "--unit", "云溪县/石桥镇", "--json")
    assert [(one["came"], one["living"]) for one in json.loads(below.stdout)] == [(1, True)]
    nowhere = anlitong("invite", "list", *data, "--unit", "云溪县/石桥")
    assert nowhere.returncode == 1 and "云溪县/石桥" in nowhere.stderr
    done = anlitong("invite", "revoke", *data, made["云溪县/石桥镇/槐树村"]["url"])
    assert done.returncode == 0 and "云溪县/石桥镇/槐树村" in done.stdout
    assert anlitong("invite", "revoke", *data, link).returncode == 1
    assert anlitong("invite", "revoke", *data, str(made["云溪县/白沙镇"]["invite"])).returncode == 0
    assert anlitong("invite", "list", *data).stdout.startswith("没有能用的链接")
    assert anlitong("invite", "list", *data, "--all").stdout.count("（已收回）") == 2
    async with home(tmp_path, busy=False) as house:
        there = Address(channel="terminal", external="there")
        await tell(house, there, Knock(at=house.world.now(), link=link, intent="new"))
        assert await house.look.visitor(there) is None
        assert await house.look.visitor(here) is not None


# ---------------------------------------------------------------- paper, quarantine, db, backup, doctor


async def test_paper_by_number(tmp_path: Path, anlitong: Run) -> None:
    """The plain command leaves no mark; --read opens the case, and its writer can take it back no more."""
    photo = tmp_path / "p.jpg"
    from tests import pictures

    photo.write_bytes(pictures.jpeg(1600, 1200))
    async with home(tmp_path) as house:
        _, _ = await writer(house, "none")
        from bot.acts import MakeInvite
        from bot.doors import Acted

        made = await house.act(MakeInvite(unit="云溪县/石桥镇/槐树村"))
        assert isinstance(made, Acted)
        screen = Screen(photo)
        assert await talk(house, screen, tmp_path, made.result["link"])
        number = re.search(r"云溪\d\d-\d{3}", "\n".join(screen.lines))
        assert number
    data, out = str(tmp_path / "data"), tmp_path / "out.docx"
    done = anlitong("paper", number[0], "-o", str(out), "--data", data)
    assert done.returncode == 0, done.stderr
    assert any("六片" in p.text for p in Document(str(out)).paragraphs)
    assert await _opened(tmp_path) is False
    _listed(number[0], data, anlitong)
    assert anlitong("paper", number[0], "-o", str(out), "--read", "--data", data).returncode == 0
    assert await _opened(tmp_path) is True
    assert "已打开" in anlitong("cases", "list", "--data", data).stdout
    await _told_once(tmp_path)
    again = anlitong("paper", number[0], "-o", str(out), "--read", "--data", data)
    assert again.returncode == 0
    await _told_once(tmp_path)
    unknown = anlitong("paper", "云溪26-999", "-o", str(out), "--data", data)
    assert unknown.returncode == 1 and "云溪26-999" in unknown.stderr


def _listed(number: str, data: str, anlitong: Run) -> None:
    """What was handed in is found by unit, call and state, as a table and as JSON."""
    edition, head, row = anlitong("cases", "list", "--data", data).stdout.splitlines()
    assert edition.endswith("年短案例：1篇") and head.split()[:2] == ["编号", "单位"]
    cells = [number, "云溪县/石桥镇/槐树村", "片长进院坝，小事不出片", "李建国"]
    assert row.split()[:4] == cells and row.split()[5] == "等待审核"
    (found,) = json.loads(anlitong("cases", "list", "--json", "--data", data).stdout)
    assert [found[key] for key in ("number", "unit", "title", "writer")] == cells
    assert found["state"] == "waiting" and found["call"] == "short" and found["words"] > 0 and found["n"] == 1
    narrowed = ["--call", "short", "--unit", "云溪县/石桥镇", "--state", "等待审核", "--data", data]
    assert number in anlitong("cases", "list", *narrowed).stdout
    assert number in anlitong("cases", "list", *narrowed[:4], "--state", "waiting", "--data", data).stdout
    assert anlitong("invite", "--unit", "云溪县/石桥", "--data", data).returncode == 0
    for none in (["--unit", "云溪县/石桥"], ["--state", "已通过"], ["--call", "mca"]):
        assert anlitong("cases", "list", *none, "--data", data).stdout == "没有这样的案例。\n"
    for wrong in (["--unit", "白沙镇"], ["--state", "看过"], ["--call", "nothing"]):
        refused = anlitong("cases", "list", *wrong, "--data", data)
        assert refused.returncode == 1 and wrong[1] in refused.stderr


async def _told_once(folder: Path) -> None:
    """The writer was told that it was opened, sees it above the conversation, and is offered no taking back."""
    async with home(folder, busy=False) as house:
        me = await house.look.visitor(Address(channel="terminal", external="u"))
        assert me is not None
        await house.wakes.ring_due()  # a server that runs would have done so
        said = [s.message for s in await house.look.events(me.scope, me.conversation, -1) if s.message.author == "bot"]
        told = house.wording.say("told.opened")
        assert [m.text for m in said].count(told) == 1 and said[-1].text == told
        assert [b.label for b in said[-1].buttons] == ["再报一篇", "我的案例"]
        board = await house.look.board(me.scope, me.conversation, "page")
        assert board["sub"] == "已打开，审核中"


async def _opened(folder: Path) -> bool:
    from sqlalchemy import select

    from storage.tables import cases

    async with home(folder, busy=False) as house:
        row = await house.readers.run(lambda c: c.execute(select(cases)).one())
        return row.opened_at is not None


async def test_quarantine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anlitong: Run) -> None:
    """What broke a turn is listed without its words, and replayed when the fault is gone."""
    from bot import app

    def broken(*_: object) -> None:
        raise RuntimeError("geheim")

    with monkeypatch.context() as patched:
        async with home(tmp_path, busy=False) as house:
            address, _ = await writer(house, "me")
        patched.setattr(app, "step", broken)
        async with home(tmp_path, busy=False) as house:
            await tell(house, address, Pressed(at=house.world.now(), press="consent:yes", label="同意，开始"))
    data = str(tmp_path / "data")
    listed = anlitong("quarantine", "list", "--data", data)
    assert "terminal" in listed.stdout and "geheim" not in listed.stdout and "同意" not in listed.stdout
    assert len(json.loads(anlitong("quarantine", "list", "--json", "--data", data).stdout)) == 1
    done = anlitong("quarantine", "replay", "--data", data)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "没有放着" in anlitong("quarantine", "list", "--data", data).stdout


def test_db_backup_restore_doctor(tmp_path: Path, anlitong: Run) -> None:
    """An empty folder, then a database, a backup, a restore into a new folder; doctor agrees."""
    data, other, tar = str(tmp_path / "data"), str(tmp_path / "other"), str(tmp_path / "b.tar")
    assert anlitong("db", "check", "--data", data).returncode == 1
    assert anlitong("backup", tar, "--data", data).returncode == 1
    assert anlitong("db", "upgrade", "--data", data).returncode == 0
    assert anlitong("db", "check", "--data", data).returncode == 0
    assert anlitong("backup", tar, "--data", data).returncode == 0
    twice = anlitong("backup", tar, "--data", data)
    assert twice.returncode == 1 and "已经有了" in twice.stderr
    full = anlitong("restore", tar, "--data", data)
    assert full.returncode == 1 and "已经有数据" in full.stderr
    assert anlitong("restore", tar, "--data", other).returncode == 0
    healthy = anlitong("doctor", "--json", "--data", other)
    assert healthy.returncode == 0, healthy.stdout
    assert {f["what"] for f in json.loads(healthy.stdout)} >= {"config", "folder", "database", "calls", "clock"}
    (tmp_path / "other").chmod(0o755)
    ill = anlitong("doctor", "--data", other)
    assert ill.returncode == 1 and "chmod 700" in ill.stdout
    (tmp_path / "other" / "anlitong.db").write_bytes(b"no database" * 1000)
    assert anlitong("doctor", "--data", other).returncode == 1


def test_settings_that_cannot_be_used(tmp_path: Path, anlitong: Run) -> None:
    """One line a mistake on stderr, status 1, no trace."""
    (tmp_path / "config.toml").write_text("[site]\nport = 'x'\ncolour = 1\n", "utf-8")
    done = anlitong("serve")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2 and "Traceback" not in done.stderr


# ---------------------------------------------------------------- serve


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def serving(folder: Path, port: int, **more: str) -> Iterator[subprocess.Popen[str]]:
    """A server that has answered once."""
    env = {**os.environ, "PYTHONPATH": str(TOP), **environment(folder), **more}
    command = [sys.executable, "-m", "bot", "serve", "--data", str(folder / "data"), "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=folder)
    try:
        for _ in range(400):
            assert server.poll() is None, server.stderr.read() if server.stderr else ""
            try:
                fetch(port, "/healthz")
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        yield server
    finally:
        server.kill()
        server.communicate()


def fetch(port: int, path: str) -> str:
    """A page."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return str(answer.read().decode())


def test_serve_from_an_empty_folder(tmp_path: Path) -> None:
    """It makes the demonstration, prints its links before it answers, is small, drains on SIGTERM, and keeps."""
    port = free_port()
    with serving(tmp_path, port) as server:
        assert json.loads(fetch(port, "/healthz"))["ok"] is True
        status = Path(f"/proc/{server.pid}/status").read_text()
        resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]
        assert resident < 100 * 1024
        loaded = Path(f"/proc/{server.pid}/maps").read_text()
        assert not any(f"/site-packages/{name}/" in loaded for name in ("PIL", "lxml", "numpy"))
        second = process("serve", "--data", str(tmp_path / "data"), "--port", str(free_port()), folder=tmp_path)
        assert second.returncode == 1 and "正有一个服务在用" in second.stderr
        taken = process("serve", "--data", str(tmp_path / "d2"), "--port", str(port), folder=tmp_path)
        assert taken.returncode == 1 and f"端口{port}" in taken.stderr
        server.send_signal(signal.SIGTERM)
        out, err = server.communicate(timeout=20)
        assert server.returncode == 0, err
    links = re.findall(rf"http://127\.0\.0\.1:{port}/i/(\S+)", out)
    assert len(links) == 3
    assert "Traceback" not in err
    assert not any(link in err for link in links)
    with serving(tmp_path, port):
        assert "石桥镇槐树村" in fetch(port, f"/i/{links[0]}")


def test_a_folder_that_cannot_be_written(tmp_path: Path, anlitong: Run) -> None:
    """One sentence, not a trace."""
    (tmp_path / "data").write_text("a file where the folder should be")
    done = anlitong("serve", "--data", str(tmp_path / "data"), "--port", str(free_port()))
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1 and done.stderr.strip().endswith("。")


def test_a_public_site_makes_no_demonstration(tmp_path: Path) -> None:
    """Where a url is set there are only the invites that the office makes."""
    port = free_port()
    public = {"ANLITONG_SITE__URL": "https://anli.example.gov.cn", "ANLITONG_OFFICE__PHONE": "0000-7654321"}
    with serving(tmp_path, port, **public) as server:
        server.send_signal(signal.SIGINT)
        out, _ = server.communicate(timeout=20)
    assert server.returncode == 0
    assert "/i/" not in out and "https://anli.example.gov.cn" in out


async def test_the_writers_death_ends_the_house(tmp_path: Path) -> None:
    """Nothing else does; who waits for the end hears of it."""
    async with home(tmp_path) as house:
        assert isinstance(house, House)
        house.desk.ended.set_exception(RuntimeError("dead"))
        with pytest.raises(RuntimeError, match="dead"):
            await house.ended()
        house.desk.ended = type(house.desk.ended)()
