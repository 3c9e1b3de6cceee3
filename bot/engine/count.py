"""字数, counted as Word counts it: the one rule, the same on the page (`static/count.js`)."""

from __future__ import annotations

import re

# One each: Han with its extensions and 〇; U+3000–303F except the ideographic space; full-width
# forms; and the eight marks official Chinese shares with Latin text. Everything else that is no
# space counts once a run, so 2019年10月30日 is 6 and 95.2% is 1.
_SINGLE = (
    "\u3001-\u303f"  # CJK symbols and punctuation, 〇 included
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han, extension A, compatibility
    "\U00020000-\U0003ffff"  # Han, the supplementary planes
    "\uff00-\uffef"  # full-width and half-width forms
    "“”‘’—…·×"
)
_UNIT = re.compile(rf"[{_SINGLE}]|[^{_SINGLE}\s]+")
_HAN = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def count(text: str) -> int:
    """字数 of a text."""
    return len(_UNIT.findall(text))


def count_han(text: str) -> int:
    """Han characters alone, for calls that ask for that figure."""
    return len(_HAN.findall(text))
