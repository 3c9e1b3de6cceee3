"""Whatever a phone can do, in whatever order: the Bot API's rules are kept, no turn breaks off, and all is answered."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channel import clean
from tests.pictures import jpeg
from tests.telegram_house import LIBRARIES, Somebody, Steady, Talk, talking

PHOTOS = [jpeg(400 + 10 * n, 300, quality=30) for n in range(12)]
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
WORDS = [
    "撤销",
    "返回",
    "跳过",
    "写完了",
    "目录",
    "预览",
    "提交",
    "稍后",
    "帮助",
    "例子",
    "我的案例",
    "我的资料",
    "大字",
]
COMMANDS = [
    "/start",
    "/progress",
    "/back",
    "/skip",
    "/done",
    "/undo",
    "/submit",
    "/cases",
    "/help",
    "/nobody",
    "/start x",
]
TEXT = st.one_of(
    st.sampled_from(
        ["李建国", "好的", "。", "🌶️👨‍👩‍👧‍👦", "السلام عليكم\u202e1586", "13900002217", "第1张", "要不要", "*_`[<&"]
    ),
    st.sampled_from(WORDS + COMMANDS),
    st.text(LETTERS, min_size=1, max_size=60),
    st.builds(lambda text, times: text * times, st.sampled_from(["院坝会🌶", "مرحبا ", "议事\n", "x"]), st.just(5000)),
)
CAPTION = st.one_of(st.just(""), st.text(LETTERS, max_size=40), st.just("长" * 300))
ACT = st.one_of(
    st.tuples(st.just("say"), TEXT),
    st.tuples(st.just("press"), st.integers(0, 20)),
    st.tuples(st.just("press"), st.integers(0, 20)),
    st.tuples(st.just("old"), st.integers(0, 60)),
    st.tuples(st.just("photo"), st.tuples(st.integers(0, 11), CAPTION)),
    st.tuples(st.just("album"), st.tuples(st.integers(2, 10), CAPTION)),
    st.tuples(st.just("file"), st.sampled_from(["表.pdf", "现场.jpg", "无名", "程序.exe"])),
    st.tuples(st.just("other"), st.sampled_from(["voice", "contact", "location"])),
    st.tuples(st.just("edit"), st.tuples(st.integers(0, 20), TEXT)),
)
USERS = count(10_000)


class Anybody:
    """Somebody who does what comes."""

    def __init__(self, li: Somebody) -> None:
        self.li = li
        self._old: list[tuple[int, str]] = []

    async def act(self, kind: str, what: Any) -> bool:
        """Does it; False where a phone cannot, because nothing of the kind is there."""
        phone = self.li.phone
        self._old += [(m.id, b.data) for m in self.li.seen for row in m.buttons for b in row]
        if kind == "press":
            return await self._press(what)
        if kind == "old":
            if not self._old:
                return False
            await self.li.does(phone.press_gone, *self._old[what % len(self._old)])
        elif kind == "edit":
            mine = [m.id for m in phone.screen().messages if m.mine and m.kind in ("text", "photo") and m.text]
            return await self._tried(phone.edit, mine[what[0] % len(mine)], what[1])
        elif kind == "say":
            return await self._tried(phone.say, what)
        elif kind == "photo":
            await self.li.does(phone.photo, PHOTOS[what[0]], what[1])
        elif kind == "album":
            await self.li.does(phone.album, PHOTOS[: what[0]], what[1])
        elif kind == "file":
            await self.li.does(phone.document, PHOTOS[0] if "jpg" in what else b"%PDF-1.4\n%%EOF\n", what)
        else:
            await self.li.does(getattr(phone, what))
        return True

    async def _press(self, n: int) -> bool:
        buttons = self.li.buttons
        if buttons:
            await self.li.press(buttons[n % len(buttons)])
        return bool(buttons)

    async def _tried(self, work: Any, *args: Any) -> bool:
        try:
            await self.li.does(work, *args)
        except ValueError:  # blanks, or too much for an edit: the app does not send it
            return False
        return True


@pytest.fixture(params=LIBRARIES)
async def talk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Talk]:
    """A house in which many people do what they like."""
    async with talking(tmp_path, request.param, world=Steady()) as talk:
        yield talk


@settings(
    max_examples=int(os.environ.get("ANLITONG_EXAMPLES", "12")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.booleans(), st.lists(ACT, min_size=1, max_size=16))
async def test_whatever_a_phone_can_do(talk: Talk, begun: bool, acts: list[tuple[str, Any]]) -> None:
    """Every act is answered but an edit that leaves no words, and nothing breaks."""
    li = talk.somebody(next(USERS))
    await (li.begin(await talk.invite()) if begun else li.start(await talk.invite()))
    anybody = Anybody(li)
    for kind, what in acts:
        if await anybody.act(kind, what):
            assert li.costs[-1] > 0 or (kind == "edit" and not clean(what[1]).strip()), (kind, what)
            assert li.phone.screen().waiting == ()
        assert talk.violations == [] and await talk.quarantined() == []
        assert [key for key in talk.fake.call("counts") if key.startswith("send") and not key.endswith(" 200")] == []
