"""How fragments become paragraphs, and what they add to the 字数.

The rule: fragments of one answer make one paragraph; a line break inside a message begins a new one.
Where a piece does not end in punctuation a ， joins it to the next, and a 。 ends the paragraph. Neither
is stored; both are printed, so each piece is counted with its mark and the meter equals the paper.
Pieces a messenger cut apart are put together before they become a fragment (see `mend`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.engine.count import count
from bot.engine.model import Answer, Fragment, Texts

JOIN = "，"
END = "。"
_ENDINGS = frozenset("。！？；：，、…—～”’）》」』】〉!?;:,.)]}\"'~")


@dataclass(frozen=True, kw_only=True, slots=True)
class Paragraph:
    """One printed paragraph and where it begins: the fragment and the offset of its line there."""

    fragment: int
    offset: int
    text: str


def ends(text: str) -> bool:
    """Whether a text already ends in punctuation."""
    return text[-1:] in _ENDINGS


def measure(text: str) -> int:
    """The 字数 a piece adds to the paper: its lines, and one mark for each that has no punctuation at its end."""
    return sum(count(line) + (not ends(line)) for line in _lines(text))


def paragraphs(fragments: Iterable[Fragment]) -> list[Paragraph]:
    """The printed paragraphs of one answer."""
    out: list[Paragraph] = []
    for fragment in fragments:
        offset = 0
        first = True
        for raw in fragment.text.split("\n"):
            line = raw.strip()
            if line:
                if first and out:
                    last = out[-1]
                    out[-1] = Paragraph(fragment=last.fragment, offset=last.offset, text=_join(last.text, line))
                else:
                    lead = len(raw) - len(raw.lstrip())
                    out.append(Paragraph(fragment=fragment.id, offset=offset + lead, text=line))
                first = False
            offset += len(raw) + 1
    return [Paragraph(fragment=p.fragment, offset=p.offset, text=p.text if ends(p.text) else p.text + END) for p in out]


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
    return [line for line in (raw.strip() for raw in text.split("\n")) if line]
