"""How fragments become paragraphs, and what they add to the 字数.

The rule: fragments of one answer make one paragraph; a line break inside a message begins a new one.
Where a piece does not end in punctuation a ， joins it to the next, and a 。 ends the paragraph. Neither
is stored; both are printed, so each piece is counted with its mark and the meter equals the paper.
A mark that a line begins with (，后来…) is neither: what stands before it has its own already, or begins a paragraph.
A short line that is numbered like a heading (（一）… 1、… （1）…) stands by itself and gets no mark.
Pieces a messenger cut apart are put together before they become a fragment (see `mend`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.engine.count import count
from bot.engine.model import Answer, Fragment, Texts

JOIN = "，"
END = "。"
_HEADINGS = (  # as official documents number them, below the section's own 一、
    (2, re.compile(r"[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[）)]、?")),
    (3, re.compile(r"\d{1,2}[、.．](?!\d)")),
    (4, re.compile(r"[（(]\d{1,2}[）)]、?")),
)
_HEADING_LONGEST = 30
_LEADING = "，、；：。,; \t\u3000"
_ENDINGS = frozenset("。！？；：，、…—～”’）》」』】〉!?;:,.)]}\"'~")


@dataclass(frozen=True, kw_only=True, slots=True)
class Paragraph:
    """One printed paragraph and where it begins: the fragment and the offset of its line there.

    `level` is 2 to 4 for a line that is a heading of its own, 0 for plain text.
    """

    fragment: int
    offset: int
    text: str
    level: int = 0


def ends(text: str) -> bool:
    """Whether a text already ends in punctuation."""
    return text[-1:] in _ENDINGS


def heading_level(line: str) -> int:
    """2 for （一）…, 3 for 1、…, 4 for （1）…, when the line is short and ends in no punctuation; else 0."""
    if len(line) > _HEADING_LONGEST or END in line or ends(line):
        return 0
    return next((level for level, form in _HEADINGS if form.match(line)), 0)


def measure(text: str) -> int:
    """The 字数 a piece adds to the paper: its lines, and one mark for each that has no punctuation at its end."""
    return sum(count(line) + (not ends(line) and not heading_level(line)) for line in _lines(text))


def paragraphs(fragments: Iterable[Fragment]) -> list[Paragraph]:
    """The printed paragraphs of one answer."""
    out: list[Paragraph] = []
    for fragment in fragments:
        offset = 0
        first = True
        for raw in fragment.text.split("\n"):
            line = _bare(raw)
            if line:
                level = heading_level(line)
                if first and out and not level and not out[-1].level:
                    last = out[-1]
                    out[-1] = Paragraph(fragment=last.fragment, offset=last.offset, text=_join(last.text, line))
                else:
                    lead = len(raw.rstrip()) - len(line)
                    out.append(Paragraph(fragment=fragment.id, offset=offset + lead, text=line, level=level))
                first = False
            offset += len(raw) + 1
    return [p if p.level or ends(p.text) else replace(p, text=p.text + END) for p in out]


def pieces(texts: Texts, answer: Answer | None) -> list[Fragment]:
    """The fragments of an answer, in order."""
    return [texts.fragments[i] for i in answer.parts if i in texts.fragments] if answer else []


def printed(texts: Texts, question: str) -> str:
    """The answer to a question as it is printed, paragraphs on lines of their own; "" where there is none."""
    return "\n".join(p.text for p in paragraphs(pieces(texts, texts.answers.get(question))))


def plain(texts: Texts, question: str) -> str:
    """A short answer (name, title, caption) as it was given: its fragments without marks."""
    return "".join(f.text for f in pieces(texts, texts.answers.get(question)))


def _join(before: str, after: str) -> str:
    if not ends(before):
        return before + JOIN + after
    # "p.m." + "3" would count as one run: a space keeps the sum of the pieces equal to the count of the whole.
    return before + (" " if count(before[-1] + after[0]) == 1 else "") + after


def _lines(text: str) -> list[str]:
    return [line for line in map(_bare, text.split("\n")) if line]


def _bare(line: str) -> str:
    """A line as it is printed, without the marks that it begins with."""
    return line.strip().lstrip(_LEADING)
