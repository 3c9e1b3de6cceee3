"""Draft ids as they stand in buttons: lower-case base 36, 13 characters at most for 63 bits."""

from __future__ import annotations

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS = tuple(a + b for a in _DIGITS for b in _DIGITS)


def b36(number: int) -> str:
    """A non-negative number in base 36."""
    out = ""
    while number >= 36:
        number, rest = divmod(number, 36 * 36)
        out = _PAIRS[rest] + out
    return _DIGITS[number] + out if number or not out else out


def from36(text: str) -> int:
    """The inverse of `b36`; -1 for what is no such number."""
    try:
        return int(text, 36) if text.isalnum() and len(text) <= 13 else -1
    except ValueError:
        return -1
