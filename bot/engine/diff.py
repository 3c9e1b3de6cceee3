"""What changed between two texts, for eyes that read Chinese: paragraphs first, then characters, no crumbs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from bot.engine.content import Content

Op = tuple[Literal["=", "-", "+"], str]
CRUMB = 2  # an unchanged run shorter than this between two changes is shown as changed with them
LIKE = 0.3  # how alike two paragraphs are that count as one, changed
WHOLE = 1200  # characters up to which a paragraph is compared letter by letter, and not clause by clause first
_CLAUSE = re.compile(r"[^\u3002\uff01\uff1f\uff1b\uff0c!?;,\n]*[\u3002\uff01\uff1f\uff1b\uff0c!?;,\n]?")


class Row(NamedTuple):
    """A paragraph: same, changed, added or removed; the ops read in order give both texts."""

    kind: Literal["same", "changed", "added", "removed"]
    ops: tuple[Op, ...]


class Mark(NamedTuple):
    """Text that is new: a block of the later content, from where to where in it."""

    block: str
    start: int
    end: int


def changes(old: str, new: str) -> tuple[Op, ...]:
    """The way from one text to another, by characters."""
    if len(old) <= WHOLE and len(new) <= WHOLE:
        return _tidy(_letters(old, new))
    before, after = _clauses(old), _clauses(new)
    ops: list[Op] = []
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        left, right = "".join(before[a:b]), "".join(after[c:d])
        if tag == "equal":
            ops.append(("=", left))
        elif len(left) <= WHOLE and len(right) <= WHOLE:
            ops += _letters(left, right)
        else:
            ops += [("-", left), ("+", right)]
    return _tidy(ops)


def _clauses(text: str) -> list[str]:
    return [part for part in _CLAUSE.findall(text) if part]


def _letters(old: str, new: str) -> list[Op]:
    ops: list[Op] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            ops.append(("=", old[a:b]))
        else:
            ops += [("-", old[a:b]), ("+", new[c:d])]
    return ops


def _tidy(ops: Sequence[Op]) -> tuple[Op, ...]:
    """Each stretch of changes as one that went and one that came; crumbs between changes belong to them."""
    out: list[Op] = []
    went = came = ""
    last = len(ops) - 1
    for at, (kind, text) in enumerate(ops):
        if kind == "=" and (len(text) > CRUMB - 1 or at in (0, last) or not (went or came)):
            out += [op for op in (("-", went), ("+", came)) if op[1]]
            went = came = ""
            if text:
                out.append(("=", text))
        else:
            went += text if kind in "-=" else ""
            came += text if kind in "+=" else ""
    out += [op for op in (("-", went), ("+", came)) if op[1]]
    return tuple(out)


def paragraphs(old: Sequence[str], new: Sequence[str]) -> list[tuple[Row, int]]:
    """Rows in reading order, each with its place in the new text, -1 for what was removed."""
    rows: list[tuple[Row, int]] = []
    for tag, a, b, c, d in SequenceMatcher(None, list(old), list(new), autojunk=False).get_opcodes():
        if tag == "equal":
            rows += [(Row("same", (("=", new[at]),)), at) for at in range(c, d)]
        else:
            rows += _paired(old[a:b], new[c:d], c)
    return rows


def _paired(old: Sequence[str], new: Sequence[str], first: int) -> list[tuple[Row, int]]:
    """Between what is the same: each new paragraph with the old one it is most like, in order."""
    rows: list[tuple[Row, int]] = []
    at = 0
    for n, text in enumerate(new):
        alike = [(SequenceMatcher(None, old[i], text).quick_ratio(), -i) for i in range(at, len(old))]
        best, where = max(alike, default=(0.0, 0))
        if best < LIKE:
            rows.append((Row("added", (("+", text),)), first + n))
            continue
        rows += [(Row("removed", (("-", old[i]),)), -1) for i in range(at, -where)]
        rows.append((Row("changed", changes(old[-where], text)), first + n))
        at = -where + 1
    rows += [(Row("removed", (("-", text),)), -1) for text in old[at:]]
    return rows


def sections(old: Content, new: Content) -> list[tuple[str, str, list[tuple[Row, int]]]]:
    """Section by section, as (id, heading, rows): those of the new content, then those that are gone."""
    before = {s.id: s for s in old.sections}
    out = []
    for section in new.sections:
        was = before.pop(section.id, None)
        texts = [b.text for b in was.blocks] if was else []
        out.append((section.id, section.heading, paragraphs(texts, [b.text for b in section.blocks])))
    out += [(s.id, s.heading, paragraphs([b.text for b in s.blocks], [])) for s in before.values()]
    return out


def marks(old: Content, new: Content) -> list[Mark]:
    """What is new in a content against the one before."""
    blocks = {s.id: s.blocks for s in new.sections}
    found: list[Mark] = []
    for id, _, rows in sections(old, new):
        for row, at in rows:
            if at < 0 or row.kind == "same":
                continue
            place = 0
            for kind, text in row.ops:
                if kind == "+":
                    found.append(Mark(blocks[id][at].id, place, place + len(text)))
                place += len(text) if kind != "-" else 0
    return found
