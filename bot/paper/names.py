"""File names that every system takes, made from a call's pattern."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

from bot.paper.plain import clean, fill

MOST_BYTES: Final = 120  # before the extension: with it, well below the 143 of the strictest common disk
_FORBIDDEN: Final = frozenset('\\/:*?"<>|')
_RESERVED: Final = {"CON", "PRN", "AUX", "NUL"} | {f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789¹²³"}
_EDGES: Final = " ._-—"


def file_name(pattern: str, values: Mapping[str, str], untitled: str = "case") -> str:
    """The name without extension, at most 120 bytes of UTF-8, never cut inside a character.

    {names} in the pattern come from `values`; a name without a value leaves nothing. What is left empty
    is called `untitled`; a reserved name (CON, LPT1 …) gets it in front.
    """
    flat = " ".join(clean(fill(pattern, values)).split())
    name = "".join(char for char in unicodedata.normalize("NFC", flat) if _allowed(char)).strip(_EDGES)
    name = _cut(name, MOST_BYTES).rstrip(_EDGES)
    if name.partition(".")[0].strip().upper() in _RESERVED:
        name = _cut(f"{untitled}-{name}", MOST_BYTES)
    return name or untitled


def _allowed(char: str) -> bool:
    # Format characters go as well: a right-to-left mark makes "gpj.exe" look like a picture.
    return char not in _FORBIDDEN and unicodedata.category(char) not in ("Cc", "Cf", "Cn", "Co", "Cs")


def _cut(name: str, most: int) -> str:
    """The longest beginning of `most` bytes that keeps combining marks with their character."""
    if len(name.encode()) <= most:
        return name
    kept = name.encode()[:most].decode(errors="ignore")
    while kept and unicodedata.category(name[len(kept)]).startswith("M"):
        kept = kept[:-1]
    return kept
