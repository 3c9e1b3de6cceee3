"""What can be seen of a case without reading it: lengths, sections, captions, numbers that belong to somebody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.engine.cases import track_id
from bot.engine.content import Content
from bot.engine.definition import Edition
from bot.workbench.base import Sight

FAR = 0.5  # of the length asked for: what lies further off is not what was asked for
MOST = 5  # private numbers that are shown one by one
# A mobile number, or an identity card's, that stands by itself: neither is a part of a longer number.
_PRIVATE = (("phone", re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")), ("card", re.compile(r"(?<!\d)\d{17}[\dXx](?![\dXx])")))


def checks(s: Sight, edition: Edition, content: Content) -> list[Mapping[str, Any]]:
    """Each with whether all is well, a sentence and, where it speaks of a place, the section, block and span."""
    call, words = edition.call.in_track(track_id(edition.call, content)), content.words()
    limit = call.limit
    out: list[Mapping[str, Any]] = []

    def check(ok: bool, key: str, **params: Any) -> None:
        nowhere = {"section": "", "block": "", "start": 0, "end": 0}
        out.append({"ok": ok, "text": s.say(f"check.{key}", **params), **nowhere})

    if limit.max and words > limit.max:
        check(False, "long", words=words, max=limit.max)
    elif limit.min and words < limit.min:
        check(False, "short", words=words, min=limit.min)
    elif limit.about and not limit.about * FAR <= words <= limit.about * (2 - FAR):
        check(False, "far", words=words, about=limit.about)
    else:
        check(True, "words", words=words)
    wanted = [x for x in call.sections if any(q.kind == "text" and q.printed and q.required for q in x.questions)]
    missing = [x.heading for x in wanted if x.id not in {one.id for one in content.sections}]
    if missing:
        check(False, "missing", headings=tuple(missing))
    else:
        check(True, "sections", count=len(content.sections))
    bare = [p.n for p in content.pictures if not p.caption]
    if bare:
        check(False, "captions", numbers=tuple(str(n) for n in bare))
    elif content.pictures:
        check(True, "pictures", count=len(content.pictures))
    return out + [found for found, _ in zip(_private(s, content), range(MOST), strict=False)]


def _private(s: Sight, content: Content) -> Iterator[Mapping[str, Any]]:
    """Numbers that should not be in print, each with its place."""
    for section in content.sections:
        for block in section.blocks:
            for kind, pattern in _PRIVATE:
                for found in pattern.finditer(block.text):
                    where = {"section": section.id, "block": block.id, "start": found.start(), "end": found.end()}
                    yield {"ok": False, "text": s.say(f"check.{kind}", n=section.n, number=found[0]), **where}
