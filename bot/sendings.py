"""A turn's messages as a messenger shows them: one message where they fit together, its buttons below it.

On a page the lines of a turn stand side by side with all their buttons. A messenger rings for each message and
keeps every button for ever, so what is said in one breath becomes one message, and only its last one has buttons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from bot.channel import ChannelCaps, Debt, Face, Outgoing
from bot.engine.values import evolve, value

_ENDS = "\n", "。！？；!?;", "，,、 "  # where a text that is too long is best cut
UNDO = "cmd:undo"
_LATEST_CUT = 2  # and no earlier than at half of what fits


@value
class Sending:
    """One message (or one edit) for the messenger; `settles` are the deliveries that are done with it."""

    message: Outgoing
    settles: tuple[int, ...]
    notice: bool = False


def sendings(debts: Sequence[Debt], caps: ChannelCaps, noted: Callable[[Face], str]) -> list[Sending]:
    """What is owed of one turn, in order, as it is to be sent. `noted` says a button's note beside its label."""
    breaths: list[list[Debt]] = []
    for debt in debts:
        if breaths and not _is_alone(debt.message) and not _is_alone(breaths[-1][0].message):
            breaths[-1].append(debt)
        else:
            breaths.append([debt])
    talk = [breath for breath in breaths if not _is_alone(breath[0].message)]
    faces = _faces([debt.message for breath in talk for debt in breath])
    out: list[Sending] = []
    for breath in breaths:
        message = breath[0].message
        if not _is_alone(message):
            message = _one(breath, faces if breath is talk[-1] else (), noted)
        parts = list(_parts(message, caps))
        ids = tuple(debt.id for debt in breath)
        notice = all(debt.notice for debt in breath)
        out += [Sending(message=part, settles=ids if part is parts[-1] else (), notice=notice) for part in parts]
    return out


def _faces(messages: Sequence[Outgoing]) -> tuple[Face, ...]:
    """All buttons of a turn, each once: what the last message asks first, the way back last."""
    once = {face.press: face for message in reversed(messages) for face in message.buttons}
    return tuple(sorted(once.values(), key=lambda face: face.press == UNDO))


def is_document(message: Outgoing) -> bool:
    """Whether a file is handed over with it."""
    return message.card is not None and message.card.get("kind") == "document"


def _is_alone(message: Outgoing) -> bool:
    return message.slot == "card" or is_document(message)


def _one(breath: Sequence[Debt], faces: tuple[Face, ...], noted: Callable[[Face], str]) -> Outgoing:
    """What was said in one breath; it is a question if there is one in it, and grows only if it is alone."""
    messages = [debt.message for debt in breath]
    slots = [message.slot for message in messages]
    slot = slots[0] if len(slots) == 1 else "question" if "question" in slots else ""
    notes = "\n".join(noted(face) for face in faces if face.note)
    text = "\n\n".join([*(message.text for message in messages), *([notes] if notes else [])])
    to = next((message.to for message in messages if message.to), "")
    return Outgoing(text=text, buttons=faces, slot=slot, card=messages[-1].card, to=to)


def _parts(message: Outgoing, caps: ChannelCaps) -> Iterator[Outgoing]:
    """A message in as many as the channel's limits want; the last one has the buttons, or the file."""
    document = is_document(message)
    texts = cut(message.text, caps.text_limit, caps)
    if document and length(message.text, caps) <= caps.caption_limit:
        yield message
        return
    before = texts if document else texts[:-1]
    for text in before:
        yield Outgoing(text=text)
    yield evolve(message, text="" if document else texts[-1])


def length(text: str, caps: ChannelCaps) -> int:
    """A text's length as the channel counts it."""
    astral = sum(character > "\uffff" for character in text) if caps.text_unit == "utf16" else 0
    return len(text) + astral


def cut(text: str, limit: int, caps: ChannelCaps) -> list[str]:
    """A text in pieces that fit, cut at the end of a paragraph, else of a sentence, else anywhere."""
    out: list[str] = []
    while length(text, caps) > limit:
        fits = _fitting(text, limit, caps)
        at = _best_end(text, fits)
        out.append(text[:at].rstrip())
        text = text[at:].lstrip()
    return [*out, text]


def _fitting(text: str, limit: int, caps: ChannelCaps) -> int:
    units = 0
    for at, character in enumerate(text):
        units += 2 if caps.text_unit == "utf16" and character > "\uffff" else 1
        if units > limit:
            return at
    return len(text)


def _best_end(text: str, fits: int) -> int:
    for ends in _ENDS:
        at = max(_places(text, ends, fits), default=0)
        if at > fits // _LATEST_CUT:
            return at
    return fits


def _places(text: str, ends: str, fits: int) -> Iterable[int]:
    return (text.rfind(end, 0, fits) + 1 for end in ends)
