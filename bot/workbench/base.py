"""What every view of the workbench needs: who looks, at which edition, and how times and units are said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.acts import ADMINISTRATOR, COORDINATOR
from bot.doors import Post, Scope, Visitor
from bot.engine.definition import Call, Edition, Extension, closes, deadline
from bot.engine.messages import Moment
from bot.engine.route import level_of, stops
from bot.wording import Wording
from storage import editions

SOON = timedelta(days=7)  # so long before a date it is told what comes of it
LATE = 3  # days after which who waits has waited long


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """What stays the same, for whole processes: it is handed to another one as it is.

    `levels`: the names of the tree's levels from the top down; `root`: the level of the tree's root; `site_key` signs
    links.
    """

    wording: Wording
    calls: Mapping[str, Call]
    levels: tuple[str, ...]
    root: str
    site_key: bytes = field(repr=False)


class Sight:
    """One look: somebody, at an instant, on one edition."""

    def __init__(self, connection: Connection, tools: Tools, visitor: Visitor, now: datetime, edition: int = 0) -> None:
        self.connection = connection
        self.tools = tools
        self.visitor = visitor
        self.scope: Scope = visitor.scope
        self.posts: tuple[Post, ...] = visitor.posts
        self.now = now
        self.known: Mapping[int, Edition] = editions.load(connection, tools.calls)
        self.edition: Edition | None = self.known.get(edition)

    @cached_property
    def extensions(self) -> tuple[Extension, ...]:
        """All that were granted."""
        return editions.granted(self.connection)

    @property
    def own(self) -> tuple[int, ...]:
        """The ids of the viewer's own units."""
        return tuple(dict.fromkeys(post.unit for post in self.posts))

    @cached_property
    def levels(self) -> Mapping[int, str]:
        """The viewer's own units that hold cases by the edition's route, with the level they hold them at."""
        found: dict[int, str] = {}
        for post in self.posts if self.edition is not None else ():
            path = tuple(post.path.split("/"))
            assert self.edition is not None
            for stop in stops(self.edition.call, path, self.tools.root, self.tools.levels):
                if stop.path == path:
                    found[post.unit] = stop.level
        return found

    def holds(self, holder: str) -> bool:
        """Whether the viewer decides for a unit, as `bot.office` asks it."""
        exactly = any(p.role == COORDINATOR and p.path == holder for p in self.posts)
        return exactly or any(p.role == ADMINISTRATOR and covers(p.path, holder) for p in self.posts)

    def allowed(self, unit: str, *roles: str) -> bool:
        """Whether the viewer has one of these roles at or above a unit, as `bot.office` asks it."""
        return any(p.role in roles and covers(p.path, unit) for p in self.posts)

    def from_above(self, unit: str) -> bool:
        """Whether the viewer sets a unit's places and its own dates: no coordinator does it for themselves."""
        above = any(p.role == COORDINATOR and covers(p.path, unit) and p.path != unit for p in self.posts)
        return above or self.allowed(unit, ADMINISTRATOR)

    # ------------------------------------------------------------ saying

    def say(self, key: str, /, **params: Any) -> str:
        """A sentence of the workbench."""
        return self.tools.wording.say(f"console.{key}", **params)

    def zone(self, edition: Edition | None = None) -> str:
        """The zone in which days are counted."""
        edition = edition or self.edition
        return edition.call.zone if edition else "Asia/Shanghai"

    def moment(self, at: datetime) -> Moment:
        """An instant as sentences say it."""
        return Moment(at=at, zone=self.zone(), now=self.now)

    def when(self, at: datetime) -> str:
        """今天09:42, 昨天16:20, 11月20日10:05."""
        zone = ZoneInfo(self.zone())
        here, then = self.now.astimezone(zone), at.astimezone(zone)
        days = (here.date() - then.date()).days
        time = then.strftime("%H:%M")
        if days in (0, 1):
            return self.say("when.today" if days == 0 else "when.yesterday", time=time)
        key = "when.day" if here.year == then.year else "when.year"
        return self.say(key, year=then.year, month=then.month, day=then.day, time=time)

    def days_since(self, at: datetime) -> int:
        """How many days ago, counted by days and not by hours."""
        zone = ZoneInfo(self.zone())
        return (self.now.astimezone(zone).date() - at.astimezone(zone).date()).days

    def due(self, at: datetime, level: str = "", *, after: str = "writers") -> Mapping[str, str]:
        """A date: in words with and without what is left until it, and as it is (ISO), for a page to count
        down to; `after`: what comes of it when it has passed, in its last week, the writers' date or a level's."""
        left = at - self.now
        if left <= timedelta(0):
            rest = self.say("due.over")
        elif left < timedelta(days=1):
            rest = self.say("due.today")
        else:
            rest = self.say("due.days", days=left.days)
        date = self.say("due.date", level=level, until=self.moment(at))
        near = timedelta(0) < left <= SOON
        told = {"text": self.say("due.text", date=date, rest=rest), "date": date, "at": at.isoformat()}
        return {**told, "after": self.say(f"due.after_{after}") if near else ""}

    def level_title(self, id: str) -> str:
        """A level of the edition's call, as it is called."""
        found = level_of(self.edition.call, id) if self.edition else None
        return found.title if found else ""

    def level_due(self, level: str, unit: int) -> datetime | None:
        """Until when a unit may recommend at a level; None where the level does not close."""
        if self.edition is None or not closes(self.edition, level):
            return None
        return deadline(self.edition, level, unit, self.extensions)

    def writers_due(self, edition: Edition) -> datetime:
        """Until when the writers of the viewer's own unit may hand in; elsewhere another day may have been granted."""
        return deadline(edition, "", self.posts[0].unit if self.posts else 0, self.extensions)

    def in_time(self, level: str, unit: int) -> bool:
        """Whether a unit may still recommend at a level."""
        until = self.level_due(level, unit)
        return until is None or self.now < until

    def short(self, path: str) -> str:
        """A unit without what the viewer's own unit says already: 石桥镇槐树村."""
        own = [post.path for post in self.posts if covers(post.path, path) and post.path != path]
        above = max(own, key=len, default="")
        return "".join(path[len(above) :].strip("/").split("/")) if above else path.rpartition("/")[2]


def covers(above: str, path: str) -> bool:
    """Whether a path lies at or below another."""
    return not above or path == above or path.startswith(f"{above}/")


def newest(known: Mapping[int, Edition]) -> Sequence[Edition]:
    """Editions, the open ones first, the newest of them first."""
    return sorted(known.values(), key=lambda e: (e.closed, -e.opened_at.timestamp(), -e.id))


def masked(phone: str) -> str:
    """139****2217."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else ("****" if phone else "")
