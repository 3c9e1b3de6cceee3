"""The views of the workbench by name: what may be asked for, by whom and at which instant, and what answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Connection

from bot.doors import Viewer, Visitor
from bot.errors import NoPost, Stranger
from bot.workbench import books, calendar, curve, desk, overview, people, reading
from bot.workbench.base import Sight, Tools
from storage import posts
from storage.views import overseer, visitor

if TYPE_CHECKING:
    from bot.aside.errands import Here


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One look. `view` is a key of `VIEWS`; `args` are what its function takes after the sight."""

    view: str
    viewer: Viewer
    now: datetime
    edition: int = 0
    args: tuple[Any, ...] = ()
    brief: ClassVar[bool] = True

    def do(self, here: Here) -> Any:
        """The view: plain mappings, lists, texts and numbers, or None. Raises ValueError for what there is not."""
        return here.readers.now(lambda c: seen(c, here.tools, self))


def _edition(s: Sight) -> tuple[int, str]:
    return (s.edition.id, next(iter(s.levels.values()), "")) if s.edition else (0, "")


# The views of one edition; where the one that is asked for is not there, the newest with anything in it is chosen.
_OF_EDITION: Mapping[str, Callable[..., Any]] = {
    "overview": overview.overview,
    "listing": overview.listing,
    "books": books.books,
    "people": people.people,
    "nudges": people.nudges,
    "edition": _edition,
    "calendar": calendar.calendar,
    "curve": curve.curve,
}
_OF_CASE: Mapping[str, Callable[..., Any]] = {
    "case": reading.read,
    "compare": reading.compare,
    "history": reading.history,
}
VIEWS: Mapping[str, Callable[..., Any]] = {**_OF_EDITION, **_OF_CASE, "numbers": desk.numbers, "digest": desk.digest}


def seen(connection: Connection, tools: Tools, asked: Asked) -> Any:
    """The answer of one look, on a reading connection."""
    sight = Sight(connection, tools, _visitor(connection, asked), asked.now, asked.edition)
    if asked.view in _OF_EDITION:
        overview.choose_edition(sight, asked.edition)
    return VIEWS[asked.view](sight, *asked.args)


def _visitor(connection: Connection, asked: Asked) -> Visitor:
    if isinstance(asked.viewer, Visitor):
        return asked.viewer
    found = visitor(connection, asked.viewer, asked.now)
    if found is None:
        raise Stranger
    if not found.posts:
        raise NoPost
    return found


def warm(connection: Connection, tools: Tools, now: datetime) -> None:
    """Looks at everything once: what is counted or prepared at its first use is so before anybody waits for it."""
    person = posts.widest(connection)
    viewer = overseer(connection, person, now)
    for view, args in (("overview", ()), ("listing", ({"queue": "all"},))) if viewer.posts else ():
        seen(connection, tools, Asked(view=view, viewer=viewer, now=now, args=args))
