"""A data folder in which many people are half through a draft of 3,000 字, and their browsers' cookies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, select
from starlette.responses import Response

from bot.app import House
from bot.channel import Address
from bot.config import load
from bot.demo import open_demo
from bot.engine.definition import Call
from bot.engine.model import PROFILE, Answer, Draft, Focus, Fragment, Undo
from bot.engine.work import UNDO_STEPS
from bot.world import World
from handlers.web.session import Sessions
from storage import conversations, editions, people
from storage import drafts as stored
from storage import tables as t

CALL = "mca"
# One machine plays the whole county: what a person and an address may do in a minute is not what is measured.
LIFTED: Mapping[str, str] = {
    "ANLITONG_CALLS__OPEN": f'["{CALL}"]',
    "ANLITONG_LIMITS__POSTS_PER_MINUTE": "100000",
    "ANLITONG_LIMITS__LINKS_PER_MINUTE": "100000",
    "ANLITONG_LIMITS__ADDRESS_PER_MINUTE": "1000000",
}
PIECES = 30  # of 50 字 each: the half of a draft of 3,000
TEXT = "村里一共有四百一十二户，常住的多是老人，我们先从院坝会做起，" * 2
NEW = "我们先从院坝会做起，一家一家上门说，说通了再动手。"


def source(n: int) -> str:
    """A loopback address of their own for the n-th person."""
    return f"127.1.{n // 250}.{n % 250 + 1}"


async def gather(folder: Path, count: int) -> list[str]:
    """Makes the folder with so many people; returns a cookie for each."""
    async with House(load(data=str(folder), environ=LIFTED)) as house:
        await open_demo(house)
        sessions = Sessions(house.web_settings(), house.world)
        cookies, externals = [], []
        for _ in range(count):
            session, response = sessions.new(), Response()
            sessions.write(response, session, always=True)
            cookies.append(response.headers["set-cookie"].split(";")[0])
            externals.append(session.external)
        await settle(house, "page", externals)
    return cookies


async def settle(house: House, channel: str, externals: Sequence[str]) -> None:
    """A person for each address, half through a draft."""
    call, at = house.calls[CALL], house.world.now()
    for start in range(0, len(externals), 500):
        addresses = [Address(channel=channel, external=external) for external in externals[start : start + 500]]
        await house.desk.submit(partial(_settle, world=house.world, call=call, addresses=addresses, at=at))


def _settle(connection: Connection, world: World, call: Call, addresses: Sequence[Address], at: datetime) -> None:
    unit = connection.execute(select(t.units.c.id).order_by(t.units.c.path.desc())).scalars().first() or 0
    edition = next(iter(editions.load(connection, {call.id: call})))
    for address in addresses:
        person, conversation = world.new_id(), world.new_id()
        people.create(connection, person=person, conversation=conversation, unit=unit, at=at)
        people.give_address(connection, address, person, at)
        connection.execute(
            t.people.update()
            .where(t.people.c.id == person)
            .values(name="李建国", phone="13900002217", post="村党支部书记", unit=unit)
        )
        drafts = (world.new_id(), world.new_id())
        half_written(connection, call, edition, drafts=drafts, conversation=conversation, person=person, at=at)


def half_written(
    connection: Connection,
    call: Call,
    edition: int,
    *,
    drafts: tuple[int, int],
    conversation: int,
    person: int,
    at: datetime,
) -> None:
    """Gives a new person a finished profile and a draft, in the middle of its sixth question. `drafts`: their ids."""
    questions = [(s, q) for s in call.sections for q in s.questions if q.kind == "text"]
    section, question = questions[5]
    own = Draft(id=drafts[0], person=person, call=PROFILE, state="handed_in")
    draft = Draft(id=drafts[1], person=person, call=call.id, edition=edition, title="题", words=1500, next=PIECES + 1)
    stored.add(connection, [(own, at), (draft, at)])
    pieces = [
        Fragment(draft=draft.id, id=i + 1, question=questions[i // 5][1].id, text=TEXT, words=50, source=f"r{i}")
        for i in range(PIECES)
    ]
    stored.add_fragments(connection, [(f, at) for f in pieces])
    stored.add_answers(connection, [(_answer(draft.id, questions[i][1].id, i), at, True) for i in range(6)], [])
    ((_, fresh),) = conversations.load(connection, ids=[conversation])
    focus = Focus(draft=draft.id, section=section.id, question=question.id, mode="gather")
    back = tuple(
        Undo(what="text", draft=draft.id, answers=(_answer(draft.id, questions[i // 5][1].id, i // 5),), focus=focus)
        for i in range(PIECES - UNDO_STEPS, PIECES)
    )
    conversations.save(connection, [(replace(fresh, version=1, consent="1", focus=focus, undo=back), 0)])


def _answer(draft: int, question: str, i: int) -> Answer:
    parts = tuple(range(i * 5 + 1, i * 5 + 6))
    return Answer(draft=draft, question=question, n=1, state="open" if i == 5 else "closed", parts=parts, words=250)
