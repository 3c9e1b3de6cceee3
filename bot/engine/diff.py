"""What changed between two texts, for eyes that read Chinese: paragraphs first, then what a reader takes as one."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from typing import Literal, NamedTuple

from bot.engine.content import Content
from bot.engine.diff_text import CRUMB, Op, aligned, changes

__all__ = ["CRUMB", "Mark", "Op", "Row", "changes", "marks", "paragraphs", "sections"]
LIKE = 0.3  # how alike two paragraphs are that count as one, changed
PART = 0.6  # how much of a paragraph lies in another of which it was split off, or with which it was joined
RARE = 8  # two characters that stand together in more paragraphs than this tell nothing about one


class Row(NamedTuple):
    """A paragraph: same, changed, added or removed; the ops read in order give both texts.

    Paragraphs split or joined are one changed row, with a line break that came or went. A paragraph that stands
    elsewhere, word for word, is removed there and added here, and `moved` on both rows.
    """

    kind: Literal["same", "changed", "added", "removed"]
    ops: tuple[Op, ...]
    moved: bool = False


class Mark(NamedTuple):
    """Text that is new: a block of the later content, from where to where in it."""

    block: str
    start: int
    end: int


class _Group(NamedTuple):
    """Old paragraphs from i to i_end that became the new ones from j to j_end."""

    i: int
    i_end: int
    j: int
    j_end: int


def paragraphs(old: Sequence[str], new: Sequence[str]) -> list[tuple[Row, int]]:
    """Rows in reading order, each with its (first) place in the new text, -1 for what was removed."""
    runs = aligned(old, new)
    gone, come = _moved(old, new, runs)
    rows: list[tuple[Row, int]] = []
    x = y = 0
    for i, j, n in [*runs, (len(old), len(new), 0)]:
        for group in [*_groups(old, new, _Group(x, i, y, j), gone, come), _Group(i, i, j, j)]:
            rows += [(Row("removed", _op("-", old[at]), at in gone), -1) for at in range(x, group.i)]
            rows += [(Row("added", _op("+", new[at]), at in come), at) for at in range(y, group.j)]
            x, y = group.i_end, group.j_end
            if group.i < x:
                ops = changes("\n".join(old[group.i : x]), "\n".join(new[group.j : y]))
                rows.append((Row("changed", ops), group.j))
        rows += [(Row("same", _op("=", new[at])), at) for at in range(j, j + n)]
        x, y = i + n, j + n
    return rows


def _op(kind: Literal["=", "-", "+"], text: str) -> tuple[Op, ...]:
    return ((kind, text),)


def _moved(old: Sequence[str], new: Sequence[str], runs: Sequence[tuple[int, int, int]]) -> tuple[set[int], set[int]]:
    """Places of paragraphs that stand elsewhere, word for word: in the old text, in the new."""
    kept = {i + k for i, _, n in runs for k in range(n)}
    held = {j + k for _, j, n in runs for k in range(n)}
    waiting: defaultdict[str, deque[int]] = defaultdict(deque)
    for i, text in enumerate(old):
        if i not in kept and text.strip():
            waiting[text].append(i)
    gone, come = set(), set()
    for j, text in enumerate(new):
        if j not in held and waiting.get(text):
            gone.add(waiting[text].popleft())
            come.add(j)
    return gone, come


def _groups(old: Sequence[str], new: Sequence[str], gap: _Group, gone: set[int], come: set[int]) -> list[_Group]:
    """Between what is the same: which old paragraphs became which new ones, in order."""
    olds = {i: _pairs(old[i]) for i in range(gap.i, gap.i_end) if i not in gone}
    news = {j: _pairs(new[j]) for j in range(gap.j, gap.j_end) if j not in come}
    groups: list[_Group] = []
    for i, j in _chain(_links(olds, news), gap):
        last = groups[-1] if groups else _Group(-1, -1, -1, -1)
        if i >= last.i_end and j >= last.j_end:
            groups.append(_Group(i, i + 1, j, j + 1))
        elif i <= last.i_end and j <= last.j_end:  # a neighbour of the group, or in it
            groups[-1] = last._replace(i_end=max(last.i_end, i + 1), j_end=max(last.j_end, j + 1))
    out: list[_Group] = []
    x, y = gap.i, gap.j
    for group in [*groups, _Group(gap.i_end, gap.i_end, gap.j_end, gap.j_end)]:
        left = [i for i in range(x, group.i) if i in olds]
        right = [j for j in range(y, group.j) if j in news]
        for i, j in zip(left, right, strict=False):
            if _alike(old[i], new[j]):
                out.append(_Group(i, i + 1, j, j + 1))
        x, y = group.i_end, group.j_end
        if group.i < x:
            out.append(group)
    return out


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)}


def _alike(one: str, other: str) -> bool:
    """Whether two texts that nothing rare holds together are written with the same characters."""
    both = (Counter(one) & Counter(other)).total()
    return 2 * both >= LIKE * (len(one) + len(other)) and both > 0


def _links(olds: dict[int, set[str]], news: dict[int, set[str]]) -> list[tuple[int, int, int]]:
    """Old and new paragraphs with what they share: each with the one it is most like, and with its parts."""
    where: defaultdict[str, list[int]] = defaultdict(list)
    for i, pairs in olds.items():
        for pair in pairs:
            where[pair].append(i)
    known = {pair: at for pair, at in where.items() if len(at) <= RARE}
    votes: Counter[tuple[int, int]] = Counter()
    for j, pairs in news.items():
        for pair in pairs:
            votes.update((i, j) for i in known.get(pair, ()))
    of_old: dict[int, tuple[int, int]] = {}
    of_new: dict[int, tuple[int, int]] = {}
    for (i, j), n in sorted(votes.items()):
        of_old[i] = max(of_old.get(i, (0, 0)), (n, j))
        of_new[j] = max(of_new.get(j, (0, 0)), (n, i))
    links = []
    for (i, j), n in sorted(votes.items()):
        mutual = of_old[i][1] == j and of_new[j][1] == i
        one_way = of_old[i][1] == j or of_new[j][1] == i
        least, both = min(len(olds[i]), len(news[j])), len(olds[i]) + len(news[j])
        if (mutual and 2 * n >= LIKE * both) or (one_way and n >= PART * least):
            links.append((i, j, n))
    return links


def _chain(links: list[tuple[int, int, int]], gap: _Group) -> list[tuple[int, int]]:
    """The heaviest of the links that cross no other."""
    size = gap.j_end - gap.j
    best: list[tuple[int, int]] = [(0, -1)] * (size + 1)  # a Fenwick tree: the most up to a new paragraph, and its link
    before: list[int] = []
    top = (0, -1)
    for at, (_, j, weight) in enumerate(links):
        place, most = j - gap.j + 1, (0, -1)
        while place:
            most = max(most, best[place])
            place &= place - 1
        before.append(most[1])
        here = (most[0] + weight, at)
        top = max(top, here)
        place = j - gap.j + 1
        while place <= size:
            best[place] = max(best[place], here)
            place += place & -place
    chain: list[tuple[int, int]] = []
    at = top[1]
    while at >= 0:
        chain.append(links[at][:2])
        at = before[at]
    return chain[::-1]


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
    """What is new in a content against the one before; what only moved is not."""
    blocks = {s.id: s.blocks for s in new.sections}
    found: list[Mark] = []
    for id, _, rows in sections(old, new):
        for row, at in rows:
            if at < 0 or row.kind == "same" or row.moved:
                continue
            block = start = 0  # which of the row's blocks, and where in it
            for kind, text in row.ops:
                while kind != "-" and text:
                    one = blocks[id][at + block]
                    piece = text[: len(one.text) - start]
                    if kind == "+" and piece:
                        found.append(Mark(one.id, start, start + len(piece)))
                    start, text = start + len(piece), text[len(piece) :]
                    if text:  # the break between two blocks
                        block, start, text = block + 1, 0, text[1:]
    return found
