"""Values to rows and JSON and back: the one place that knows both shapes.

JSON here is short on purpose (an undo list is written with every turn): lists by position, not mappings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any

from bot.channel import NOTHING, Address, Face, Outgoing, Trace, Update
from bot.engine import messages as m
from bot.engine.definition import Call, Edition, Office
from bot.engine.model import Answer, Arriving, Focus, Pending, Undo
from storage.types import encode, runs, unrun

_CLIP = tuple(f.name for f in fields(m.Clip))

# ---------------------------------------------------------------- the conversation's own columns


def focus_out(focus: Focus | None) -> list[Any] | None:
    """[draft, section, question, mode, at], and what is come back to where there is something."""
    if focus is None:
        return None
    place = [focus.draft, focus.section, focus.question, focus.mode, focus.at]
    return [*place, focus.back] if focus.back else place


def focus_in(raw: list[Any] | None) -> Focus | None:
    """The inverse of `focus_out`."""
    if raw is None:
        return None
    draft, section, question, mode, at, *back = raw
    return Focus(draft=draft, section=section, question=question, mode=mode, at=at, back=back[0] if back else "")


def pending_out(pending: Pending | None) -> list[Any] | None:
    """[kind, text, source, draft]."""
    return None if pending is None else [pending.kind, pending.text, pending.source, pending.draft]


def pending_in(raw: list[Any] | None) -> Pending | None:
    """The inverse of `pending_out`."""
    return None if raw is None else Pending(kind=raw[0], text=raw[1], source=raw[2], draft=raw[3])


def arriving_out(arriving: Arriving | None) -> list[Any] | None:
    """[draft, channel, album, [the fields of each clip, …]]."""
    if arriving is None:
        return None
    clips = [[getattr(clip, name) for name in _CLIP] for clip in arriving.clips]
    return [arriving.draft, arriving.channel, arriving.album, clips]


def arriving_in(raw: list[Any] | None) -> Arriving | None:
    """The inverse of `arriving_out`."""
    if raw is None:
        return None
    clips = tuple(m.Clip(**dict(zip(_CLIP, clip, strict=True))) for clip in raw[3])
    return Arriving(draft=raw[0], channel=raw[1], album=raw[2], clips=clips)


def _answer_out(a: Answer) -> list[Any]:
    return [a.question, a.n, a.state, runs(a.parts), a.picks, a.words]


def _answer_in(draft: int, raw: list[Any]) -> Answer:
    question, n, state, parts, picks, words = raw
    return Answer(draft=draft, question=question, n=n, state=state, parts=unrun(parts), picks=tuple(picks), words=words)


# The list is read and written again with each turn and only its last entry is new. So what was read or written
# lately is remembered, by its text and by the very object that ends it. Bounded, and only values.
_LISTS = 2048
_lists: dict[str, tuple[Undo, ...]] = {}
_endings: dict[int, tuple[tuple[Undo, ...], str]] = {}


def undo_out(undo: tuple[Undo, ...]) -> str:
    """A line of JSON an entry: [what, draft, [answer, …], focus, note, …]; its answers are the draft's, and so is a
    focus that names none.

    A draft is named once and not three times: the whole list is written with each turn.
    """
    if not undo:
        return ""
    rest = undo[:-1]
    before, text = _endings.get(id(rest[-1]), ((), "")) if rest else ((), "")
    if rest and before == rest:
        text = f"{text}\n{_undo_line(undo[-1])}"
    elif rest and before[1:] == rest:
        text = text.partition("\n")[2] + f"\n{_undo_line(undo[-1])}"
    else:
        text = "\n".join(map(_undo_line, undo))
    return _remembered(undo, text)


def undo_in(raw: str) -> tuple[Undo, ...]:
    """The inverse of `undo_out`."""
    if not raw:
        return ()
    known = _lists.get(raw)
    if known is None:
        known = tuple(map(_undo_entry, raw.split("\n")))
        _remembered(known, raw)
    return known


def _remembered(undo: tuple[Undo, ...], text: str) -> str:
    if len(_lists) >= _LISTS:
        forget_undos()
    _lists[text] = undo
    _endings[id(undo[-1])] = (undo, text)
    return text


def forget_undos() -> None:
    """Forgets what was read and written, as a new process has."""
    _lists.clear()
    _endings.clear()


def _undo_line(u: Undo) -> str:
    focus = focus_out(u.focus)
    if focus is not None and focus[0] == u.draft:
        del focus[0]
    return encode([u.what, u.draft, [_answer_out(a) for a in u.answers], focus, *u.notes])


def _undo_entry(line: str) -> Undo:
    what, draft, answers, focus, *notes = json.loads(line)
    if focus is not None and not isinstance(focus[0], int):
        focus.insert(0, draft)
    return Undo(
        what=what,
        draft=draft,
        answers=tuple(_answer_in(draft, a) for a in answers),
        focus=focus_in(focus),
        notes=tuple((id, answer, explained) for id, answer, explained in notes),
    )


# ---------------------------------------------------------------- messages


def body_out(message: Outgoing) -> dict[str, Any]:
    """What a message's `body` holds; slot and author have columns of their own."""
    body: dict[str, Any] = {"text": message.text}
    if message.buttons:
        body["buttons"] = [[b.press, b.label, b.strong, *([b.note] if b.note else ())] for b in message.buttons]
    if message.card is not None:
        body["card"] = message.card
    if message.to:
        body["to"] = message.to
    return body


def message_in(body: Mapping[str, Any], slot: str, author: str) -> Outgoing:
    """A stored message as it was shown."""
    return Outgoing(
        text=body["text"],
        buttons=tuple(
            Face(press=press, label=label, strong=strong, note=note[0] if note else "")
            for press, label, strong, *note in body.get("buttons", ())
        ),
        slot=slot,
        card=body.get("card"),
        author="me" if author == "me" else "bot",
        to=body.get("to", ""),
    )


def trace_out(trace: Trace) -> str:
    """What stands at an address: "card,gather,live,keys", "" for nothing."""
    return "" if trace == NOTHING else f"{trace.card},{trace.gather},{trace.live},{int(trace.keys)}"


def trace_in(text: str) -> Trace:
    """The inverse of `trace_out`."""
    if not text:
        return NOTHING
    card, gather, live, keys = text.split(",")
    return Trace(card=card, gather=gather, live=live, keys=keys == "1")


# ---------------------------------------------------------------- editions


def edition_in(row: Sequence[Any], call: Call) -> Edition:
    """A row of `editions` (id, call, title, opened_at, due, dates, office, closed) with the call it opened."""
    id, _, title, opened_at, due, dates, office, closed = row
    return Edition(
        id=id,
        call=call,
        title=title,
        opened_at=opened_at,
        due=due,
        dates={level: datetime.fromisoformat(at) for level, at in dates.items()},
        office=Office(**{**office, "keep_until": date.fromisoformat(office["keep_until"])}),
        closed=closed,
    )


def edition_out(edition: Edition) -> dict[str, Any]:
    """The columns of `editions`."""
    office = asdict(edition.office)
    office["keep_until"] = edition.office.keep_until.isoformat()
    return {
        "id": edition.id,
        "call": edition.call.id,
        "title": edition.title,
        "opened_at": edition.opened_at,
        "due": edition.due,
        "dates": {level: at.isoformat() for level, at in edition.dates.items()},
        "office": office,
        "closed": edition.closed,
    }


# ---------------------------------------------------------------- updates, for the quarantine

_INCOMING: Mapping[str, type[m.Incoming]] = {
    kind.__name__: kind
    for kind in (
        m.Said,
        m.Pressed,
        m.Sent,
        m.Arrived,
        m.Unreadable,
        m.Edited,
        m.Shared,
        m.Typing,
        m.Reach,
        m.Knock,
        m.Joined,
        m.Told,
        m.Done,
        m.Woke,
    )
}


def update_out(update: Update) -> str:
    """An update as JSON in plain ASCII, so that no database refuses it whatever it holds."""
    incoming = update.incoming
    values = {f.name: getattr(incoming, f.name) for f in fields(incoming)}
    values["at"] = incoming.at.isoformat()
    if isinstance(incoming, m.Sent):
        values["files"] = [asdict(f) for f in incoming.files]
    if isinstance(incoming, m.Arrived):
        values["clips"] = [asdict(clip) for clip in incoming.clips]
    raw = {
        "channel": update.address.channel,
        "external": update.address.external,
        "ref": update.ref,
        "digest": update.digest,
        "kind": type(incoming).__name__,
        "incoming": values,
    }
    return json.dumps(raw, default=repr)


def update_in(text: str) -> Update:
    """The inverse of `update_out`. Raises KeyError or ValueError on anything else."""
    raw = json.loads(text)
    values = dict(raw["incoming"])
    values["at"] = datetime.fromisoformat(values["at"])
    if "files" in values:
        values["files"] = tuple(m.SentFile(**f) for f in values["files"])
    if "clips" in values:
        values["clips"] = tuple(m.Clip(**clip) for clip in values["clips"])
    return Update(
        address=Address(channel=raw["channel"], external=raw["external"]),
        ref=raw["ref"],
        digest=raw["digest"],
        incoming=_INCOMING[raw["kind"]](**values),
    )
