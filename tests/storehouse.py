"""Databases and desks for tests: the same tests run on SQLite and on PostgreSQL.

A migrated database is made once a run and copied for each test, since migrating costs more than most tests.
"""

from __future__ import annotations

import itertools
import shutil
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, func, select

from bot.calls import load_all, load_profile
from bot.channel import Address, ChannelCaps, Outgoing, Taken, Update
from bot.desk import Desk, Step
from bot.engine.content import Content
from bot.engine.definition import Edition, Office
from bot.engine.messages import (
    Event,
    Incoming,
    Knock,
    Pressed,
    Reply,
    Said,
    Submitted,
    TakenBack,
    Turn,
    Typing,
    UnitNamed,
    Wake,
    Want,
)
from bot.engine.model import Answer, Conversation, Draft, Fragment, NotLoaded, View
from bot.engine.vocabulary import Vocabulary
from bot.world import World
from storage import editions, invites, people
from storage.database import open_writer, upgrade
from storage.tables import conversations
from storage.tables import invites as invite_table

SERVER = "postgresql://postgres@127.0.0.1:5432/"
KEY = b"the site's key, for tests"
LEVELS = ("部", "省", "市", "县", "乡镇", "村")
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CALL = "mca"


def server_is_there() -> bool:
    """Whether something listens where PostgreSQL should."""
    with socket.socket() as s:
        s.settimeout(0.5)
        return s.connect_ex(("127.0.0.1", 5432)) == 0


@contextmanager
def _administer() -> Iterator[Connection]:
    engine = open_writer(SERVER + "postgres").execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@contextmanager
def empty_database(kind: str, folder: Path) -> Iterator[str]:
    """The place of a database without tables."""
    if kind == "sqlite":
        yield str(folder / "empty.db")
        return
    name = f"anlitong_{uuid4().hex}"
    with _administer() as c:
        c.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield SERVER + name
    finally:
        with _administer() as c:
            c.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def template(kind: str, folder: Path) -> Iterator[str]:
    """A migrated database to copy."""
    with empty_database(kind, folder) as place:
        engine = open_writer(place)
        upgrade(engine)
        engine.dispose()
        yield place


@contextmanager
def copy_of(place: str, folder: Path) -> Iterator[str]:
    """A copy of a template, dropped afterwards."""
    if "://" not in place:
        shutil.copy(place, folder / "test.db")
        yield str(folder / "test.db")
        return
    name = f"anlitong_{uuid4().hex}"
    with _administer() as c:
        c.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {place.rsplit('/', 1)[1]}")
    try:
        yield SERVER + name
    finally:
        with _administer() as c:
            c.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


class Plain:
    """A wording that says keys and gaps."""

    vocabulary = Vocabulary()

    def render(self, reply: Reply, extra: Mapping[str, Any] | None = None) -> Outgoing:
        params = {**reply.params, **(extra or {})}
        gaps = " ".join(f"{k}={v}" for k, v in sorted(params.items()))
        return Outgoing(text=f"{reply.key} {gaps}".strip(), slot=reply.slot)


class Told(World):
    """A world whose clock stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOW
        self._ids = itertools.count(1 << 40)

    def now(self) -> datetime:
        return self.at

    def new_id(self) -> int:
        return next(self._ids)


def small_step(view: View, conversation: Conversation, incoming: Incoming) -> Turn:
    """A little engine: what is said becomes a fragment and a version of the one answer of the one draft."""
    at = replace(conversation, seen_at=incoming.at)
    if isinstance(incoming, Typing):
        return Turn(conversation=replace(conversation, typing=(incoming.question, incoming.text)))
    if not isinstance(incoming, Said):
        name = incoming.label if isinstance(incoming, Pressed) else type(incoming).__name__
        return Turn(conversation=at, replies=(Reply(key=name, params={"knows": len(view.drafts)}),))
    if incoming.text == "broken":
        raise RuntimeError("the engine broke")
    draft = next((d for d in view.drafts.values() if d.edition), None)
    if draft is None:
        draft = Draft(id=view.new_id, person=view.person.id, call=CALL, edition=next(iter(view.editions)))
        before, texts = None, None
    else:
        texts = view.text_of(draft.id)
        before = texts.answers.get("q")
    fragment = Fragment(draft=draft.id, id=draft.next, question="q", text=incoming.text, words=1, source=incoming.ref)
    answer = Answer(
        draft=draft.id,
        question="q",
        n=(before.n if before else 0) + 1,
        state="open",
        parts=(*(before.parts if before else ()), fragment.id),
        words=(before.words if before else 0) + 1,
    )
    said = [texts.fragments[i].text for i in before.parts] if texts and before else []
    return Turn(
        conversation=replace(at, typing=("", "")),
        drafts=(replace(draft, next=draft.next + 1, words=answer.words),),
        answers=(answer,),
        fragments=(fragment,),
        replies=(Reply(key="heard", params={"all": "|".join([*said, incoming.text])}),),
        events=(Event(kind="said", draft=draft.id, params={"n": answer.n}),),
    )


def lazy_step(view: View, conversation: Conversation, incoming: Incoming) -> Turn:
    """The little engine; nothing is in focus, so it always meets a draft that is not loaded."""
    for draft in view.drafts.values():
        if draft.id not in view.texts:
            raise NotLoaded(draft.id)
    return small_step(view, conversation, incoming)


def content(title: str = "片长进院坝") -> Content:
    return Content(call="mca", title=title, unit="石桥镇槐树村", sections=())


def office_step(view: View, conversation: Conversation, incoming: Incoming) -> Turn:
    """Hands in, takes back, and the like, by the button's label."""
    if not isinstance(incoming, Pressed):
        return small_step(view, conversation, incoming)
    draft = next((d for d in view.drafts.values() if d.edition), None)
    if incoming.press == "hand in":
        draft = draft or Draft(id=view.new_id, person=view.person.id, call="mca", edition=9)
        draft = replace(draft, state="handed_in", n=draft.n + 1)
        return Turn(
            conversation=conversation,
            drafts=(draft,),
            submitted=Submitted(draft=draft.id, n=draft.n, content=content()),
            replies=(Reply(key="submitted", params={"number": ""}),),
        )
    if incoming.press == "take back" and draft is not None:
        case = view.cases[draft.id]
        if case.opened:
            return Turn(conversation=conversation, replies=(Reply(key="opened"),))
        return Turn(
            conversation=conversation,
            drafts=(replace(draft, state="writing"),),
            taken_back=TakenBack(draft=draft.id, case=case.id, n=case.n),
            replies=(Reply(key="taken back"),),
        )
    if incoming.press.startswith("unit:"):
        return Turn(conversation=conversation, unit=UnitNamed(name=incoming.press[5:]))
    if incoming.press == "code":
        return Turn(conversation=conversation, code_wanted=True, replies=(Reply(key="code", params={"code": ""}),))
    if incoming.press == "erase":
        return Turn(
            conversation=Conversation(id=conversation.id, person=conversation.person),
            erase=True,
            replies=(Reply(key="erased"),),
        )
    if incoming.press == "want":
        return Turn(
            conversation=conversation,
            wants=(Want(job="paper", args={"draft": 1}),),
            wakes=(Wake(kind="later", at=NOW + timedelta(days=1), data={"x": 1}),),
        )
    return Turn(conversation=conversation, replies=(Reply(key=incoming.press),))


@cache
def _calls() -> tuple[dict[str, Any], Any]:
    return dict(load_all()), load_profile()


class House:
    """A county with one open edition on a writer engine, and desks on it."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.engine: Engine = open_writer(place)
        self.world = Told()
        self.calls, self.profile = _calls()
        with self.engine.begin() as c:
            self.county = people.make_unit(c, 1, ("云溪县",), "县", confirmed=True)
            self.town = people.make_unit(c, 2, ("云溪县", "石桥镇"), "乡镇", confirmed=True)
            self.village = people.make_unit(c, 3, ("云溪县", "石桥镇", "槐树村"), "村", confirmed=True)
            office = Office(
                unit="云溪县",
                keeper="县委",
                contact="周敏",
                phone="0000-1",
                answer_days=5,
                keep_until=date(2027, 12, 31),
            )
            call = self.calls[CALL]
            self.edition = Edition(
                id=9, call=call, title=call.title, opened_at=NOW, due=NOW + timedelta(days=23), dates={}, office=office
            )
            editions.add(c, self.edition)

    @asynccontextmanager
    async def desk(
        self, step: Step = small_step, *, wording: Any = None, engine: Engine | None = None, **more: Any
    ) -> AsyncIterator[Desk]:
        """A desk with its thread, closed afterwards."""
        desk = Desk(
            engine or self.engine,
            world=more.pop("world", self.world),
            wording=wording or Plain(),
            calls=self.calls,
            profile=self.profile,
            step=step,
            channels={"page": ChannelCaps(page=True), "talk": ChannelCaps(push=True)},
            site_key=KEY,
            levels=LEVELS,
            contact="周敏",
            phone="0000-1",
            **more,
        )
        try:
            yield desk
        finally:
            await desk.close()

    def invite(
        self, *, unit: int = 3, personal: bool = False, role: str = "writer", uses: int | None = None, days: int = 30
    ) -> str:
        """A link to a new invite."""
        id = World().new_id()
        row = {
            "id": id,
            "unit": unit,
            "role": role,
            "personal": personal,
            "uses_left": 1 if personal else uses,
            "expires_at": self.world.now() + timedelta(days=days),
            "created_at": self.world.now(),
        }
        with self.engine.begin() as c:
            c.execute(invite_table.insert(), row)
        return invites.make_link(KEY, id, 0)

    def writer(self, external: str, *, channel: str = "page", name: str = "", phone: str = "") -> int:
        """A person with an address; returns the conversation's id."""
        ids = World()
        person, conversation = ids.new_id(), ids.new_id()
        with self.engine.begin() as c:
            people.create(c, person=person, conversation=conversation, unit=3, at=NOW)
            people.give_address(c, Address(channel=channel, external=external), person, NOW)
            if name:
                c.execute(people.people.update().where(people.people.c.id == person).values(name=name, phone=phone))
        return conversation

    def rows(self, table: Any, *order: Any) -> list[Any]:
        """All rows of a table."""
        with self.engine.begin() as c:
            return list(c.execute(select(table).order_by(*order)))

    def count(self, table: Any) -> int:
        """How many rows a table has."""
        with self.engine.begin() as c:
            return c.execute(select(func.count()).select_from(table)).scalar_one()

    def state(self) -> dict[str, Any]:
        """What people are left with, independent of ids, seqs across people, and clocks."""
        from storage.tables import answers, drafts, events, fragments, messages, updates

        whose = {r.id: r.person for r in self.rows(conversations)}
        with self.engine.begin() as c:
            name = {r.person: r.external for r in c.execute(select(people.addresses))}
        owner = {r.id: name[r.person] for r in self.rows(drafts)}
        return {
            "said": sorted((name[whose[r.conversation]], r.seq, r.cause, str(r.body)) for r in self.rows(messages)),
            "answers": sorted((owner[r.draft], r.n, r.parts, r.latest) for r in self.rows(answers)),
            "fragments": sorted((owner[r.draft], r.id, r.text, r.source) for r in self.rows(fragments)),
            "versions": sorted((name[r.person], r.version, r.seq, r.typing_text) for r in self.rows(conversations)),
            "updates": sorted((r.channel, r.ref, r.digest, r.seq_from, r.seq_to) for r in self.rows(updates)),
            "events": sorted((owner[r.draft], r.kind, r.params["n"]) for r in self.rows(events)),
        }

    def close(self) -> None:
        """Lets go of the database."""
        self.engine.dispose()


def say(external: str, text: str, ref: str = "", *, channel: str = "page", at: datetime = NOW) -> Update:
    """Somebody says something."""
    ref = ref or f"{external}:{text}"
    return Update(
        address=Address(channel=channel, external=external),
        ref=ref,
        digest=text,
        incoming=Said(at=at, ref=ref, text=text),
    )


def press(
    external: str, press: str, label: str = "", *, ref: str = "", channel: str = "page", at: datetime = NOW
) -> Update:
    """Somebody presses a button."""
    ref = ref or f"{external}:{press}:{uuid4().hex}"
    incoming = Pressed(at=at, ref=ref, press=press, label=label)
    return Update(address=Address(channel=channel, external=external), ref=ref, digest=press, incoming=incoming)


def knock(
    external: str, link: str = "", ref: str = "", *, channel: str = "page", at: datetime = NOW, **more: Any
) -> Update:
    """Somebody opens a link or brings a 接续码."""
    ref = ref or f"{external}:{uuid4().hex}"
    incoming = Knock(at=at, ref=ref, link=link, **more)
    return Update(address=Address(channel=channel, external=external), ref=ref, digest=str(incoming), incoming=incoming)


def said(taken: Taken) -> list[str]:
    """The texts of the replies."""
    return [r.text for r in taken.replies]
