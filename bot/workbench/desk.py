"""An officer's queue in numbers, as it is told in a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.batch import Setting
from bot.doors import Scope, Visitor
from bot.wording import Wording
from bot.workbench.base import Sight, Tools
from bot.workbench.overview import choose_edition, overview
from storage import posts

TOLD = ("mine", "again", "returned", "writing", "todo", "passed", "up")


def numbers(connection: Connection, setting: Setting, wording: Wording, person: int, now: datetime) -> dict[str, Any]:
    """What stands in each queue of the newest edition with anything in it; {"none": True} where there is no post or
    no edition."""
    held = posts.posts(connection, person, now)
    if not held:
        return {"none": True}
    levels, first = setting.levels, held[0]
    root = levels[levels.index(first.level) - first.path.count("/")]
    scope = Scope(person=person, units=tuple(dict.fromkeys(post.path for post in held)))
    visitor = Visitor(person=person, conversation=0, name="", scope=scope, posts=held)
    s = Sight(connection, Tools(setting=setting, wording=wording, root=root), visitor, now)
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


def _row(queue: Mapping[str, Any]) -> dict[str, Any]:
    return {"label": queue["label"], "count": queue["count"]}
