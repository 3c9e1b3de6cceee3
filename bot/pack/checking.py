"""What is there of a case and what is missing or odd, as far as the frozen content and the books tell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from bot.engine.cases import track_id
from bot.engine.content import Content
from bot.engine.count import count
from bot.engine.definition import Call, Question, Section
from bot.engine.messages import Say
from bot.pack.choosing import Chosen
from storage.pack import Enclosed

SEALED = "sealed"
_AWAY = ("returned", "taken_back")  # the writer has it in hand


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A case as the two sheets tell of it, and nothing else of it: a pack may hold a province's cases.

    `folder` is its place in the zip, `materials` how many files of which label there are, `declared` how many
    declarations of how many were confirmed, `sealed` how many sealed scans lie beside it. `advice` speaks of the text
    and the pictures, `gaps` of what the pack lacks.
    """

    chosen: Chosen
    title: str
    category: str
    folder: str
    word: bool
    pictures: int
    captions: int
    materials: tuple[tuple[str, int], ...]
    declared: tuple[int, int]
    sealed: int
    advice: tuple[Say, ...]
    gaps: tuple[Say, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """What became of a case's files: `word` was made; the names of files whose bytes are `gone`."""

    folder: str
    word: bool
    gone: tuple[str, ...]


def line_of(
    chosen: Chosen,
    call: Call,
    content: Content,
    packed: Packed,
    enclosed: list[Enclosed],
    answered: set[str],
) -> Line:
    """The line of a packed case. `answered` are the declarations confirmed in the draft, as far as that is known."""
    own = call.in_track(track_id(call, content))
    declared = declarations(own, chosen, answered)
    return Line(
        chosen=chosen,
        title=content.title,
        category=value(content, "category"),
        folder=packed.folder,
        word=packed.word,
        pictures=len(content.pictures),
        captions=sum(bool(p.caption.strip()) for p in content.pictures),
        materials=tuple(_materials(own, content).items()),
        declared=(len(declared[0]), len(declared[0]) + len(declared[1])),
        sealed=sum(one.kind == SEALED for one in enclosed),
        advice=tuple(_advice(own, content)),
        gaps=tuple(_gaps(own, chosen, content, packed, enclosed, declared[1])),
    )


def value(content: Content, field: str) -> str:
    """A line of the form by its question; "" without it."""
    return next((f.value for f in content.fields if f.id == field), "")


def declarations(call: Call, chosen: Chosen, answered: set[str]) -> tuple[list[Question], list[Question]]:
    """Those that were confirmed and those that were not.

    What is required was confirmed, or the case could not have been handed in; unless the office entered it. An
    erased draft tells nothing of the others.
    """
    tail = call.section("tail")
    asked = [q for q in (tail.questions if tail else ()) if q.kind == "declare"]
    entered = chosen.case.origin == "entered"
    sure = [q for q in asked if q.id in answered or (q.required and not entered)]
    return sure, [q for q in asked if q not in sure and (chosen.case.draft_there or entered)]


def _materials(call: Call, content: Content) -> dict[str, int]:
    """How many files there are of each label, those the call asks for first, even where there are none."""
    found = Counter(m.label for m in content.materials)
    asked = [q.label for q in _asked(call, "files")]
    return {label: found[label] for label in dict.fromkeys((*asked, *found))}


def _asked(call: Call, kind: str) -> Iterator[Question]:
    return (q for part in call.parts() for q in part.questions if q.kind == kind)


def _advice(call: Call, content: Content) -> Iterator[Say]:
    """The sentences of `bot.engine.findings` that can be said of what is frozen, in the same words."""
    told = {s.id: sum(count(b.text) for b in s.blocks) for s in content.sections}
    for n, section in enumerate(call.sections, 1):
        words = told.get(section.id, 0)
        if kind := _outside(section, words):
            gaps = {"n": n, "heading": section.heading, "words": words, "goal": section.limit.goal}
            yield Say(key=f"finding.{kind}", params=gaps)
    total, limit = sum(told.values()), call.limit
    params = {"words": total, "min": limit.min, "max": limit.max}
    if limit.min and total < limit.min:
        yield Say(key="finding.total_short", params=params)
    elif limit.max and total > limit.max:
        yield Say(key="finding.total_long", params=params)
    rules = [q.pictures for q in _asked(call, "pictures") if q.pictures]
    captions, least = any(rule.caption for rule in rules), max((rule.min_width for rule in rules), default=0)
    for picture in content.pictures:
        if captions and not picture.caption.strip():
            yield Say(key="finding.caption", params={"n": picture.n})
        if max(picture.width, picture.height) < least:
            yield Say(key="finding.small", params={"n": picture.n, "width": picture.width})


def _outside(section: Section, words: int) -> str:
    """ "long" or "short" where a section that was written is far from its length, else ""."""
    limit = section.limit
    top, low = limit.max or limit.goal * 13 // 10, limit.min or limit.goal // 2
    if words and top and words > top:
        return "long"
    return "short" if words and words < low else ""


def _gaps(
    call: Call,
    chosen: Chosen,
    content: Content,
    packed: Packed,
    enclosed: list[Enclosed],
    undeclared: list[Question],
) -> Iterator[Say]:
    case = chosen.case
    if case.state in _AWAY:
        yield Say(key="pack.gap.away", params={"n": case.n})
    if not packed.word:
        yield Say(key="pack.gap.word")
    yield from (Say(key="pack.gap.gone", params={"name": name}) for name in packed.gone)
    least = sum(q.pictures.min for q in _asked(call, "pictures") if q.pictures)
    if len(content.pictures) < least:
        yield Say(key="pack.gap.pictures", params={"have": len(content.pictures), "need": least})
    have = Counter(m.label for m in content.materials)
    for question in _asked(call, "files"):
        need = max(question.files.min if question.files else 0, int(question.required))
        if have[question.label] < need:
            params = {"label": question.label, "have": have[question.label], "need": need}
            yield Say(key="pack.gap.material_unnamed" if have[""] else "pack.gap.material", params=params)
    if case.origin == "entered" and undeclared:
        yield Say(key="pack.gap.entered")
    else:
        yield from (Say(key="pack.gap.declaration", params={"label": q.label or q.ask}) for q in undeclared)
    stamped = [one.n for one in enclosed if one.kind == SEALED]
    if stamped and max(stamped) < case.n:
        yield Say(key="pack.gap.sealed_before", params={"old": max(stamped), "n": case.n})
    if not (case.name and case.phone):
        yield Say(key="pack.gap.contact")
