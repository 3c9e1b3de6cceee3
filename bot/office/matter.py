"""One command being carried out: its connection, who commands, and what every room of the office needs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.acts import ADMINISTRATOR, COORDINATOR
from bot.config import Settings, level_names
from bot.doors import Actor, Post, Refusal
from bot.engine.definition import Call, Edition, Extension
from bot.engine.messages import Moment
from bot.engine.news import next_slot
from bot.engine.route import Stop, stops
from bot.errors import Stale
from bot.wording import Wording
from bot.workdays import china
from bot.world import World
from storage import cases as case_rows
from storage import commands, people, posts
from storage import editions as edition_rows
from storage import news as news_rows
from storage import review as rows
from storage.records import EventRow, WakeRow, add_events, drop_wake, set_wakes

MOST_ALIKE = 200  # units of the same name that are looked through
LONGEST = 2000  # characters of a comment or a reason


class Refused(Exception):
    """Leaves the transaction, which undoes what was done in it."""

    def __init__(self, key: str, **params: Any) -> None:
        self.refusal = Refusal(key=f"office.{key}", params=params)
        super().__init__(key)


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What stays the same from command to command. `site_key` signs links."""

    settings: Settings
    calls: Mapping[str, Call]
    profile: Call
    wording: Wording
    world: World
    site_key: bytes


class Matter:
    """Reads rights and rows, writes events, and tells people."""

    def __init__(self, connection: Connection, actor: Actor, setting: Setting) -> None:
        self.connection = connection
        self.actor = actor
        self.setting = setting
        self.world = setting.world
        self.now: datetime = setting.world.now()
        self.root = setting.settings.site.root

    # ------------------------------------------------------------ rights

    @cached_property
    def posts(self) -> tuple[Post, ...]:
        """The posts of whoever commands, as they are now."""
        return posts.posts(self.connection, self.actor.person, self.now) if self.actor.person else ()

    @property
    def is_house(self) -> bool:
        """Whether the command comes from the command line, which may do everything."""
        return self.actor.person == 0

    def sees(self, unit: str) -> bool:
        """Whether a unit, given by its path, lies at or below a post."""
        return self.is_house or any(covers(post.path, unit) for post in self.posts)

    def allowed(self, unit: str, *roles: str) -> bool:
        """Whether whoever commands has one of these roles at or above a unit."""
        return self.is_house or any(post.role in roles and covers(post.path, unit) for post in self.posts)

    def may(self, unit: str, *roles: str) -> None:
        """Refuses who is not allowed."""
        if not self.allowed(unit, *roles):
            raise Refused("denied")

    def holds(self, holder: str) -> bool:
        """Whether whoever commands decides for this unit: its own coordinators, and administrators at or above it."""
        exactly = any(post.role == COORDINATOR and post.path == holder for post in self.posts)
        return exactly or self.allowed(holder, ADMINISTRATOR)

    # ------------------------------------------------------------ cases

    def case(self, id: int) -> commands.CaseAt:
        """A case that lies in sight. Refuses any other like one that never existed."""
        row = commands.case(self.connection, id)
        if row is None or not self.sees(row.unit):
            raise Refused("no_case")
        return row

    def case_in_hand(self, id: int, n: int) -> commands.CaseAt:
        """A case whose holder whoever commands decides for, at the submission that they have seen."""
        row = self.case(id)
        if not self.holds(row.holder):
            raise Refused("not_yours", number=row.number, unit=row.holder.rpartition("/")[2])
        if row.n != n:
            raise Refused("newer", number=row.number, n=row.n)
        return row

    def move(self, name: str, row: commands.CaseAt, **columns: Any) -> None:
        """Carries out a move; the loser of a race hears where the case is now."""
        try:
            case_rows.move(self.connection, name, row.id, row.n, at=row.level, **columns)
        except Stale:
            raise Refused("moved", number=row.number) from None

    def edition(self, id: int) -> Edition:
        """An edition. Refuses an unknown one."""
        found = edition_rows.load(self.connection, self.setting.calls).get(id)
        if found is None:
            raise Refused("no_edition")
        return found

    @cached_property
    def extensions(self) -> tuple[Extension, ...]:
        """All that were granted."""
        return edition_rows.granted(self.connection)

    def way(self, row: commands.CaseAt, edition: Edition) -> tuple[Stop, ...]:
        """The stops of a case, from the first level up."""
        return self.stops_of(row.unit, edition)

    def stops_of(self, unit: str, edition: Edition) -> tuple[Stop, ...]:
        """The stops of a unit's cases, from the first level up."""
        return stops(edition.call, tuple(unit.split("/")), self.setting.settings.site.root_level, level_names())

    def holder_of(self, stop: Stop) -> int:
        """The unit at a stop, which is there as long as units below it are."""
        found = people.unit_at(self.connection, stop.path)
        if found is None:
            raise Refused("no_unit", unit="/".join(stop.path))
        return found.id

    def zone(self, edition: Edition) -> ZoneInfo:
        """The zone a call's dates are in."""
        return ZoneInfo(edition.call.zone)

    def unit_id(self, path: str) -> int:
        """A unit that lies in sight, by its path. Refuses any other like one that never existed."""
        found = people.unit_at(self.connection, tuple(path.split("/"))) if self.sees(path) else None
        if found is None:
            raise Refused("no_unit", unit=path)
        return found.id

    def unit_meant(self, text: str) -> str:
        """The path of the unit in sight that somebody typed: all of it, or its end where only one ends so.

        Refuses any other like one that never existed.
        """
        text = text.strip().strip("/")
        if text and self.sees(text) and people.unit_at(self.connection, tuple(text.split("/"))) is not None:
            return text
        ends = people.units_ending(self.connection, text, MOST_ALIKE) if text else []
        found = [path for path in ends if self.sees(path)]
        if len(found) > 1:
            raise Refused("units_alike", unit=text, units=tuple(found[:3]))
        if not found:
            raise Refused("no_unit", unit=text)
        return found[0]

    def moment(self, at: datetime, edition: Edition) -> Moment:
        """An instant as a sentence says it."""
        return Moment(at=at, zone=edition.call.zone, now=self.now)

    def end_of(self, day: date, edition: Edition) -> datetime:
        """24:00 of a day in the call's zone, which must still come."""
        zone = ZoneInfo(edition.call.zone)
        with suppress(OverflowError, ValueError):
            at = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=zone)
            if self.now < at.astimezone(self.now.tzinfo) <= self.now + timedelta(days=800):
                return at.astimezone(self.now.tzinfo)
        raise Refused("bad_day")

    def end_of_day(self, day: date) -> datetime:
        """The same where no call is meant: in the zone of the first edition, the calls' usual one."""
        known = edition_rows.load(self.connection, self.setting.calls).values()
        edition = next(iter(known), None)
        if edition is None:
            raise Refused("no_edition")
        return self.end_of(day, edition)

    # ------------------------------------------------------------ what is written

    def words(self, text: str, *, needed: str = "") -> str:
        """A text that somebody typed, without what stands around it. Refuses one that is too long, or missing where
        `needed` names the sentence for it."""
        text = text.strip()
        if needed and not text:
            raise Refused(needed)
        if len(text) > LONGEST:
            raise Refused("too_long", most=LONGEST)
        return text

    def note(
        self, kind: str, *, draft: int = 0, case: int = 0, unit: str = "", params: Mapping[str, Any] | None = None
    ) -> None:
        """One line for the books; never an answer's text."""
        event = EventRow(
            id=self.world.new_id(),
            at=self.now,
            actor=self.actor.person,
            kind=kind,
            draft=draft,
            case=case,
            unit=unit or self.root,
            params=params or {},
        )
        add_events(self.connection, [event])

    def note_case(self, kind: str, row: commands.CaseAt, **params: Any) -> None:
        """The same of a case."""
        self.note(kind, draft=row.draft, case=row.id, unit=row.unit, params={"n": row.n, **params})

    def tell(
        self,
        conversation: int,
        event: str,
        draft: int,
        key: str,
        params: Mapping[str, Any],
        at: datetime | None = None,
    ) -> None:
        """Has somebody told, on the channel they use, once for each `key`: at an instant, else as soon as this is
        committed."""
        data = {"event": event, "draft": draft, "params": dict(params)}
        set_wakes(self.connection, [WakeRow(conversation, f"told:{event}:{key}", at or self.now, data)])

    def untell(self, conversation: int, event: str, key: str) -> bool:
        """Drops what somebody was to be told; False where they have been told already."""
        return drop_wake(self.connection, conversation, f"told:{event}:{key}")

    def tell_writer(self, row: commands.CaseAt, event: str, **params: Any) -> bool:
        """Has the writer of a case told; False where they have not come yet, and will hear it when they do."""
        self.tell(row.conversation, event, row.draft, f"{row.id}:{self.world.new_id()}", params)
        return posts.is_reached(self.connection, row.person)

    def tell_unit(self, unit: int, edition: Edition, event: str, row: commands.CaseAt) -> None:
        """Has the people of an office told that something came to them: many events make one message."""
        due = next_slot(self.now, edition.call.zone, china())
        for known in posts.holders(self.connection, unit, self.now):
            if known.id != self.actor.person:
                news_rows.add(self.connection, known.conversation, due, event)

    def decide(self, row: commands.CaseAt, kind: str, *, reason: str = "", rank: int = 0) -> int:
        """Keeps what the holder did with a submission; the decision's id, by which the books lead to its reason."""
        decided = rows.DecisionRow(
            id=self.world.new_id(),
            case=row.id,
            n=row.n,
            level=row.level,
            kind=kind,
            rank=rank,
            reason=reason,
            actor=self.actor.person,
            at=self.now,
            unit=row.holder_id,
        )
        rows.decide(self.connection, decided)
        return decided.id

    def name(self) -> str:
        """What whoever commands is called, "" where that is not known."""
        known = posts.person(self.connection, self.actor.person) if self.actor.person else None
        return known.name if known else ""


def covers(above: str, unit: str) -> bool:
    """Whether a unit's path lies at or below another."""
    return not above or unit == above or unit.startswith(f"{above}/")


def instant(at: datetime | None, edition: Edition) -> dict[str, str] | None:
    """An instant as a notice's parameter."""
    return {"at": at.isoformat(), "zone": edition.call.zone} if at else None
