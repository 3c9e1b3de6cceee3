"""The terminal: a whole case from the first word to the Word file, and coming back to it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import docx
import pytest

from bot.app import House
from bot.channel import Address
from bot.config import load
from bot.demo import open_demo
from bot.engine.messages import Pressed
from handlers import open_channel
from tests import pictures
from tests.homes import Clock, environment, home, tell

TEXT = "槐树村把全村分成六片，每片推选一名片长，每周到院坝里坐一晚，有事当场说、当场办，2025年办了三百一十二件。"
WANTED = ("同意，开始", "是的", "村党支部书记", "对", "就用这个", "从第1节开始", "提交案例", "提交", "都没有", "确认")


class Screen:
    """What the terminal shows, and a person who reads it and answers."""

    def __init__(self, photo: Path, stop: str = "") -> None:
        self.lines: list[str] = []
        self.read = 0
        self.photo = photo
        self.stop = stop

    async def answers(self) -> AsyncIterator[str]:
        """Answers until the case is handed in or `stop` is read."""
        for _ in range(60):
            fresh = "\n".join(self.lines[self.read :])
            self.read = len(self.lines)
            if "已提交" in fresh or (self.stop and self.stop in fresh):
                return
            yield self.answer(fresh)
        raise AssertionError("\n".join(self.lines[-40:]))

    def answer(self, fresh: str) -> str:
        """Like a person: the button one would press, else what is asked for."""
        faces = {label: n for n, label in re.findall(r"\[(\d+)\] (\S+)", fresh)}
        for label in WANTED:
            if label in faces:
                return faces[label]
        if "姓名" in fresh:
            return "李建国"
        if "手机号" in fresh:
            return "跳过"
        if "哪件事" in fresh:
            return "片长进院坝，小事不出片"
        if "拍的是什么" in fresh:
            return "院坝会现场"
        if "照片" in fresh and "收到" not in fresh and "已" not in fresh:
            return f"/file {self.photo}"
        if "收到" in fresh or "照片" in fresh:
            return "写完了"
        return TEXT if "做了什么" in fresh else "提交"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "现场.jpg"
    path.write_bytes(pictures.jpeg(2000, 1500))
    return path


async def talk(house: House, screen: Screen, folder: Path, link: str = "") -> bool:
    """One sitting."""
    made = open_channel("terminal")(
        house.doors, house.wording, house.world, user="u", folder=folder, show=screen.lines.append, echo=False
    )
    return bool(await made.run(screen.answers(), link))


async def test_a_case_is_written_and_the_word_file_lies_there(tmp_path: Path, photo: Path) -> None:
    """From the invite to a submitted case: the document has the person's own words."""
    async with home(tmp_path) as house:
        link = next(demo.link for demo in await open_demo(house) if demo.role == "writer")
        screen = Screen(photo)
        assert await talk(house, screen, tmp_path, link), "\n".join(screen.lines)
        papers = sorted(tmp_path.glob("*.docx"))
        assert papers, "\n".join(screen.lines)
        printed = "\n".join(p.text for p in docx.Document(str(papers[-1])).paragraphs)
        assert TEXT in printed
        assert "片长进院坝，小事不出片" in printed


async def test_one_comes_back_where_one_was(tmp_path: Path, photo: Path) -> None:
    """Stopped in the middle: the next sitting needs no link and shows the question again."""
    async with home(tmp_path) as house:
        link = next(demo.link for demo in await open_demo(house) if demo.role == "writer")
        first = Screen(photo, stop="做了什么")
        assert not await talk(house, first, tmp_path, link)
    async with home(tmp_path) as house:
        second = Screen(photo)
        assert await talk(house, second, tmp_path)
        assert any("做了什么" in line for line in second.lines[:4])


async def test_what_an_option_means_stands_behind_it(tmp_path: Path) -> None:
    """The choices of a call with a note each, a line each."""
    async with House(load(data=str(tmp_path / "data"), environ={"ANLITONG_CALLS__OPEN": '["mca"]'})) as house:
        link = next(demo.link for demo in await open_demo(house) if demo.role == "writer")
        screen = Screen(tmp_path / "none", stop="属于哪一类")
        assert not await talk(house, screen, tmp_path, link)
        shown = screen.lines[-2].split("\n")
        assert shown[1] == "[2] 城乡社区治理服务（村和社区里的治理和服务）" and len(shown) == 3


async def test_numbers_and_files_that_are_not_there(tmp_path: Path) -> None:
    """A number without a button and a path without a file are told, and nothing is stored."""
    async with home(tmp_path) as house:
        link = next(demo.link for demo in await open_demo(house) if demo.role == "writer")
        shown: list[str] = []

        async def lines() -> AsyncIterator[str]:
            yield "9"
            yield "/file 没有.jpg"
            yield "/quit"
            yield "不会读到这一句"

        terminal = open_channel("terminal")(
            house.doors, house.wording, house.world, user="u", folder=tmp_path, show=shown.append, echo=False
        )
        assert not await terminal.run(lines(), link)
        assert any("没有第9个按钮" in line for line in shown)
        assert any("没有这个文件" in line for line in shown)
        assert not any("不会读到" in line for line in shown)


async def test_without_an_invite_there_is_one_sentence(tmp_path: Path) -> None:
    """A stranger without a link is told what to do."""
    async with home(tmp_path) as house:
        shown: list[str] = []
        terminal = open_channel("terminal")(
            house.doors, house.wording, house.world, user="u", folder=tmp_path, show=shown.append, echo=False
        )

        async def lines() -> AsyncIterator[str]:
            yield "你好"

        assert not await terminal.run(lines())
        assert shown == [house.wording.say("terminal.no_invite")]


def test_a_script_on_standard_input(tmp_path: Path) -> None:
    """The command reads lines, shows them, and its status says that nothing was handed in."""
    import os

    done = subprocess.run(
        [sys.executable, "-m", "bot", "talk", "--data", str(tmp_path / "data")],
        input="1\n李建国\n",
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment(tmp_path)},
        cwd=Path(__file__).parent.parent,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "> 李建国" in done.stdout
    assert "槐树村的吗" in done.stdout


async def test_taking_back_is_offered_until_the_date_and_no_longer(tmp_path: Path, photo: Path) -> None:
    """A case that nobody has opened; a day after the date the same question offers what can still be done."""
    clock = Clock()
    async with home(tmp_path, world=clock) as house:
        link = next(demo.link for demo in await open_demo(house) if demo.role == "writer")
        assert await talk(house, Screen(photo), tmp_path, link)
        me = await house.look.visitor(Address(channel="terminal", external="u"))
        assert me is not None
        board = await house.look.board(me.scope, me.conversation, "page")
        offered = []
        for days in (0, 24):  # 15 December is 23 days away
            clock.forward(days=days)
            asked = Pressed(at=clock.now(), press=f"open:{board['draft']}")
            await tell(house, Address(channel="terminal", external="u"), asked)
            shown = await house.look.events(me.scope, me.conversation, -1)
            offered.append([s.message.buttons for s in shown if s.message.buttons][-1])
        labels = [[face.label for face in faces] for faces in offered]
        assert labels == [["撤回修改", "再报一篇", "我的案例"], ["再报一篇", "我的案例"]]
