"""Whole durable turns against the raw driver: `python -m benchmarks.turns [sqlite|postgres]`.

Ours: the real desk, engine and wording, on a half-written draft of 3,000 字 for each writer; every turn adds a
piece of text. Raw: the same rows read and written by the driver alone, one transaction a turn, the same
durability, no engine, no wording; on PostgreSQL with a connection for each writer (32 at most). Both in one run, in
turns, three times; what counts is the ratio, printed with its spread. CPU is the whole process's, a turn.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import select

from bot.engine.model import PROFILE, Answer, Draft, Focus, Fragment
from bot.engine.step import step
from bot.wording import Wording
from bot.world import World
from storage import conversations, drafts
from storage import tables as t
from tests.storehouse import CALL, NOW, SERVER, House, copy_of, say, template

PIECES = 30  # of 50 字 each: the half of a draft of 3,000
TEXT = "村里一共有四百一十二户，常住的多是老人，我们先从院坝会做起，" * 2
NEW = "我们先从院坝会做起，一家一家上门说，说通了再动手。"
ROUNDS = 3
TARGETS = {("sqlite", 16): 1.0, ("sqlite", 128): 2.5, ("postgres", 16): 1.0, ("postgres", 128): 2.0}


def seed(house: House, writers: int) -> None:
    """People with a finished profile, each in the middle of the sixth question of a draft."""
    world = World()
    questions = [(s, q) for s in house.calls[CALL].sections for q in s.questions if q.kind == "text"]
    section, question = questions[5]
    for i in range(writers):
        house.writer(f"w{i}", name="李建国", phone="13900002217")
    with house.engine.begin() as c:
        c.execute(t.people.update().values(unit=3, post="村党支部书记"))
        for id, person in c.execute(select(t.conversations.c.id, t.conversations.c.person)).all():
            own = Draft(id=world.new_id(), person=person, call=PROFILE, state="handed_in")
            draft = Draft(
                id=world.new_id(), person=person, call=CALL, edition=9, title="题", words=1500, next=PIECES + 1
            )
            drafts.add(c, [(own, NOW), (draft, NOW)])
            pieces = [
                Fragment(
                    draft=draft.id, id=i + 1, question=questions[i // 5][1].id, text=TEXT, words=50, source=f"r{i}"
                )
                for i in range(PIECES)
            ]
            drafts.add_fragments(c, [(f, NOW) for f in pieces])
            drafts.add_answers(c, [(_answer(draft.id, questions[i][1].id, i), NOW, True) for i in range(6)], [])
            ((_, fresh),) = conversations.load(c, ids=[id])
            focus = Focus(draft=draft.id, section=section.id, question=question.id, mode="gather")
            conversations.save(c, [(replace(fresh, version=1, consent="1", focus=focus), 0)])


def _answer(draft: int, question: str, i: int) -> Answer:
    parts = tuple(range(i * 5 + 1, i * 5 + 6))
    return Answer(draft=draft, question=question, n=1, state="open" if i == 5 else "closed", parts=parts, words=250)


async def ours(house: House, writers: int, turns: int, tag: str) -> dict[str, float]:
    """Turns a second, CPU milliseconds a turn, and the 99th percentile of a turn's milliseconds."""
    took: list[float] = []

    async def write(name: str, count: int, tag: str) -> None:
        for i in range(count):
            began = time.perf_counter()
            (taken,) = await desk.take([say(name, NEW, ref=f"{name}:{tag}:{i}")])
            took.append(time.perf_counter() - began)
            if taken.outcome != "fresh":
                raise RuntimeError(taken.outcome)

    async with house.desk(step, wording=Wording.load(), world=World()) as desk:
        await asyncio.gather(*[write(f"w{i}", 2, tag + "warm") for i in range(writers)])
        took.clear()
        cpu, began = time.process_time(), time.perf_counter()
        await asyncio.gather(*[write(f"w{i}", turns, tag) for i in range(writers)])
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    count = writers * turns
    return {"rate": count / wall, "cpu": cpu / count * 1000, "p99": sorted(took)[int(len(took) * 0.99)] * 1000}


_READS = (
    "SELECT digest, conversation, seq_from, seq_to FROM updates WHERE channel = 'page' AND ref = ?",
    "SELECT p.id, p.name, p.post, p.phone, c.id, c.version, c.seq, c.focus, c.pending, c.typing_question, "
    "c.typing_text, c.undo, c.consent FROM addresses a JOIN people p ON p.id = a.person "
    "JOIN conversations c ON c.person = p.id WHERE a.channel = 'page' AND a.external = ?",
    "SELECT id, call, edition, state, title, words, sections_done, next, n FROM drafts WHERE person = ?",
    "SELECT question, n, state, parts, picks, words FROM answers WHERE draft = ? AND latest",
    "SELECT id, question, text, words, source FROM fragments WHERE draft = ?",
    "SELECT id, file FROM attachments WHERE draft = ?",
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
_BODY = json.dumps(
    {"text": NEW, "buttons": [["done:1/q", "写完了", True], ["undo", "撤销这条", False]]}, ensure_ascii=False
)


def raw_turn(run: Callable[[str, tuple[Any, ...]], Any], name: str, ref: str, at: Any) -> None:
    """The same rows, read and written by hand within the caller's transaction."""
    seen, who, of_person, answers, fragments, files = _READS
    run(seen, (ref,)).fetchall()
    ((person, *_, conversation, version, seq, focus, _, _, _, undo, _),) = run(who, (name,)).fetchall()
    draft = next(r for r in run(of_person, (person,)).fetchall() if r[2])
    question = json.loads(focus)[2]
    latest = next(r for r in run(answers, (draft[0],)).fetchall() if r[0] == question)
    run(fragments, (draft[0],)).fetchall()
    run(files, (draft[0],)).fetchall()
    parts = json.dumps([*json.loads(latest[3]), draft[7]])
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


def raw(place: str, writers: int, turns: int, tag: str) -> float:
    """Turns a second of the driver alone."""
    began = time.perf_counter()
    if "://" not in place:
        connection = sqlite3.connect(place, isolation_level=None)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        at = int(NOW.timestamp() * 1_000_000)
        for i in range(turns):
            for w in range(writers):
                connection.execute("BEGIN IMMEDIATE")
                raw_turn(connection.execute, f"w{w}", f"w{w}:{tag}:{i}", at)
                connection.execute("COMMIT")
        connection.close()
    else:
        lanes = [threading.Thread(target=_lane, args=(place, n, writers, turns, tag)) for n in range(min(writers, 32))]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
    return writers * turns / (time.perf_counter() - began)


def _lane(place: str, lane: int, writers: int, turns: int, tag: str) -> None:
    with psycopg.connect(place) as connection:
        for i in range(turns):
            for w in range(lane, writers, min(writers, 32)):
                raw_turn(lambda q, v: connection.execute(q.replace("?", "%s"), v), f"w{w}", f"w{w}:{tag}:{i}", NOW)
                connection.commit()


def measure(kind: str, writers: int, turns: int) -> bool:
    """Prints one line; whether its target is met."""
    with tempfile.TemporaryDirectory() as folder, template(kind, Path(folder)) as made:
        ratios, found = [], []
        for r in range(ROUNDS):
            with tempfile.TemporaryDirectory() as room, copy_of(made, Path(room)) as place:
                house = House(place)
                seed(house, writers)
                gc.collect()
                gc.freeze()
                found.append(asyncio.run(ours(house, writers, turns, f"o{r}")))
                house.close()
            with tempfile.TemporaryDirectory() as room, copy_of(made, Path(room)) as place:
                house = House(place)
                seed(house, writers)
                house.close()
                ratios.append(found[-1]["rate"] / raw(place, writers, turns, f"r{r}"))
    best = min(found, key=lambda f: f["cpu"])
    ratio, target = statistics.median(ratios), TARGETS.get((kind, writers), 0.0)
    print(
        f"{kind:8} {writers:3} writers  {best['rate']:6.0f} turns/s  ratio {ratio:.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}, wanted {target})  CPU {best['cpu']:.2f} ms  p99 {best['p99']:.1f} ms"
    )
    return ratio >= target


def main() -> int:
    """0 when every ratio is met."""
    kinds = sys.argv[1:] or ["sqlite", "postgres"]
    print(f"durable turns, raw driver = 1; PostgreSQL at {SERVER}")
    met = [measure(kind, n, turns) for kind in kinds for n, turns in ((1, 200), (16, 40), (128, 12))]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
