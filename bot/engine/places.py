"""Places that people name instead of tapping them: 第3节, 跳到第3节, 做法成效, 改标题, and 第二个 of a choice.

The whole message must be such a name; nothing is searched inside a longer text. What may as well be content (the bare
name of a section) is doubtful, and is asked about before it counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from bot.engine.commands import normal
from bot.engine.definition import Call, Section
from bot.engine.progress import number_of
from bot.engine.values import value
from bot.engine.vocabulary import PlaceWords, Vocabulary

_LONGEST = 16  # characters: no name of a place is longer
_PIECE, _FEW = 2, 6  # a name in short: so long are the words a heading is made of, so long may they be together


@value
class Place:
    """Where somebody wants to go: a section, or a question of one (`question`); `sure`: it cannot be meant as text.

    `n` is the section's number in the overview, `missing` a number that no section has.
    """

    section: str = ""
    question: str = ""
    n: int = 0
    sure: bool = True
    missing: int = 0


def number(text: str, words: PlaceWords) -> int:
    """3, 三 or 十三; 0 for what is no such number."""
    if text.isascii() and text.isdigit():
        return int(text)
    tens, ten, ones = text.partition(words.ten)
    if len(tens) > 1 or len(ones) > 1 or not text:
        return 0
    head = words.digits.find(tens) + 1 if tens else 1
    tail = words.digits.find(ones) + 1 if ones else 0
    return head * 10 + tail if ten else head


@cache
def _pattern(pattern: str, words: PlaceWords) -> re.Pattern[str]:
    return re.compile(pattern.format(n=f"([0-9]{{1,2}}|[{words.digits}{words.ten}]{{1,3}})"))


def _bare(text: str, words: Vocabulary, leads: Sequence[str]) -> tuple[str, str]:
    """What goes before the name (跳到), and the name."""
    if len(text) > _LONGEST * 2:
        return "", ""
    key = "".join(normal(text).split())
    if len(key) > _LONGEST:
        return "", ""
    key = key[:-1] if len(key) > 1 and key.endswith(words.finals) else key
    lead = max((lead for lead in leads if key.startswith(lead)), key=len, default="")
    return lead, key[len(lead) :]


def find(text: str, call: Call, words: Vocabulary, section: str) -> Place | None:
    """The place that a message names, if it names one and nothing else; `section` is the one in focus."""
    lead, rest = _bare(text, words, words.places.go)
    if not rest:
        return None
    return _numbered(rest, call, words.places, section) or _named(rest, call, words.places, led=bool(lead))


def chosen(text: str, count: int, words: Vocabulary) -> int:
    """Which of so many options is meant by 第二个, 选2 or 2, from 1; 0 for none of them."""
    _, rest = _bare(text, words, words.places.pick)
    found = _pattern(words.places.chosen, words.places).fullmatch(rest)
    n = number(found[1], words.places) if found else 0
    return n if n <= count else 0


def _numbered(rest: str, call: Call, words: PlaceWords, section: str) -> Place | None:
    """第3节, 第三部分, 第3节第2问, 第2问."""
    found = _pattern(words.section, words).fullmatch(rest)
    if found is None:
        here = call.section(section)
        return _question(rest, words, here, number_of(call, here)) if here else None
    n = number(found[1], words)
    if not 0 < n <= len(call.sections):
        return Place(missing=n) if n and not found[2] else None
    at = call.sections[n - 1]
    return _question(found[2], words, at, n) if found[2] else Place(section=at.id, n=n)


def _question(rest: str, words: PlaceWords, at: Section, n: int) -> Place | None:
    found = _pattern(words.question, words).fullmatch(rest)
    i = number(found[1], words) if found else 0
    return Place(section=at.id, question=at.questions[i - 1].id, n=n) if n and 0 < i <= len(at.questions) else None


def _named(rest: str, call: Call, words: PlaceWords, *, led: bool) -> Place | None:
    """主要做法, 2主要做法, 做法成效, 标题; with a verb before it (去, 改, 先写) it cannot be content."""
    for n, at in enumerate(call.sections, 1):
        if rest in (at.heading, f"{n}{at.heading}", f"{n}.{at.heading}"):
            return Place(section=at.id, n=n, sure=led or rest != at.heading)
    head = call.section("head")
    for question in head.questions if head else ():
        if question.label and rest == question.label:
            return Place(section="head", question=question.id, sure=led)
    if led:
        for n, at in enumerate(call.sections, 1):
            for question in at.questions:
                if question.label and rest == question.label:
                    return Place(section=at.id, question=question.id, n=n)
    return _in_short(rest, call, words, led=led)


def _in_short(rest: str, call: Call, words: PlaceWords, *, led: bool) -> Place | None:
    """Words that headings are made of and nothing besides: 做法, 成效, 做法成效."""
    bare = "".join(letter for letter in rest if letter not in words.between)
    if not _PIECE <= len(bare) <= _FEW or len(bare) % _PIECE:
        return None
    pieces = [bare[at : at + _PIECE] for at in range(0, len(bare), _PIECE)]
    if not all(any(piece in at.heading for at in call.sections) for piece in pieces):
        return None
    n, at = next((n, at) for n, at in enumerate(call.sections, 1) if pieces[0] in at.heading)
    return Place(section=at.id, n=n, sure=led and len(pieces) == 1)
