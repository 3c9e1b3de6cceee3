"""Which keys a call file may have, as a table. `bot.call_check` walks it, docs/calls.md explains it.

A field's `type` names a reader in `bot.call_check`. `idle` marks a key that nothing uses yet: it is
read and kept, and `calls check` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.engine.definition import OFFICE_STATES, WRITING_STATES

FieldType = Literal[
    "text", "id", "option_id", "date", "zone", "pattern", "number_pattern", "whole", "wholes", "yes", "texts", "counts",
    "table", "tables",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One key. `one_of` closes a text or a list of texts; `low`/`high` bound a whole number.

    `table`: the table's name in TABLES for types "table" and "tables" (a needed list is not empty).
    """

    type: FieldType
    needed: bool = False
    idle: bool = False
    one_of: tuple[str, ...] = ()
    low: int = 0
    high: int = 1_000_000
    table: str = ""


KINDS = ("text", "line", "names", "choice", "phone", "unit", "place")
OUTPUTS = ("text", "form", "pictures", "summary")
RESERVED_SECTIONS = ("head", "tail", "photos")
PROFILE = "profile"
"""The id of the one file that asks for a person and not for a case: it has a head and nothing else."""

_TEXT = Field(type="text")
_NEEDED = Field(type="text", needed=True)
_ID = Field(type="id", needed=True)
_DATE = Field(type="date")
_YES = Field(type="yes")
_WHOLE = Field(type="whole")
_LIMIT = Field(type="table", table="limit")

TABLES: Mapping[str, Mapping[str, Field]] = {
    "call": {
        "id": _ID,
        "title": _NEEDED,
        "short": _TEXT,
        "about": _TEXT,
        "minutes": Field(type="whole", high=1000),
        "grace": Field(type="whole", high=60),
        "zone": Field(type="zone"),
        "opens": Field(type="date", idle=True),
        "due": _DATE,
        "layout": Field(type="id"),
        "sample": _TEXT,
        "outputs": Field(type="texts", one_of=OUTPUTS),
        "self_nomination": Field(type="yes"),
        "limit": _LIMIT,
        "head": Field(type="tables", table="question"),
        "section": Field(type="tables", table="section"),
        "pictures": Field(type="table", table="pictures"),
        "material": Field(type="tables", table="material"),
        "declaration": Field(type="tables", table="declaration"),
        "level": Field(type="tables", table="level"),
        "quality": Field(type="tables", table="quality", idle=True),
        "names": Field(type="table", table="names"),
        "selection": Field(type="table", table="selection", idle=True),
        "remind": Field(type="tables", table="remind"),
    },
    "remind": {
        "days": Field(type="wholes", needed=True, high=90),
        "level": Field(type="id"),
        "states": Field(type="texts", one_of=(*WRITING_STATES, *OFFICE_STATES)),
        "words": Field(type="id"),
    },
    "limit": {"min": _WHOLE, "about": _WHOLE, "max": _WHOLE, "hard": _YES},
    "question": {
        "id": _ID,
        "kind": Field(type="text", one_of=KINDS),
        "ask": _NEEDED,
        "label": _TEXT,
        "hint": _TEXT,
        "example": _TEXT,
        "required": _YES,
        "printed": _YES,
        "limit": _LIMIT,
        "followup": Field(type="table", table="followup"),
        "options": Field(type="tables", table="option"),
        "other": _YES,
        "least": Field(type="whole", low=1, high=100),
        "most": Field(type="whole", low=1, high=100),
    },
    "option": {"id": Field(type="option_id", needed=True), "label": _NEEDED, "note": _TEXT, "limit": _LIMIT},
    "followup": {"below": Field(type="whole", needed=True, low=1), "ask": _NEEDED},
    "section": {
        "id": _ID,
        "heading": _NEEDED,
        "limit": _LIMIT,
        "tracks": Field(type="texts"),
        "question": Field(type="tables", table="question", needed=True),
    },
    "pictures": {
        "ask": _NEEDED,
        "label": _TEXT,
        "hint": _TEXT,
        "example": _TEXT,
        "min": Field(type="whole", high=50),
        "max": Field(type="whole", low=1, high=50),
        "caption": _YES,
        "min_width": Field(type="whole", high=10_000),
        "min_kb": Field(type="whole", high=20 * 1024),
        "original": _YES,
    },
    "material": {
        "id": _ID,
        "ask": _NEEDED,
        "label": _TEXT,
        "hint": _TEXT,
        "min": Field(type="whole", high=50),
        "max": Field(type="whole", low=1, high=50),
        "kinds": Field(type="texts"),
        "max_mb": Field(type="whole", low=1, high=20),
    },
    "declaration": {"id": _ID, "ask": _NEEDED, "label": _TEXT, "required": _YES},
    "level": {"id": _ID, "title": _NEEDED, "due": _DATE, "quota": Field(type="table", table="quota")},
    "quota": {
        "total": _WHOLE,
        "by_category": Field(type="counts"),
        "by_kind": Field(type="counts", idle=True),
    },
    "quality": {"label": _NEEDED, "weight": Field(type="whole", high=100)},
    "names": {
        "file": Field(type="pattern"),
        "folder": Field(type="pattern"),
        "number": Field(type="number_pattern"),
    },
    "selection": {"steps": Field(type="texts"), "ranks": Field(type="counts")},
}

PATTERN_NAMES = ("单位", "标题", "联系人", "电话", "类别", "序号", "编号")
NUMBER_NAMES = ("县", "年", "号")
