"""An officer's queue in numbers, as it is told in a conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.workbench.base import Sight
from bot.workbench.overview import choose_edition, overview
from storage import console_rows, offices, workbench
from storage.console_rows import Choice
from storage.offices import Unheard

WRITERS = ("returned", "writing", "todo")  # what counts only as long as it can be handed in
DIGEST = ("mine", "passed", "returned", "writing", "todo")
_DAY = timedelta(days=1)
MOST = 5  # people who are named
TOLD = ("mine", "again", "returned", "writing", "todo", "passed", "up")


def numbers(s: Sight) -> dict[str, Any]:
    """What stands in each queue of the newest edition with anything in it; {"none": True} where there is no post or
    no edition."""
    if s.posts:
        choose_edition(s, 0)
    if s.edition is None:
        return {"none": True}
    told = overview(s)
    rows = [_row(queue) for queue in told["queues"] if queue["id"] in TOLD and queue["count"]]
    return {
        "title": told["title"],
        "rows": rows or [{"label": s.say("queue.mine"), "count": 0}],
        "quota": told["quota"]["text"] if told["quota"] else "",
        "due": (told["level_due"] or told["due"])["text"],
    }


def digest(s: Sight) -> dict[str, Any]:
    """How the edition that is looked at stands this morning, as lines; none where nothing is to be done."""
    if s.edition is None or not s.posts:
        return {"title": "", "lines": []}
    told = overview(s)
    counts = {queue["id"]: queue["count"] for queue in told["queues"]}
    over = s.writers_due(s.edition) <= s.now
    named = [id for id in DIGEST if counts.get(id) and not (over and id in WRITERS)]
    lines = [_waiting(s, counts[id]) if id == "mine" else s.say(f"digest.{id}", count=counts[id]) for id in named]
    known = [] if over else offices.silent(s.connection, s.scope, s.edition.id, MOST + 1)
    lost = [] if over else offices.unreached(s.connection, s.scope, s.edition.id, s.now, MOST + 1)
    lines += [s.say(f"digest.{key}", names=_names(s, of)) for key, of in (("silent", known), ("lost", lost)) if of]
    if lines:
        own = [told["quota"]["text"]] if told["quota"] else [told["level_due"]["text"]] if told["level_due"] else []
        lines += [*own, *([] if over or told["due"] is None else [told["due"]["text"]])]
        ends = [due for due in (told["level_due"], told["due"]) if due and due["after"]]
        lines += [due["after"] for due in ends if datetime.fromisoformat(due["at"]) - s.now < _DAY]
    return {"title": told["title"], "lines": lines}


def _waiting(s: Sight, count: int) -> str:
    """How many wait for the viewer, and since when the one that waits longest does."""
    assert s.edition is not None
    choice = Choice(edition=s.edition.id, queue="mine", own=s.own, acts=True)
    rows, _ = console_rows.case_page(s.connection, s.scope, choice, "waited", [], 1)
    since = [
        max(row.submitted_at, workbench.came(s.connection, [row.id])[row.id].at or row.submitted_at) for row in rows
    ]
    days = s.days_since(since[0]) if since else 0
    return s.say("digest.mine_since" if days else "digest.mine", count=count, days=days)


def _names(s: Sight, found: Sequence[Unheard]) -> tuple[str, ...]:
    """李建国（槐树村）, as many as one line holds."""
    names = [s.say("digest.person", name=one.name, unit=one.path.rpartition("/")[2]) for one in found[:MOST]]
    return (*names, s.say("digest.more")) if len(found) > MOST else tuple(names)


def _row(queue: Mapping[str, Any]) -> dict[str, Any]:
    return {"label": queue["label"], "count": queue["count"]}
