"""The pace in which a bot may send, held against the fake's own buckets, in time that runs by itself."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.limiter import Limiter, notice
from handlers.telegram_fake.limits import Pace
from handlers.telegram_fake.trouble import Refused
from tests.timelapse import Lapse, Loop, lapse


class Sent:
    """A limiter and what Telegram's buckets say of what it lets go. `way`: the longest way there, seconds."""

    def __init__(self, way: float = 0.0, **rates: float) -> None:
        self.limiter = Limiter(world=Lapse(), **rates)
        self.pace = Pace()
        self.log: list[tuple[float, str]] = []  # when it went, which
        self.refused = 0
        self._way = way
        self._chance = random.Random(7)
        self._begun = self.now()

    def now(self) -> float:
        """The loop's seconds."""
        return asyncio.get_running_loop().time()

    async def send(self, chat: int | None, name: str = "", *, told: bool = False, method: str = "sendMessage") -> float:
        """One request: how long it waited."""
        asked = self.now()
        with notice() if told else nullcontext():
            await self.limiter.passes(chat, method)
        went = self.now()
        self.log.append((round(went - self._begun, 2), name))
        await asyncio.sleep(self._chance.random() * self._way)
        try:
            self.pace.take(method, chat or 0, self.now())
        except Refused:
            self.refused += 1
        return went - asked

    def start(self, chat: int | None, name: str = "", **how: Any) -> asyncio.Task[float]:
        """The same, beside."""
        return asyncio.create_task(self.send(chat, name, **how))

    def names(self) -> str:
        """What went, in the order in which it did."""
        return "".join(name for _, name in self.log)


def story(tell: Callable[[Sent], Awaitable[None]], **how: float) -> None:
    """Runs one with a fresh limiter; in the end nobody waits, and all that was sent was taken."""

    async def told() -> None:
        sent = Sent(**how)
        await tell(sent)
        assert (sent.limiter.waiting, sent.refused) == (0, 0)

    lapse(told)


# ---------------------------------------------------------------- one chat


def test_a_chat_takes_three_at_once_and_one_a_second_after_that() -> None:
    """In their order; another chat does not wait for it; the bucket fills up again."""

    async def tell(sent: Sent) -> None:
        await asyncio.gather(*(sent.send(1, str(n)) for n in range(6)), sent.send(2, "x"))
        assert sent.log == [(0, "0"), (0, "1"), (0, "2"), (0, "x"), (1.03, "3"), (2.06, "4"), (3.09, "5")]
        await asyncio.sleep(4)
        assert [await sent.send(1) for _ in range(3)] == [0, 0, 0]

    story(tell)


def test_only_messages_cost_something() -> None:
    """Edits, pins, answers to buttons, chat actions and whatever fetches go while messages wait."""

    async def tell(sent: Sent) -> None:
        waiting = [sent.start(1) for _ in range(5)]
        for method in ("editMessageText", "pinChatMessage", "sendChatAction", "deleteMessage", "getUpdates"):
            assert [await sent.send(1, method=method) for _ in range(40)] == [0] * 40
        assert await sent.send(None, method="answerCallbackQuery") == 0
        await asyncio.gather(*waiting)

    story(tell)


@pytest.mark.parametrize("told", [False, True])
def test_a_hold_lasts_exactly_as_long_as_was_said(told: bool) -> None:
    """For everything that goes to the chat; a shorter one that comes later does not shorten it, a longer one counts."""

    async def tell(sent: Sent) -> None:
        sent.limiter.hold(1, 20)
        message, edit = sent.start(1, "m", told=told), sent.start(1, "e", method="editMessageText")
        polls = [await sent.send(1, method=method) for method in ("getUpdates", "getMe", "getFile")]
        assert [*polls, await sent.send(2), await sent.send(None, method="setMyCommands")] == [0] * 5
        sent.limiter.hold(1, 3)
        await asyncio.sleep(1)
        late = sent.start(1, "l", told=told)
        await asyncio.sleep(0)
        assert sent.limiter.waiting == 3
        assert all(20 <= waited < 20.01 for waited in await asyncio.gather(message, edit))
        assert 19 <= await late < 19.01
        assert sent.names() == "eml"
        sent.limiter.hold(1, 5)
        again = sent.start(1, told=told)
        await asyncio.sleep(2)
        sent.limiter.hold(1, 30)
        assert 32 <= await again < 32.01

    story(tell)


def test_within_a_chat_replies_go_before_notices() -> None:
    """And a notice leaves the last token for a reply: who has been told something is answered without waiting."""

    async def tell(sent: Sent) -> None:
        notices = [sent.start(1, str(n), told=True) for n in range(4)]
        await asyncio.sleep(0.5)
        assert await sent.send(1, "a") == 0
        replies = [sent.start(1, letter) for letter in "bc"]
        await asyncio.gather(*notices, *replies)
        assert sent.names() == "01abc23"

    story(tell)


# ---------------------------------------------------------------- all chats


@pytest.mark.parametrize("apart", [0.9, 1.1])
def test_two_chats_refused_within_a_second_hold_the_bot(apart: float) -> None:
    """One after another they hold themselves alone."""

    async def tell(sent: Sent) -> None:
        sent.limiter.hold(1, 10)
        sent.limiter.hold(1, 10)
        until = sent.now() + 10
        assert await sent.send(3) == 0
        await asyncio.sleep(apart)
        sent.limiter.hold(2, 7)
        if apart < 1:
            sent.limiter.hold(None, 2)  # shortens nothing
        others = await asyncio.gather(sent.send(4), sent.send(5, method="editMessageText"), sent.send(None, method="x"))
        assert [await sent.send(3, method=method) for method in ("getUpdates", "getMe", "getFile")] == [0] * 3
        held = 7 if apart < 1 else 0
        assert all(held <= waited < held + 0.1 for waited in others)
        await sent.send(1)
        assert until <= sent.now() < until + 0.1

    story(tell)


def test_what_gathers_while_the_bot_is_held_goes_in_the_common_pace() -> None:
    """Replies first, and Telegram refuses none of them; later replies are as quick as ever."""

    async def tell(sent: Sent) -> None:
        for chat in range(33):  # as many as Telegram takes at one moment
            await sent.send(chat)
        sent.limiter.hold(None, 2)
        notices = [sent.start(1000 + n, "n", told=True) for n in range(50)]
        replies = [sent.start(2000 + n, "r") for n in range(200)]
        waits = await asyncio.gather(*replies)
        assert 2 <= min(waits) < 2.1
        assert 2 + 200 / 30 < max(waits) < 2 + 200 / 28
        await asyncio.gather(*notices)
        assert sent.names() == "r" * 200 + "n" * 50
        await asyncio.sleep(20)
        assert max(await asyncio.gather(*(sent.send(3000 + n) for n in range(30)))) == 0

    story(tell)


@pytest.mark.parametrize("way", [0.0, 0.09])
def test_a_run_of_notices_leaves_room_for_replies(way: float) -> None:
    """A thousand notices while people chat, thirty of them at one moment: no reply waits, and nothing is refused."""

    async def tell(sent: Sent) -> None:
        notices = [sent.start(n, told=True) for n in range(1000)]
        for _ in range(10):
            await asyncio.sleep(3)
            alone = [await sent.send(n) for n in (3, 500, 999, 5000)]
            at_once = await asyncio.gather(*(sent.send(6000 + n) for n in range(28)))
            assert max(*alone, *at_once) == 0
        waits = await asyncio.gather(*notices)
        assert 1320 / 30 < max(waits) < 1320 / 28
        assert sent.limiter.known < 10 * 30

    story(tell, way=way)


def test_a_notice_that_must_wait_for_its_chat_stops_no_other() -> None:
    """A chat that is held, or has had its share, is passed over until it may."""

    async def tell(sent: Sent) -> None:
        sent.limiter.hold(1, 30)
        held = sent.start(1, told=True)
        many = [sent.start(2, told=True) for _ in range(5)]
        others = [sent.start(100 + n, told=True) for n in range(58)]
        assert max(await asyncio.gather(*others)) < 2.2
        assert max(await asyncio.gather(*many)) < 3.2
        assert 30 <= await held < 30.1

    story(tell)


@pytest.mark.parametrize("told", [False, True])
def test_who_comes_while_the_loop_is_late_grants_nobody_by(told: bool) -> None:
    """The token that is there already is somebody else's."""

    async def tell(sent: Sent) -> None:
        sent.limiter.hold(None, 1)
        waiting = [sent.start(chat, "w", told=told) for chat in range(5)]
        await asyncio.sleep(1.01)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Loop)
        loop.at += 0.1
        waiting.append(sent.start(9, "x", told=told))
        await asyncio.gather(*waiting)
        assert sent.names() == "wwwwwx"

    story(tell)


# ---------------------------------------------------------------- nothing left behind


def test_who_goes_away_leaves_nothing_behind() -> None:
    """Not a place in the line, not a token, not a name; those behind move up."""

    async def tell(sent: Sent) -> None:
        first = [sent.start(1, str(n)) for n in range(8)]
        notices = [sent.start(chat, told=True) for chat in range(10, 70)]
        await asyncio.sleep(0.5)
        assert sent.limiter.waiting == 68 - len(sent.log)
        for task in (*first[3:7], *notices[20:]):
            task.cancel()
        await asyncio.sleep(0)
        assert sent.limiter.waiting == 24 - len(sent.log)
        await asyncio.gather(first[7], *notices[:20])
        assert sent.log[-1] == (1.03, "7")
        assert max(at for at, _ in sent.log[:-1]) < 0.8
        await asyncio.sleep(10)
        await sent.send(99)
        assert sent.limiter.known == 1

    story(tell)


@pytest.mark.parametrize("sooner", [-5e-10, 5e-10])
def test_who_goes_away_in_the_very_moment_takes_no_token(sooner: float) -> None:
    """Let go and given up in the same step of the loop, the one before the other or after it."""

    async def tell(sent: Sent) -> None:
        tasks = [sent.start(1, str(n)) for n in range(6)]
        let_go = asyncio.get_running_loop().time() + 1 / 0.97
        asyncio.get_running_loop().call_at(let_go - sooner, tasks[3].cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert sent.log[3:] == [(1.03, "4"), (2.06, "5")]

    story(tell)


def test_chats_are_forgotten_when_their_bucket_is_full_again() -> None:
    """A hundred thousand chats, of which only the last few seconds' are known at a time."""

    async def tell(sent: Sent) -> None:
        most = 0
        for chat in range(100_000):
            await sent.limiter.passes(chat, "sendMessage" if chat % 2 else "editMessageText")
            if chat % 300 == 0:
                await asyncio.sleep(1)
                most = max(most, sent.limiter.known)
        assert most <= 10 * 300

    story(tell)


_STEPS = st.lists(
    st.tuples(
        st.floats(0, 1.5),
        st.integers(1, 4),
        st.sampled_from(["reply", "reply", "notice", "notice", "edit", "leave", "hold", "stop"]),
    ),
    max_size=60,
)


@given(_STEPS)
@settings(max_examples=150, deadline=None)
def test_whatever_happens_all_go_in_their_order_and_none_is_refused(steps: list[tuple[float, int, str]]) -> None:
    """Replies, notices, edits, holds, people who give up, at any time: nobody is forgotten, nothing goes too early."""

    async def tell(sent: Sent) -> None:
        tasks: dict[tuple[int, str], list[asyncio.Task[float]]] = {}
        held: dict[int, tuple[float, float]] = {}
        for n, (pause, chat, what) in enumerate(steps):
            await asyncio.sleep(pause)
            if what == "hold":
                sent.limiter.hold(chat, pause * 5)
                held[chat] = (sent.now(), sent.now() + pause * 5)
            elif what == "stop":
                sent.limiter.hold(None, pause)
            elif what == "leave":
                for kind in ("reply", "notice", "edit")[: chat % 4]:
                    for task in tasks.get((chat, kind), [])[-2:-1]:
                        task.cancel()
            else:
                how = {"method": "editMessageText"} if what == "edit" else {"told": what == "notice"}
                task = sent.start(chat, f"{chat} {what} {n}", **how)
                tasks.setdefault((chat, what), []).append(task)
        everything = [task for group in tasks.values() for task in group]
        await asyncio.gather(*everything, return_exceptions=True)
        went = [name.split(" ") for _, name in sent.log]
        assert len(went) == sum(not task.cancelled() for task in everything)
        for chat, what in tasks:
            order = [int(n) for c, w, n in went if (c, w) == (str(chat), what)]
            assert order == sorted(order)
        for chat, (since, until) in held.items():
            times = [at + sent._begun for at, name in sent.log if name.startswith(f"{chat} ")]
            assert not [at for at in times if since + 0.01 < at < until - 0.01]

    story(tell)
