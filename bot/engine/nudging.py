"""A reminder is told: once for all that was planned for the day, with words made of the day it is told.

The plan comes with the wake. Whatever has changed since (handed in, given up, more time, told already, 不再提醒) falls
out of it here; and a wake that rings on another day, or when nobody is to be spoken to, says nothing: what it was to
say is planned anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.engine.asking import NOTHING, command, on
from bot.engine.definition import Edition
from bot.engine.messages import Button, Moment, Say
from bot.engine.model import Draft, Reminded
from bot.engine.progress import blockers
from bot.engine.reminding import FIRST, LAST, Planned, days_left, unanswered
from bot.engine.review import blocker_say
from bot.engine.values import evolve
from bot.engine.work import Work

REMIND = "remind"  # the kind of the wake
# In its data: [[edition, draft (0: none is begun), until, the words' place], …], and for which day it was made.
PLAN, DAY = "plan", "day"
SENTENCES = (
    *("idle", "begun", "half", "ready", "missing", "enough", "enough_today", "returned", "mended", "plain"),
    *("when.today", "when.tomorrow", "when.days", "back.today", "back.tomorrow", "back.days"),
)
"""What stands in the place where a rule has its words."""
SOON = 3  # days before the date from which what is missing is named
MOST = 3  # things that are named
ROWS = 4  # cases that get a button of their own in one message
USUAL_MINUTES = 40  # to write a case, where its call does not say


class _Due:
    """One thing to remind of: a draft, or an edition for which nothing is begun."""

    def __init__(self, w: Work, edition: Edition, draft: Draft | None, until: datetime, words: str) -> None:
        self.edition, self.draft, self.until, self.words = edition, draft, until, words
        self.left = days_left(until, w.now, edition.call.zone)
        self.moment = Moment(at=until, zone=edition.call.zone, now=w.now)


def ring(w: Work, data: Mapping[str, Any]) -> None:
    """The planned time has come."""
    due = _due(w, data)
    if not due:
        return
    here = w.now.astimezone(ZoneInfo(due[0].edition.call.zone))
    if here.date().isoformat() == data.get(DAY) and FIRST <= here.time() < LAST:
        _tell(w, due, NOTHING)


def agreed(w: Work, data: Mapping[str, Any], said: Say) -> bool:
    """What was planned for a day on which the person chose a time is told with that; False where nothing is."""
    due = _due(w, data)
    if due:
        _tell(w, due, said)
    return bool(due)


def _due(w: Work, data: Mapping[str, Any]) -> list[_Due]:
    """What of a plan still holds."""
    found: list[_Due] = []
    if any(_told_today(w, known) for known in w.view.reminded.values()):
        return found
    for edition_id, draft_id, until, words in data.get(PLAN, ()):
        edition, draft = w.view.editions.get(edition_id), w.drafts.get(draft_id)
        if edition is None or _known(w, edition_id).off:
            continue
        if draft_id and (draft is None or draft.state not in ("writing", "returned")):
            continue
        if not draft_id and any(d.edition in {e.id for e in w.view.open_editions()} for d in w.drafts.values()):
            continue
        now = (w.due(draft_id) if draft_id else None) or w.until(edition)
        if now.at == datetime.fromisoformat(until) and now.at > w.now:
            found.append(_Due(w, edition, draft, now.at, words))
    return sorted(found, key=lambda one: (one.until, one.edition.id))


def _told_today(w: Work, known: Reminded) -> bool:
    edition = w.view.editions.get(known.edition)
    if known.told is None or edition is None:
        return False
    zone = ZoneInfo(edition.call.zone)
    return known.told.astimezone(zone).date() == w.now.astimezone(zone).date()


def _tell(w: Work, due: list[_Due], said: Say) -> None:
    lead = Say(key="remind.lead", params={"said": said}) if said is not NOTHING else NOTHING
    quiet = Button(press="quiet:all", key="no_more")
    if len(due) == 1:
        text, ways = _sentence(w, due[0])
        w.say("remind.one", lead=lead, text=text, after=_after(due), buttons=[*ways, quiet])
    else:
        rows = tuple({"i": i, "title": _title(one), "text": _sentence(w, one)[0]} for i, one in enumerate(due, 1))
        ways = [evolve(_onward(one), key="go_n", params={"i": i}) for i, one in enumerate(due[:ROWS], 1)]
        w.say("remind.many", lead=lead, count=len(due), rows=rows, after=_after(due), buttons=[*ways, quiet])
    for edition in {one.edition.id for one in due}:
        known = _known(w, edition)
        w.remind(evolve(known, told=w.now, unanswered=unanswered(known, w.before.seen_at) + 1))
    w.event("reminded", next((one.draft.id for one in due if one.draft), 0), count=len(due), left=due[0].left)


def _after(due: list[_Due]) -> Say:
    """On the last day, what comes of it when the date has passed."""
    today = [one for one in due if not one.left]
    if not today:
        return NOTHING
    back = all(one.draft is not None and one.draft.state == "returned" for one in today)
    if back:
        return Say(key="remind.after_back")
    return Say(key="remind.after_next" if all(one.edition.call.monthly for one in today) else "remind.after")


def _known(w: Work, edition: int) -> Reminded:
    return w.view.reminded.get(edition) or Reminded(edition=edition)


def _title(one: _Due) -> str | Say:
    return (one.draft.title if one.draft else "") or one.edition.title


# ---------------------------------------------------------------- the words


def _sentence(w: Work, one: _Due) -> tuple[Say, list[Button]]:
    """What is said of one thing, and the ways on."""
    params: dict[str, Any] = {"due": one.moment, "left": one.left}
    near = {0: "today", 1: "tomorrow"}.get(one.left, "days")
    params["when"] = Say(key=f"{one.words}.when.{near}", params={**params})
    draft = one.draft
    if draft is None or (draft.next == 1 and draft.state == "writing"):  # nothing is written
        refuse = Button(press=on("close", draft.id) if draft else f"refuse:{one.edition.id}", key="close")
        return Say(key=f"{one.words}.idle", params={**params, "title": one.edition.title}), [_onward(one), refuse]
    if draft.state == "returned":
        open_ = sum(not c.answer for c in w.comments(draft.id))
        kind = "returned" if open_ else ("mended" if w.comments(draft.id) else "plain")
        params["back"] = Say(key=f"{one.words}.back.{near}", params={**params})
        return Say(key=f"{one.words}.{kind}", params={**params, "title": draft.title, "open": open_}), [
            _onward(one),
            _help(),
        ]
    if one.left <= SOON:
        return _soon(w, one, draft, params)
    call = one.edition.call.in_track(draft.track)
    left = max(0, len(call.sections) - draft.sections_done)
    minutes = (call.minutes or USUAL_MINUTES) * max(1, left) / max(1, len(call.sections))
    params |= {"done": draft.sections_done, "open": left, "minutes": max(5, round(minutes / 5) * 5)}
    kind = "ready" if not left else ("half" if draft.sections_done else "begun")
    return Say(key=f"{one.words}.{kind}", params=params), [_onward(one)]


def _soon(w: Work, one: _Due, draft: Draft, params: dict[str, Any]) -> tuple[Say, list[Button]]:
    """In the last days: what is missing by name, or that it can be handed in as it is. Reads the draft's texts."""
    texts, unit = w.texts(draft.id), w.person.unit is not None
    missing = blockers(w.call(draft.id), texts, unit=unit, declarations=False)
    if not missing:
        submit = Button(press=on("submit", draft.id), key="submit_first" if one.left else "submit", strong=True)
        kind = "enough" if one.left else "enough_today"
        return Say(key=f"{one.words}.{kind}", params=params), [submit, evolve(_onward(one), strong=False)]
    named = tuple({"say": blocker_say(w, draft.id, blocker)} for blocker in missing[:MOST])
    more = len(missing) - len(named)
    params |= {"missing": named, "more": Say(key="remind.more", params={"more": more}) if more else NOTHING}
    return Say(key=f"{one.words}.missing", params=params), [_onward(one), _help()]


def _onward(one: _Due) -> Button:
    if one.draft is None:
        return Button(press=f"edition:{one.edition.id}", key="begin", strong=True)
    if one.draft.state == "returned":
        return Button(press=on("open", one.draft.id), key="go_mend", strong=True)
    return Button(press=on("resume", one.draft.id), key="begin" if one.draft.next == 1 else "resume", strong=True)


def _help() -> Button:
    return Button(press="cmd:contact", key="need_help")


# ---------------------------------------------------------------- wanting none, and some again


def quiet(w: Work) -> None:
    """[不再提醒]: of nothing that is open or in hand now; a time that the person chooses is kept all the same."""
    in_hand = {d.edition for d in w.drafts.values() if d.edition and d.state in ("writing", "returned")}
    for edition in {*in_hand, *(e.id for e in w.view.open_editions())}:
        w.remind(evolve(_known(w, edition), off=True))
    w.event("reminding.off")
    w.say("remind.off", buttons=[Button(press="cmd:remind", key="remind_again")])


def again(w: Work) -> None:
    """提醒我: reminders of what is open come again."""
    for known in w.view.reminded.values():
        w.remind(evolve(known, off=False, unanswered=0))
    w.event("reminding.on")
    w.say("remind.on", buttons=[command("later")])


def refuse(w: Work, edition: str) -> None:
    """[我不报了] where nothing is begun."""
    found = next((e for e in w.view.editions.values() if str(e.id) == edition), None)
    if found is None:
        w.then("resume")
        return
    w.remind(evolve(_known(w, found.id), off=True))
    w.event("edition.refused", edition=found.id)
    w.say("remind.refused")


def planned(plan: Iterable[Planned], day: date) -> dict[str, Any]:
    """The data of a wake that tells this."""
    return {PLAN: [[p.edition, p.draft, p.until.isoformat(), p.words] for p in plan], DAY: day.isoformat()}
