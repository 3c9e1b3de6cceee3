"""Whole durable turns against the raw driver: `python -m benchmarks.turns [sqlite|postgres] [--stored 1000000]`.

Ours: the real desk, engine and wording, on a half-written draft of 3,000 字 for each writer; every turn adds a
piece of text. Raw: the same rows read and written by the driver alone, one transaction a turn, the same
durability, no engine, no wording; on PostgreSQL with a connection for each writer (32 at most). The two take
turns on two new databases alike, ROUNDS times in one run, both warm, so what else the machine does weighs on both
and no round finds longer drafts than the one before; what counts is the median of the ratios. CPU is that of the
writer's thread. The load is made beforehand (updates, statements, connections); what handing it over costs is part
of our wall clock, not of our CPU.

With --stored so many answers of other people lie there: our turns in such a database and in one without, in
turns. The table's last line says how much slower they are.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.crowd import NEW, half_written
from benchmarks.stored import BETWEEN, FIRST, fill
from bot.app import calm_memory
from bot.channel import Address
from bot.engine.step import step
from bot.wording import Wording
from bot.world import World
from storage import people
from storage import tables as t
from tests.storehouse import CALL, NOW, SERVER, House, copy_of, say, template

ROUNDS = 7
SIZES = ((1, 50), (16, 12), (128, 6))  # writers, turns of each in a round
WARM = 2
TARGETS = {("sqlite", 16): 1.0, ("sqlite", 128): 2.5, ("postgres", 16): 1.0, ("postgres", 128): 2.0}
CPU_MS = 0.3  # at 128 writers
P99_MS = 4.0  # of a turn, one writer alone
FLAT = 1.25
_LANES = 32


def seed(house: House, writers: int) -> None:
    """People with a finished profile, each in the middle of the sixth question of a draft.

    Their ids lie among those of the others in the database, as they would after a year.
    """
    with house.engine.begin() as c:
        for i in range(writers):
            id = FIRST + i * 150 * BETWEEN + 7
            people.create(c, person=id, conversation=id, unit=3, at=NOW)
            people.give_address(c, Address(channel="page", external=f"w{i}"), id, NOW)
            half_written(c, house.calls[CALL], 9, drafts=(id + 1, id), conversation=id, person=id, at=NOW)
        c.execute(t.people.update().values(unit=3, name="李建国", post="村党支部书记", phone="13900002217"))


async def ours(house: House, writers: int, turns: int, tag: str) -> dict[str, float]:
    """Turns a second, the writer thread's CPU milliseconds a turn, and the 99th percentile of a turn's milliseconds."""
    took: list[float] = []
    load = [[say(f"w{w}", NEW, ref=f"w{w}:{tag}:{i}") for i in range(-WARM, turns)] for w in range(writers)]

    async def write(mine: Sequence[Any]) -> None:
        for update in mine:
            began = time.perf_counter()
            (taken,) = await desk.take([update])
            took.append(time.perf_counter() - began)
            if taken.outcome != "fresh":
                raise RuntimeError(taken.outcome)

    async with house.desk(step, wording=Wording.load(), world=World()) as desk:
        await asyncio.gather(*[write(mine[:WARM]) for mine in load])
        took.clear()
        cpu, began = await desk.submit(lambda _: time.thread_time()), time.perf_counter()
        await asyncio.gather(*[write(mine[WARM:]) for mine in load])
        wall = time.perf_counter() - began
        cpu = await desk.submit(lambda _: time.thread_time()) - cpu
    count = writers * turns
    return {"rate": count / wall, "cpu": cpu / count * 1000, "p99": sorted(took)[int(len(took) * 0.99)] * 1000}


_READS = (
    "SELECT digest, conversation, seq_from, seq_to FROM updates WHERE channel = 'page' AND ref = ?",
    "SELECT p.id, p.name, p.post, p.phone, c.id, c.version, c.seq, c.focus, c.pending, c.typing_question, "
    "c.typing_text, c.undo, c.consent FROM addresses a JOIN people p ON p.id = a.person "
    "JOIN conversations c ON c.person = p.id WHERE a.channel = 'page' AND a.external = ?",
    "SELECT id, call, edition, state, title, words, sections_done, next, n FROM drafts WHERE person = ?",
    "SELECT question, n, state, parts, picks, words FROM answers WHERE draft = ? AND latest",
)
_WRITES = (
    "UPDATE conversations SET version = version + 1, seq = seq + 2, focus = ?, undo = ? WHERE id = ? AND version = ?",
    "UPDATE drafts SET words = words + 25, next = next + 1 WHERE id = ?",
    "UPDATE answers SET latest = false WHERE draft = ? AND question = ? AND n = ?",
    "INSERT INTO answers (draft, question, n, state, parts, picks, words, at, latest) "
    "VALUES (?, ?, ?, 'open', ?, '[]', 5, ?, true)",
    "INSERT INTO fragments (draft, id, question, text, words, source, at) VALUES (?, ?, ?, ?, 25, ?, ?)",
    "INSERT INTO messages (conversation, seq, cause, slot, author, body, at) VALUES (?, ?, ?, '', 'me', ?, ?)",
    "INSERT INTO messages (conversation, seq, cause, slot, author, body, at) VALUES (?, ?, ?, 'gather', 'bot', ?, ?)",
    "INSERT INTO updates (channel, ref, digest, conversation, seq_from, seq_to, at) VALUES ('page', ?, ?, ?, ?, ?, ?)",
)
_BY_POSITION = {s: s.replace("?", "%s") for s in (*_READS, *_WRITES)}
_BODY = json.dumps(
    {"text": NEW, "buttons": [["done:1/q", "写完了", True], ["undo", "撤销这条", False]]}, ensure_ascii=False
)


def raw_turn(run: Callable[[str, tuple[Any, ...]], Any], name: str, ref: str, at: Any) -> None:
    """The same rows, read and written by hand within the caller's transaction."""
    seen, who, of_person, answers = _READS
    run(seen, (ref,)).fetchall()
    ((person, *_, conversation, version, seq, focus, _, _, _, undo, _),) = run(who, (name,)).fetchall()
    draft = next(r for r in run(of_person, (person,)).fetchall() if r[2])
    question = json.loads(focus)[2]
    latest = next(r for r in run(answers, (draft[0],)).fetchall() if r[0] == question)
    parts = f"{latest[3].partition('-')[0]}-{draft[7]}"
    values = (
        (focus, undo, conversation, version),
        (draft[0],),
        (draft[0], question, latest[1]),
        (draft[0], question, latest[1] + 1, parts, at),
        (draft[0], draft[7], question, NEW, ref, at),
        (conversation, seq + 1, ref, json.dumps({"text": NEW}, ensure_ascii=False), at),
        (conversation, seq + 2, ref, _BODY, at),
        (ref, NEW, conversation, seq + 1, seq + 2, at),
    )
    for statement, row in zip(_WRITES, values, strict=True):
        run(statement, row)


Turn = Callable[[int, str], None]  # a writer's number, a ref


@contextmanager
def raw_lanes(place: str, writers: int) -> Iterator[list[Turn]]:
    """Open connections, each as a function that does one turn in a transaction of its own."""
    if "://" not in place:
        connection = sqlite3.connect(place, isolation_level=None)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        yield [_sqlite_turn(connection)]
        connection.close()
        return
    opened = [psycopg.connect(place) for _ in range(min(writers, _LANES))]
    yield [_postgres_turn(connection) for connection in opened]
    for lane in opened:
        lane.close()


def _sqlite_turn(connection: sqlite3.Connection) -> Turn:
    at = int(NOW.timestamp() * 1_000_000)

    def turn(writer: int, ref: str) -> None:
        connection.execute("BEGIN IMMEDIATE")
        raw_turn(connection.execute, f"w{writer}", ref, at)
        connection.execute("COMMIT")

    return turn


def _postgres_turn(connection: psycopg.Connection[Any]) -> Turn:
    def turn(writer: int, ref: str) -> None:
        raw_turn(lambda q, v: connection.execute(_BY_POSITION[q], v), f"w{writer}", ref, NOW)
        connection.commit()

    return turn


def raw(lanes: Sequence[Turn], writers: int, turns: int, tag: str) -> float:
    """Turns a second of the driver alone."""

    def work(lane: int, first: int, last: int) -> None:
        for i in range(first, last):
            for w in range(lane, writers, len(lanes)):
                lanes[lane](w, f"w{w}:{tag}:{i}")

    def all_lanes(first: int, last: int) -> float:
        began = time.perf_counter()
        threads = [threading.Thread(target=work, args=(n, first, last)) for n in range(1, len(lanes))]
        for thread in threads:
            thread.start()
        work(0, first, last)
        for thread in threads:
            thread.join()
        return time.perf_counter() - began

    all_lanes(-WARM, 0)
    return writers * turns / all_lanes(0, turns)


@contextmanager
def seeded(made: str, writers: int, stored: int = 0) -> Iterator[House]:
    """A copy of a migrated database with writers in it."""
    with tempfile.TemporaryDirectory() as room, copy_of(made, Path(room)) as place:
        house = House(place)
        seed(house, writers)
        fill(house.engine, stored)
        yield house
        house.close()


def measure(kind: str, made: str, writers: int, turns: int) -> bool:
    """Prints one line; whether its targets are met."""
    ratios, found = [], []
    for n in range(ROUNDS):
        with seeded(made, writers) as house, seeded(made, writers) as other, raw_lanes(other.place, writers) as lanes:
            calm_memory()
            found.append(asyncio.run(ours(house, writers, turns, f"o{n}")))
            ratios.append(found[-1]["rate"] / raw(lanes, writers, turns, f"r{n}"))
    target = TARGETS.get((kind, writers), 0.0)
    cpu, p99 = ([f[key] for f in found] for key in ("cpu", "p99"))
    met = statistics.median(ratios) >= target
    met &= writers < 128 or statistics.median(cpu) <= CPU_MS
    met &= writers > 1 or statistics.median(p99) <= P99_MS
    print(
        f"{kind:8} {writers:3} writers  {statistics.median(f['rate'] for f in found):6.0f} turns/s  "
        f"ratio {_spread(ratios)}, wanted {target}  CPU {_spread(cpu)} ms  p99 {_spread(p99)} ms",
        flush=True,
    )
    return met


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def flatness(kind: str, made: str, stored: int) -> bool:
    """Prints how our turns in a full database compare with those in an empty one; whether they are the same."""
    writers, turns = SIZES[-1]
    with seeded(made, writers) as empty, seeded(made, writers, stored) as full:
        calm_memory()
        ratios = [  # each round a few turns: over all of them the drafts grow to their full length
            asyncio.run(ours(empty, writers, turns, f"e{n}"))["rate"]
            / asyncio.run(ours(full, writers, turns, f"f{n}"))["rate"]
            for n in range(ROUNDS)
        ]
    print(f"{kind:8} {writers:3} writers  {stored:,} stored answers: time a turn × {_spread(ratios)}, wanted {FLAT}")
    return statistics.median(ratios) <= FLAT


def main() -> int:
    """0 when every target is met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.turns", description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="sqlite|postgres", default=["sqlite", "postgres"])
    parser.add_argument("--stored", type=int, default=0, metavar="N", help="answers of others in the database")
    args = parser.parse_args()
    print(f"durable turns, raw driver = 1; PostgreSQL at {SERVER}")
    met = []
    for kind in args.kinds:
        with tempfile.TemporaryDirectory() as folder, template(kind, Path(folder)) as made:
            met += [measure(kind, made, writers, turns) for writers, turns in SIZES]
            if args.stored:
                met.append(flatness(kind, made, args.stored))
    gc.unfreeze()
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
