"""Which message each character of a fragment came with: the ref of one, or refs and lengths of several in turn.

A messenger cuts a long text into messages, and the pieces are put together again: "7:5|4096|7:6|812". Edited, a
message changes its own piece and no other.
"""

from __future__ import annotations

_BAR = "|"


def joined(source: str, text: str, ref: str, more: str) -> str:
    """The source of a text to which the text of another message was added."""
    return _BAR.join([source if _BAR in source else f"{source}{_BAR}{len(text)}", ref, str(len(more))])


def span(source: str, text: str, ref: str) -> tuple[int, int] | None:
    """From where to where in the text a message's own piece goes; None where it has none."""
    if _BAR not in source:
        return (0, len(text)) if source == ref else None
    at = 0
    for one, size in _pieces(source):
        if one == ref:
            return at, at + size
        at += size
    return None


def changed(source: str, ref: str, size: int) -> str:
    """The source after a message's piece has become so many characters long."""
    if _BAR not in source:
        return source
    return _BAR.join(f"{one}{_BAR}{size if one == ref else before}" for one, before in _pieces(source))


def _pieces(source: str) -> list[tuple[str, int]]:
    parts = source.split(_BAR)
    return [(ref, int(size)) for ref, size in zip(parts[::2], parts[1::2], strict=True)]
