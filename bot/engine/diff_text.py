"""The way from one text to another in pieces a reader takes as one: characters, words, numbers with their unit."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate
from typing import Literal

Op = tuple[Literal["=", "-", "+"], str]
_Gap = tuple[int, int, int, int]  # from where to where in the old, and in the new
Run = tuple[int, int, int]  # from where in the old, from where in the new, how many
CRUMB = 2  # an unchanged run shorter than this between two changes is shown as changed with them
SHORT = 6  # an unchanged run up to this long is, where both changes beside it are at least as long
REWRITTEN = 0.3  # a text of which less than this stayed is shown as one that went and one that came
SMALL = 900  # pairs of pieces up to which all are compared
GRAMS = (6, 3)  # pieces that stand together and occur once on either side hold two texts together
DEEP = 8

_UNIT = (
    r"(?:\u5e73\u65b9\u7c73|\u516c\u91cc|\u516c\u65a4|\u5c0f\u65f6|\u5206\u949f|\u4e2a\u6708"
    r"|[%\uff05\u2030\u5143\u5e74\u6708\u65e5\u53f7\u65f6\u5206\u79d2\u4eba\u6237\u540d\u4e2a\u5bb6\u7ec4\u8d77\u4ef6"
    r"\u6761\u6b21\u5c81\u91cc\u7c73\u4ea9\u65a4\u5929\u6751\u5bf8\u4f4d\u53ea\u5934\u68f5\u5ea7\u6240\u573a\u9879\u5468"
    r"\u500d\u6b65\u7ea7\u671f\u6279\u5428\u5757\u540d\u652f\u8f86])?"
)
_PIECE = re.compile(
    rf"(?:\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+)(?:\.\d+)?[\u4e07\u4ebf\u5343\u767e]*(?:\u591a|\u4f59)?{_UNIT}"
    rf"|[\u3007\u96f6\u4e00\u4e8c\u4e24\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341\u767e\u5343\u4e07\u4ebf]+"
    rf"(?:\u591a|\u4f59)?{_UNIT}|[A-Za-z]+|.",
    re.DOTALL,
)
_CLAUSE_ENDS = frozenset("\u3002\uff01\uff1f\uff1b\uff0c!?;,\n")


def changes(old: str, new: str) -> tuple[Op, ...]:
    """The way from one text to another."""
    if old == new:
        return (("=", old),) if old else ()
    before, after = _PIECE.findall(old), _PIECE.findall(new)
    ops: list[Op] = []
    x = y = stayed = 0
    for i, j, n in [*aligned(before, after), (len(before), len(after), 0)]:
        ops += [("-", "".join(before[x:i])), ("+", "".join(after[y:j])), ("=", "".join(before[i : i + n]))]
        stayed += len(ops[-1][1])
        x, y = i + n, j + n
    if stayed < REWRITTEN * min(len(old), len(new)) and min(len(old), len(new)) > SHORT:
        return (("-", old), ("+", new))
    return _tidy([op for op in ops if op[1]])


def aligned(a: Sequence[str], b: Sequence[str]) -> list[Run]:
    """What stayed, in order: runs that stand on both sides."""
    codes: dict[str, str] = {}  # a character for each piece, for slices of a string are quickest
    one, other = ("".join(codes.setdefault(piece, chr(len(codes))) for piece in side) for side in (a, b))
    ends = frozenset(codes[end] for end in _CLAUSE_ENDS if end in codes)
    return list(_gap(one, other, (0, len(a), 0, len(b)), ends, 0))


def _gap(a: str, b: str, within: _Gap, ends: frozenset[str], deep: int) -> Iterator[Run]:
    i, i_end, j, j_end = within
    n = 0
    while i + n < i_end and j + n < j_end and a[i + n] == b[j + n]:
        n += 1
    if n:
        yield i, j, n
    i, j, tail = i + n, j + n, 0
    while i_end - tail > i and j_end - tail > j and a[i_end - tail - 1] == b[j_end - tail - 1]:
        tail += 1
    i_end, j_end = i_end - tail, j_end - tail
    if i < i_end and j < j_end:
        if (i_end - i) * (j_end - j) <= SMALL:
            yield from _all(a[i:i_end], b[j:j_end], i, j)
        else:
            yield from _held(a, b, (i, i_end, j, j_end), ends, deep)
    if tail:
        yield i_end, j_end, tail


def _all(a: str, b: str, i: int, j: int) -> Iterator[Run]:
    for run in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks():
        if run.size:
            yield i + run.a, j + run.b, run.size


def _held(a: str, b: str, within: _Gap, ends: frozenset[str], deep: int) -> Iterator[Run]:
    """Between anchors; where there are none, clause by clause; where there are too many of these, nothing stayed."""
    i, i_end, j, j_end = within
    for size in GRAMS if deep < DEEP else ():
        here, there = _once(a, i, i_end, size), _once(b, j, j_end, size)
        anchors = _rising([(at, there[gram]) for gram, at in here.items() if at >= 0 and there.get(gram, -1) >= 0])
        if not anchors:
            continue
        for at, to in anchors:
            if at < i or to < j:
                continue
            yield from _gap(a, b, (i, at, j, to), ends, deep + 1)
            n = size
            while at + n < i_end and to + n < j_end and a[at + n] == b[to + n]:
                n += 1
            yield at, to, n
            i, j = at + n, to + n
        yield from _gap(a, b, (i, i_end, j, j_end), ends, deep + 1)
        return
    left, right = _clauses(a[i:i_end], ends), _clauses(b[j:j_end], ends)
    if len(left) * len(right) > SMALL:
        return
    begins, others = _starts(left, i), _starts(right, j)
    for run in SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks():
        if run.size:
            yield begins[run.a], others[run.b], begins[run.a + run.size] - begins[run.a]


def _starts(parts: Sequence[str], first: int) -> list[int]:
    return list(accumulate(map(len, parts), initial=first))


def _once(pieces: str, start: int, end: int, size: int) -> dict[str, int]:
    """Where each run of so many pieces begins, -1 for one that occurs again."""
    found: dict[str, int] = {}
    for at in range(start, end - size + 1):
        gram = pieces[at : at + size]
        found[gram] = -1 if gram in found else at
    return found


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most pairs that rise on both sides (the first side rises already)."""
    ends: list[int] = []
    heads: list[int] = []
    before: list[int] = []
    for at, (_, to) in enumerate(pairs):
        place = bisect_left(ends, to)
        before.append(heads[place - 1] if place else -1)
        ends[place : place + 1] = [to]
        heads[place : place + 1] = [at]
    chain: list[tuple[int, int]] = []
    at = heads[-1] if heads else -1
    while at >= 0:
        chain.append(pairs[at])
        at = before[at]
    return chain[::-1]


def _clauses(pieces: str, ends: frozenset[str]) -> list[str]:
    out: list[str] = []
    start = 0
    for at, piece in enumerate(pieces, 1):
        if piece in ends or at == len(pieces):
            out.append(pieces[start:at])
            start = at
    return out


def _tidy(ops: Sequence[Op]) -> tuple[Op, ...]:
    """Each stretch of changes as one that went and one that came; crumbs between changes belong to them."""
    parts: list[tuple[str, str, str]] = [("", "", "")]  # what stayed, then what went and came after it
    for kind, text in ops:
        stayed, went, came = parts[-1]
        if kind == "=":
            if went or came:
                parts.append((text, "", ""))
            else:
                parts[-1] = (stayed + text, "", "")
        else:
            parts[-1] = (stayed, went + text * (kind == "-"), came + text * (kind == "+"))
    out = parts[:1]
    for stayed, went, came in parts[1:]:
        out.append((stayed, went, came))
        while len(out) > 1 and (out[-1][1] or out[-1][2]) and _crumb(out[-2], out[-1]):
            (first, gone, new), (between, went, came) = out[-2], out[-1]
            out[-2:] = [(first, gone + between + went, new + between + came)]
    for at in range(len(out) - 1):  # what came or went alone ends with its sentence's mark, and begins after one
        (stayed, went, came), (after, *rest) = out[at], out[at + 1]
        alone = went or came
        if not (went and came) and alone[:1] in _CLAUSE_ENDS and after[:1] == alone[:1] and len(after) > CRUMB:
            out[at] = (stayed + alone[0], (went + after[0])[1:] if went else "", (came + after[0])[1:] if came else "")
            out[at + 1] = (after[1:], rest[0], rest[1])
    told: list[Op] = []
    for stayed, went, came in out:
        told += [("=", stayed), ("-", went), ("+", came)]
    return tuple(op for op in told if op[1])


def _crumb(left: tuple[str, str, str], right: tuple[str, str, str]) -> bool:
    size = len(right[0])
    if size < CRUMB:
        return True
    if size > SHORT:
        return False
    sides = [max(len(_PIECE.findall(text[: 9 * SHORT])) for text in side[1:]) for side in (left, right)]
    return size <= min(sides)
