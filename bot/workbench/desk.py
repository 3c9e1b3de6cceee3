"""An officer's queue in numbers, as it is told in a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.workbench.base import Sight
from bot.workbench.overview import choose_edition, overview

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


def _row(queue: Mapping[str, Any]) -> dict[str, Any]:
    return {"label": queue["label"], "count": queue["count"]}
