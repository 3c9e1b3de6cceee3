"""What the office tells its own people: many events make one message, at a few fixed times of the working day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.engine.asking import NOTHING
from bot.engine.messages import Done, Say, Want
from bot.engine.work import Work
from bot.engine.workdays import WorkDays

DESK = "desk"  # the job that counts
NEWS = "news"  # the kind of the wake
DIGEST = "digest"  # in its data: the editions of which is told how they stand
SLOTS = (time(9, 0), time(11, 30), time(15, 0), time(17, 0))
# In the order of telling.
EVENTS = ("submitted", "resubmitted", "taken_back", "nominated", "raised", "handed_down", "returned")


def next_slot(now: datetime, zone: str, days: WorkDays) -> datetime:
    """The next time of a working day at which somebody of the office is told what came, after an aware instant."""
    here = now.astimezone(ZoneInfo(zone))
    today = here.date()
    for day in (today, days.after(today + timedelta(days=1))):
        for slot in SLOTS if days.works(day) else ():
            at = datetime.combine(day, slot, tzinfo=here.tzinfo)
            if at > here:
                return at.astimezone(UTC)
    raise AssertionError("a working day without a time of telling")


def added(data: Mapping[str, Any], event: str) -> dict[str, Any]:
    """The data of a wake with one more event counted."""
    counts = dict(data.get("counts", {}))
    return {**data, "counts": {**counts, event: counts.get(event, 0) + 1}}


def tell(w: Work, data: Mapping[str, Any]) -> None:
    """One message for all that came since the last."""
    if data.get(DIGEST):  # has it counted, beside the turn
        w.wants.append(Want(job=DESK, args={DIGEST: list(data[DIGEST]), "counts": dict(data.get("counts", {}))}))
        return
    if parts := came(data.get("counts", {})):
        w.say("news.all", parts=parts, where=where(w))


def digest(w: Work, done: Done) -> None:
    """How things stand this morning, with what came since yesterday; nothing where there is nothing to do."""
    parts, known = came(done.args.get("counts", {})), done.result.get("editions", ())
    if not parts and not known:
        return
    lead = Say(key="news.lead", params={"parts": parts}) if parts else NOTHING
    rows = tuple({"title": one["title"], "lines": tuple({"text": t} for t in one["lines"])} for one in known)
    w.say("news.digest", lead=lead, rows=rows, where=where(w))


def came(counts: Mapping[str, int]) -> tuple[Say, ...]:
    """What came, in the order of telling."""
    return tuple(Say(key=f"news.{event}", params={"count": counts[event]}) for event in EVENTS if counts.get(event))


def where(w: Work) -> Say:
    """Where it is done."""
    home = w.view.home
    return Say(key="news.home" if home else "news.nowhere", params={"home": home})
