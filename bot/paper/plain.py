"""Plain text on its way to paper: what may not be written, and patterns with {names}."""

from __future__ import annotations

import re
from collections.abc import Mapping

_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_DROPPED = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NAME = re.compile(r"\{(\w+)\}")


def clean(text: str) -> str:
    """The text as XML can hold it: tab and newline stay, other line ends become newlines.

    Controls make python-docx raise; a lone surrogate cuts the text off silently, so it becomes U+FFFD.
    Everything else is left as the person wrote it.
    """
    return _SURROGATE.sub("\ufffd", _DROPPED.sub("", _BREAKS.sub("\n", text)))


def paragraphs(text: str) -> list[str]:
    """The cleaned lines that hold anything, without the spaces a person typed for an indent."""
    lines = (line.strip() for line in clean(text).split("\n"))
    return [line for line in lines if line]


def line(text: str) -> str:
    """The text as one cleaned line, runs of white space as one blank."""
    return " ".join(clean(text).split())


def fill(pattern: str, values: Mapping[str, str]) -> str:
    """The pattern with each {name} replaced; braces inside a value stay as they are, unknown names vanish."""
    return _NAME.sub(lambda found: values.get(found[1], ""), pattern)
