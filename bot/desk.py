"""The desk: one thread that writes. Updates queue up, at most 128 of them become one transaction.

A future is resolved after its transaction's commit, never before. What goes wrong stays small: a race (a
stale version, a key that somebody else took) is rolled back, loaded and stepped again, three times for the
batch, then update by update; a turn that raises is quarantined alone (see `bot.taking`); when the database
is away, full or read-only the callers get StoreBusy, nothing is acknowledged, and the thread lives on.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future as Result
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar, cast

import structlog
from sqlalchemy import Connection, Engine

from bot.batch import HOUSE, Item, Setting, Speaker, Step
from bot.channel import ChannelCaps, Taken, Update
from bot.engine.definition import Call
from bot.errors import Stale, StoreBusy
from bot.taking import take_all
from bot.world import World
from storage import quarantine
from storage.database import is_outage, is_race

__all__ = ["BATCH", "HOUSE", "Desk", "Speaker", "Step"]

BATCH = 128
TRIES = 3
_WAITING = 10_000  # so many updates may queue up before a caller is told to come back
_T = TypeVar("_T")
_log = structlog.get_logger("desk")


@dataclass(slots=True)
class _Asked:
    """One call of `take`: its items, their results so far, and who waits."""

    items: list[Item]
    future: asyncio.Future[list[Taken]]
    results: list[Taken | BaseException]


class _Answer(NamedTuple):
    """What a caller is told, and how much less waits then."""

    future: asyncio.Future[Any]
    answer: Any
    size: int


@dataclass(slots=True)
class _Command:
    """One call of `submit`."""

    run: Callable[[Connection], Any]
    future: asyncio.Future[Any]


class Desk:
    """Takes updates and runs the office's commands on the one writer thread.

    `engine` is a writer (`storage.database.open_writer`); `step` is the engine's; `channels` says what each
    channel can do; `levels` are the names of the tree's levels from the top down; `contact` and `phone` are
    told to people without an invite; `delivers` are the channels whose messages this process sends; `bot` and
    `home` are where one may go on by a 接续码. The thread ends with `close`; `ended` is a future that is done when
    it has ended, with the exception that killed it.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        world: World,
        wording: Speaker,
        calls: Mapping[str, Call],
        profile: Call,
        step: Step,
        channels: Mapping[str, ChannelCaps],
        site_key: bytes,
        levels: tuple[str, ...],
        contact: str = "",
        phone: str = "",
        consent: str = "1",
        delivers: frozenset[str] = frozenset(),
        bot: str = "",
        home: str = "",
    ) -> None:
        self._engine = engine
        self._setting = Setting(
            world=world,
            wording=wording,
            calls=calls,
            profile=profile,
            step=step,
            channels=channels,
            site_key=site_key,
            levels=levels,
            contact=contact,
            phone=phone,
            consent=consent,
            delivers=delivers,
            bot=bot,
            home=home,
        )
        self._queue: queue.SimpleQueue[_Asked | _Command | None] = queue.SimpleQueue()
        self._waiting = 0
        self._closed = False
        self._bells: dict[int, set[asyncio.Event]] = {}
        self.ended: Result[None] = Result()
        self._thread = threading.Thread(target=self._live, name="desk", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------ for everybody else, on the event loop

    async def take(self, updates: Sequence[Update]) -> list[Taken]:
        """What became of each update, after the commit. Raises StoreBusy: nothing is known to be stored,
        send the same again."""
        return await self._ask([Item(update=u) for u in updates])

    async def replay(self, id: int) -> Taken | None:
        """Takes a quarantined update once more, as a new one with the old ref as its source; None: no such row.

        If it raises again, it is quarantined again, under a new number.
        """
        held = await self.submit(lambda connection: quarantine.held(connection, id=id))
        if not held or held[0].state != "open":
            return None
        update = replace(held[0].update, ref=f"{held[0].update.ref}~{id}")
        return (await self._ask([Item(update=update, replays=id)]))[0]

    async def submit(self, command: Callable[[Connection], _T]) -> _T:
        """Runs a command in one transaction of its own, between the batches; raises what it raises, or StoreBusy.

        It may be run again after a race, so it must do nothing but use its connection.
        """
        future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._put(_Command(command, future), 1)
        return await future

    @contextmanager
    def listen(self, conversation: int) -> Iterator[asyncio.Event]:
        """An event that is set whenever the conversation has new messages. Listen first, then read, then wait."""
        bell = asyncio.Event()
        self._bells.setdefault(conversation, set()).add(bell)
        try:
            yield bell
        finally:
            bells = self._bells[conversation]
            bells.discard(bell)
            if not bells:
                del self._bells[conversation]

    async def close(self) -> None:
        """Takes nothing more, finishes what has been handed in, and ends the thread."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    async def _ask(self, items: list[Item]) -> list[Taken]:
        if not items:
            return []
        future: asyncio.Future[list[Taken]] = asyncio.get_running_loop().create_future()
        self._put(_Asked(items, future, []), len(items))
        return await future

    def _put(self, asked: _Asked | _Command, size: int) -> None:
        if self._closed or self.ended.done() or self._waiting + size > _WAITING:
            raise StoreBusy("the desk takes nothing now")
        self._waiting += size
        self._queue.put(asked)

    # ------------------------------------------------------------ the thread

    def _live(self) -> None:
        try:
            open_ = True
            while open_:
                asked, command, open_ = self._collect()
                if asked:
                    self._serve(asked)
                if command is not None:
                    self._obey(command)
        except BaseException as error:
            _log.critical("the writer died", kind=type(error).__name__)
            self.ended.set_exception(error)
            raise
        self.ended.set_result(None)

    def _collect(self) -> tuple[list[_Asked], _Command | None, bool]:
        """Waits for something, then takes what else has queued up, to a batch's size or the next command."""
        asked: list[_Asked] = []
        size = 0
        entry = self._queue.get()
        while True:
            if entry is None or isinstance(entry, _Command):
                return asked, entry, entry is not None
            asked.append(entry)
            size += len(entry.items)
            if size >= BATCH:
                return asked, None, True
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                return asked, None, True

    def _serve(self, asked: list[_Asked]) -> None:
        items = [item for a in asked for item in a.items]
        results: list[Taken | BaseException] = []
        heard: dict[int, int] = {}
        for start in range(0, len(items), BATCH):
            results += self._run(items[start : start + BATCH], heard)
        rest = iter(results)
        for a in asked:
            a.results = [next(rest) for _ in a.items]
        self._tell([_Answer(a.future, _whole(a.results), len(a.items)) for a in asked], heard)

    def _run(self, items: list[Item], heard: dict[int, int]) -> list[Taken | BaseException]:
        """One result an item: what became of it, or why nothing is known to be stored."""
        error: Exception = Stale()
        for _ in range(TRIES):
            try:
                with self._engine.begin() as connection:
                    taken, spoken = take_all(connection, self._setting, items)
            except Exception as raised:
                error = raised
                if not is_race(raised):
                    break
            else:
                heard.update(spoken)
                return list(taken)
        if is_outage(error):
            _log.warning("the database is away", kind=type(error).__name__)
            return [StoreBusy(type(error).__name__)] * len(items)
        if len(items) > 1:
            return [result for item in items for result in self._run([item], heard)]
        if isinstance(error, Stale) or items[0].trace:
            return [StoreBusy(type(error).__name__)]
        trace = "".join(traceback.format_exception(error))
        return self._run([replace(items[0], trace=trace)], heard)

    def _obey(self, command: _Command) -> None:
        outcome: Any = StoreBusy("the row is changed too often")
        for _ in range(TRIES):
            try:
                with self._engine.begin() as connection:
                    outcome = command.run(connection)
                break
            except Exception as raised:
                outcome = raised
                if not is_race(raised):
                    if is_outage(raised):
                        outcome = StoreBusy(type(raised).__name__)
                    break
        self._tell([_Answer(command.future, outcome, 1)], {})

    def _tell(self, answers: list[_Answer], heard: dict[int, int]) -> None:
        """Resolves the futures of one batch with one call into the event loop."""
        try:
            answers[0].future.get_loop().call_soon_threadsafe(self._resolve, answers, heard)
        except RuntimeError:  # the loop was closed while we wrote: nobody is left to be told
            _log.warning("nobody waits any more", count=len(answers))

    def _resolve(self, answers: list[_Answer], heard: dict[int, int]) -> None:
        for future, answer, size in answers:
            self._waiting -= size
            if future.done():  # the caller was cancelled; what is stored is stored
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        for conversation in heard:
            for bell in self._bells.get(conversation, ()):
                bell.set()


def _whole(results: list[Taken | BaseException]) -> list[Taken] | BaseException:
    """The results of one call, or the first thing that went wrong: the caller sends all of it again."""
    broken = next((r for r in results if isinstance(r, BaseException)), None)
    return cast("list[Taken]", results) if broken is None else broken
