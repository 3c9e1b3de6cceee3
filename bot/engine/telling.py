"""What the office did, told to the writer: values out of a wake's data, and the message of each event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from bot.engine import nominating
from bot.engine.asking import NOTHING, command
from bot.engine.messages import Button, Moment, Say, Told, Want, Woke
from bot.engine.work import Work

PREFIX = "told:"  # of the kind of a wake that tells somebody what the office did


def told_by(woke: Woke) -> Told:
    """The event that a wake brings."""
    data = woke.data
    params = {name: _read(value, woke.at) for name, value in dict(data.get("params", {})).items()}
    return Told(
        at=woke.at, ref=woke.ref, event=str(data.get("event", "")), params=params, draft=int(data.get("draft", 0))
    )


def _read(value: Any, now: datetime) -> Any:
    """JSON back into what a sentence takes: an instant with its zone is a Moment."""
    if isinstance(value, Mapping) and set(value) == {"at", "zone"}:
        return Moment(at=datetime.fromisoformat(value["at"]), zone=value["zone"], now=now)
    if isinstance(value, list):
        return tuple(_read(one, now) for one in value)
    if isinstance(value, Mapping):
        return {name: _read(one, now) for name, one in value.items()}
    return value


def tell(w: Work, told: Told) -> None:
    """One message about the draft it concerns; an erased draft's writer is told nothing."""
    if told.draft not in w.drafts or w.drafts[told.draft].state == "closed":
        return
    EVENTS.get(told.event, _plainly)(w, told)


def _after(w: Work) -> list[Button]:
    """What stood below the last message (to take the case back) counts no more; a question's buttons stay."""
    return [Button(press="cmd:another", key="another"), command("cases")] if w.here() is None else []


def _plainly(w: Work, told: Told) -> None:
    w.say(f"told.{told.event}", buttons=_after(w), title=w.drafts[told.draft].title, **told.params)


def _by(w: Work, told: Told) -> Say | str:
    """Who it was, as the writer may know them."""
    name = str(told.params.get("by", ""))
    return Say(key="told.somebody", params={"name": name}) if name else Say(key="told.office")


def _passed(w: Work, told: Told) -> None:
    params = dict(told.params)
    row = w.drafts[told.draft]
    if not params.get("next"):
        after = NOTHING
    else:
        after = Say(key="told.next_until" if params.get("until") else "told.next", params=params)
    level = Say(key="told.at_level" if params.get("level") else "told.at_office", params=params)
    w.wants.append(Want(job="paper", args={"draft": told.draft, "submission": row.n}))
    w.say("told.passed", title=row.title, level=level, after=after, buttons=_after(w))


def _recommended(w: Work, told: Told) -> None:
    row, person = w.drafts[told.draft], w.person
    unit = person.unit or person.invited
    key = "told.recommended" if told.params.get("up") else "told.chosen"
    w.say(key, title=row.title, own=unit.path[-1], buttons=_after(w), **told.params)


def _not_recommended(w: Work, told: Told) -> None:
    """Refused, or not decided by the date: the draft is kept, and may be nominated where the call knows that."""
    params = dict(told.params)
    keep = str(params.pop("keep", ""))
    call = w.call(told.draft)
    day: Any = NOTHING
    if keep:
        last = date.fromisoformat(keep)
        noon = datetime(last.year, last.month, last.day, 4, tzinfo=w.now.tzinfo)
        day = Say(key="told.kept_until", params={"keep": Moment(at=noon, zone=call.zone)})
    w.say(
        f"told.{told.event}",
        title=w.drafts[told.draft].title,
        kept=day,
        nominate=nominating.told(w, told.draft),
        buttons=[*nominating.offered(w, told.draft), *_after(w)],
        **params,
    )


def _corrected(w: Work, told: Told) -> None:
    changes = tuple(told.params.get("changes", ()))
    w.change(told.draft, n=max(w.drafts[told.draft].n, int(told.params.get("n", 0))))
    w.say("told.corrected", by=_by(w, told), title=w.drafts[told.draft].title, changes=changes, buttons=_after(w))


def _returned(w: Work, told: Told) -> None:
    w.change(told.draft, state="returned")
    w.then("mend", told.draft, told)


EVENTS: Mapping[str, Callable[[Work, Told], None]] = {
    "passed": _passed,
    "recommended": _recommended,
    "not_recommended": _not_recommended,
    "out_of_time": _not_recommended,
    "corrected": _corrected,
    "returned": _returned,
}
