"""Advice on a draft: the type, and its first source, the lengths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.engine.content import PICTURE
from bot.engine.messages import Say
from bot.engine.progress import caption_key, has_content, section_words, total_words

if TYPE_CHECKING:
    from bot.engine.definition import Call, Section
    from bot.engine.model import Texts


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a finding points: section and question ids, and, when it is a sentence, block id and span."""

    section: str
    question: str = ""
    block: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One piece of advice. `id` is stable, so that a person's answer to it is remembered.

    `quote` is the text it speaks of ("" for a whole section); `change` a proposed replacement.
    """

    id: str
    source: str
    place: Place
    say: Say
    quote: str = ""
    change: str | None = None


def length_findings(call: Call, texts: Texts) -> tuple[Finding, ...]:
    """The first source: sections and the whole against the call's lengths; pictures without captions or too small.

    Only what was begun is spoken of; what is missing altogether blocks or is plain in the overview.
    """
    out: list[Finding] = []
    for n, section in enumerate(call.sections, 1):
        words = section_words(section, texts)
        if kind := _outside(section, words):
            params = {"n": n, "heading": section.heading, "words": words, "goal": section.limit.goal}
            out.append(_length(Place(section=section.id), kind, params))
    total = total_words(call, texts)
    params = {"words": total, "min": call.limit.min, "max": call.limit.max}
    if total and call.limit.min and total < call.limit.min:
        out.append(_length(Place(section=""), "total_short", params))
    elif call.limit.max and total > call.limit.max and not call.limit.hard:
        out.append(_length(Place(section=""), "total_long", params))
    captions = [f for part in call.parts() if part.id != "tail" for f in _section_captions(part, texts)]
    return (*out, *captions)


def is_advised(section: Section, texts: Texts) -> bool:
    """Whether the first source has something to say of a section."""
    return bool(_outside(section, section_words(section, texts))) or any(_section_captions(section, texts))


def _outside(section: Section, words: int) -> str:
    """ "long" or "short" where a section that was begun is far from its length, else ""."""
    limit = section.limit
    top = limit.max or limit.goal * 13 // 10
    low = limit.min or limit.goal // 2
    if words and top and words > top:
        return "long"
    return "short" if words and low and words < low else ""


def _length(place: Place, kind: str, params: Mapping[str, Any]) -> Finding:
    return Finding(
        id=f"length/{kind}/{place.section}", source="length", place=place, say=Say(key=f"finding.{kind}", params=params)
    )


def _section_captions(section: Section, texts: Texts) -> Iterator[Finding]:
    for question in section.questions:
        answer = texts.answers.get(question.id)
        if question.pictures is None or not question.pictures.caption or answer is None:
            continue
        for n, i in enumerate(answer.parts, 1):
            place = Place(section=section.id, question=question.id, block=f"{PICTURE}{i}")
            if not has_content(texts.answers.get(caption_key(i))):
                say = Say(key="finding.caption", params={"n": n})
                yield Finding(id=f"caption/{i}", source="length", place=place, say=say)
            picture = texts.attachments.get(i)
            small = picture is not None and max(picture.width, picture.height) < question.pictures.min_width
            if small and picture is not None and texts.answers.get(f"small#{i}") is None:
                say = Say(key="finding.small", params={"n": n, "width": picture.width})
                yield Finding(id=f"small/{i}", source="length", place=place, say=say)
