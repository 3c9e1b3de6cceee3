"""Reminders by several processes on one PostgreSQL, and by processes that are killed: everybody is told, and once.

Real processes, each with the whole house on a clock of its own; a Telegram that outlives them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, select

from bot.config import load
from bot.workdays import china
from handlers.telegram_fake.telegram import TOKEN
from storage import tables
from storage.database import url_of
from tests import storehouse
from tests.browser import MANY
from tests.needs import need
from tests.telegram_program import PATH, SECRET, UNHELD, Fake, playing, until
from tests.telegram_writers import Writer, writers

SHANGHAI = ZoneInfo("Asia/Shanghai")
PEOPLE = 24
KILL = signal.SIGKILL


class Town:
    """People on Telegram with unfinished cases, on a database that processes come to and leave."""

    def __init__(self, folder: Path, fake: Fake, place: str) -> None:
        self.fake, self.folder = fake, folder
        self.environ = {
            **MANY,
            **{f"ANLITONG_TELEGRAM__{name}": value for name, value in UNHELD.items()},
            "ANLITONG_CALLS__OPEN": '["mca"]',
            "ANLITONG_SITE__URL": "http://127.0.0.1:9",
            "ANLITONG_TELEGRAM__LIBRARY": "ptb",
            "ANLITONG_TELEGRAM__TOKEN": TOKEN,
            "ANLITONG_TELEGRAM__API": fake.url,
            "ANLITONG_TELEGRAM__WEBHOOK": PATH,
            "ANLITONG_TELEGRAM__SECRET": SECRET,
            "REMINDING_DATA": str(folder / "data"),
            **({"ANLITONG_DATABASE__URL": place} if "://" in place else {}),
        }
        settings = load(data=str(folder / "data"), environ=self.environ)
        self.people = writers(SimpleNamespace(settings=settings, url="http://127.0.0.1:9", link=""), fake, PEOPLE)  # type: ignore[arg-type]
        self.engine = create_engine(url_of(settings.database_place))
        due = self.asks(select(tables.editions.c.due))[0][0]
        self.last = (due - timedelta(seconds=1)).astimezone(SHANGHAI).date()

    def at(self, days: int, hour: int, minute: int = 0) -> str:
        """So many days before the last one, or the working day before that."""
        day = china().before(self.last - timedelta(days=days))
        return datetime.combine(day, time(hour, minute), SHANGHAI).astimezone(UTC).isoformat()

    def asks(self, wanted: Any) -> list[Any]:
        """What stands in the database now."""
        with self.engine.connect() as connection:
            return list(connection.execute(wanted).all())

    @contextmanager
    def process(self, at: str) -> Iterator[subprocess.Popen[str]]:
        """One that is ready at an instant; ended at the end, if it is still there."""
        command = [sys.executable, "-m", "tests.reminding_program", at]
        environ = {**os.environ, **self.environ}
        with subprocess.Popen(
            command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as started:
            try:
                heard(started, "ready")
                yield started
            finally:
                assert started.stdin is not None
                started.stdin.close()
                try:
                    started.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    started.kill()

    # ------------------------------------------------------------ what came of it

    def settled(self) -> None:
        """Returns when all wakes of the day have rung and nothing is owed."""
        own = tables.deliveries.c.state.in_(("owed", "claimed"))
        until(
            lambda: (
                len(self.reminded()) == PEOPLE
                and not self.asks(select(tables.wakes.c.conversation).where(tables.wakes.c.kind == "remind"))
                and not self.asks(select(tables.deliveries.c.id).where(own))
            ),
            "everybody is told",
        )

    def reminded(self) -> list[int]:
        """Of everybody who was reminded, how often since they last came, as it is kept."""
        return [row[0] for row in self.asks(select(tables.reminders.c.unanswered))]

    def kept(self) -> Counter[int]:
        """How many reminders stand in each conversation."""
        told = tables.messages.c.cause.like("wake:%:remind:%")
        return Counter(row[0] for row in self.asks(select(tables.messages.c.conversation).where(told)))

    def shown(self) -> list[int]:
        """How many reminders everybody sees on their phone."""
        return [sum(seen.text.startswith("离") for seen in seen_by(one)) for one in self.people]


def seen_by(one: Writer) -> list[Any]:
    """All that the bot has sent to somebody."""
    return one.phone.screen(last=1000).from_bot


def heard(process: subprocess.Popen[str], word: str) -> None:
    """Waits for a line of a process."""
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line == word, f"{line!r} instead of {word!r}"


def go(processes: list[subprocess.Popen[str]], at: str) -> None:
    """All their clocks go to an instant at once; returns when all have planned."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(f"{at}\n")
        process.stdin.flush()
    for process in processes:
        heard(process, "there")


@contextmanager
def town(folder: Path, kind: str) -> Iterator[Town]:
    """A town with its Telegram."""
    if kind == "postgres":
        need("PostgreSQL", storehouse.server_is_there(), "nothing listens on 127.0.0.1:5432")
    with playing() as fake, storehouse.empty_database(kind, folder) as place:
        one = Town(folder, fake, place)
        try:
            yield one
        finally:
            one.engine.dispose()


@pytest.mark.postgres
def test_two_processes_tell_everybody_once(tmp_path: Path) -> None:
    """Both plan at the same moment, both find the same wakes due at the same moment, on two days."""
    with town(tmp_path, "postgres") as one, one.process(one.at(14, 0, 5)) as a, one.process(one.at(14, 0, 5)) as b:
        for times, days in enumerate((14, 7), 1):
            go([a, b], one.at(days, 0, 6))
            go([a, b], one.at(days, 10, 55))
            until(lambda n=times: sum(one.kept().values()) >= n * PEOPLE, "everybody is told")  # type: ignore[misc]
            one.settled()
            assert set(one.kept().values()) == {times} and len(one.kept()) == PEOPLE
            assert one.reminded() == [times] * PEOPLE
            assert one.shown() == [times] * PEOPLE


def test_killed_between_claim_and_send_it_repeats_nothing(tmp_path: Path) -> None:
    """What was told is kept, nothing could be sent; who comes after it sends each message once."""
    with town(tmp_path, "sqlite") as one:
        one.fake.call("fault", kind="drop", method="sendMessage", times=1_000_000)
        with one.process(one.at(14, 0, 5)) as first:
            go([first], one.at(14, 0, 6))
            go([first], one.at(14, 10, 50))
            claimed = select(tables.deliveries.c.id).where(tables.deliveries.c.state == "claimed")
            until(lambda: one.asks(claimed), "something is claimed and not sent")
            first.send_signal(KILL)
            assert first.wait() == -KILL
        assert one.shown() == [0] * PEOPLE
        one.fake.call("calm")
        with one.process(one.at(14, 10, 53)) as second:
            go([second], one.at(14, 10, 55))
            one.settled()
            assert set(one.kept().values()) == {1} and one.reminded() == [1] * PEOPLE
            assert one.shown() == [1] * PEOPLE


def test_killed_while_it_sends_one_message_a_person_at_most_comes_again(tmp_path: Path) -> None:
    """At any moment of it: everybody is told, and it is kept once."""
    with town(tmp_path, "sqlite") as one:
        one.fake.call("fault", kind="slow", method="sendMessage", seconds=0.05, times=1_000_000)
        with one.process(one.at(14, 0, 5)) as first:
            go([first], one.at(14, 0, 6))
            go([first], one.at(14, 10, 50))
            until(lambda: sum(one.shown()) > PEOPLE // 3, "some have it")
            first.send_signal(KILL)
            assert first.wait() == -KILL
        with one.process(one.at(14, 10, 53)) as second:
            go([second], one.at(14, 10, 55))
            one.settled()
            assert set(one.kept().values()) == {1} and one.reminded() == [1] * PEOPLE
            assert set(one.shown()) <= {1, 2} and min(one.shown()) == 1
