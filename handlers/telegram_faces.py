"""Buttons as Telegram shows them: in rows that a thumb can hit, or as a keyboard where a phone or place is shared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bot.channel import SHARE, Face
from handlers.telegram_common import Rows

Keys = tuple[tuple[tuple[str, Literal["", "phone", "place"]], ...], ...]
_ACROSS = 3  # buttons in a row at most
_WIDE = 14  # Chinese characters that a row has room for, a gap of one included for each further button


def rows_of(faces: Sequence[Face]) -> Rows:
    """Inline buttons in their order. The app makes those of a row equally wide and cuts what does not fit, so a row
    takes as many as its longest label lets; the one that is most likely wanted stands alone."""
    rows: list[list[Face]] = []
    for face in faces:
        if rows and _fit([*rows[-1], face]):
            rows[-1].append(face)
        else:
            rows.append([face])
    return tuple(tuple((face.label, face.press) for face in row) for row in rows)


def _fit(row: Sequence[Face]) -> bool:
    alone = any(face.strong for face in row)
    return not alone and len(row) <= _ACROSS and len(row) * (max(map(_width, row)) + 1) - 1 <= _WIDE


def keys_of(faces: Sequence[Face]) -> Keys:
    """A keyboard under the box, where one of the buttons shares something; () where none does."""
    if not any(face.press.startswith(SHARE) for face in faces):
        return ()
    return tuple(((face.label, _gives(face)),) for face in faces)


def _gives(face: Face) -> Literal["", "phone", "place"]:
    if not face.press.startswith(SHARE):
        return ""
    return "phone" if face.press == f"{SHARE}phone" else "place"


def _width(face: Face) -> float:
    """In Chinese characters; Latin letters and digits are half as wide."""
    return sum(1.0 if ord(character) > 0x2000 else 0.5 for character in face.label)
