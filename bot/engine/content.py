"""The content model: what is printed, whoever prints it. Frozen at submission, hashed and kept.

Text in blocks is the person's own, cleaned at the door and joined by the rule of
`bot.engine.answers`; nothing is polished here. Block ids are stable: "section/question/fragment/offset",
so that comments, findings and diffs can point at a place for as long as the submission exists.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bot.engine.count import count

PICTURE = "picture/"  # what the id of a picture begins with


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """One printed paragraph; `level` 2 to 4 makes it a heading within its section."""

    id: str
    text: str
    level: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ContentSection:
    """A numbered section (n from 1) with its paragraphs."""

    id: str
    n: int
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture in order. `file` is the hash of the original; `n` counts from 1."""

    id: str
    n: int
    file: str
    name: str
    caption: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """Other material handed in beside the text: never printed, packed for the office."""

    id: str
    file: str
    name: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FormField:
    """One line of the registration form (label, value as a person reads it)."""

    id: str
    label: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """The whole of one case as handed in or as it stands. `unit` is printed under the title."""

    call: str
    title: str
    unit: str
    sections: tuple[ContentSection, ...]
    pictures: tuple[Picture, ...] = ()
    materials: tuple[Material, ...] = ()
    fields: tuple[FormField, ...] = ()

    def words(self) -> int:
        """字数 of the printed body: the paragraphs, without title, headings and captions."""
        return sum(count(b.text) for s in self.sections for b in s.blocks)

    def to_json(self) -> str:
        """One canonical text: equal contents give equal text."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def hash(self) -> str:
        """SHA-256 of the canonical text, in hex."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str) -> Content:
        """The inverse of `to_json`. Raises KeyError or ValueError on anything else."""
        raw: Mapping[str, Any] = json.loads(text)
        return cls(
            call=raw["call"],
            title=raw["title"],
            unit=raw["unit"],
            sections=tuple(
                ContentSection(
                    id=s["id"], n=s["n"], heading=s["heading"], blocks=tuple(Block(**b) for b in s["blocks"])
                )
                for s in raw["sections"]
            ),
            pictures=tuple(Picture(**p) for p in raw["pictures"]),
            materials=tuple(Material(**m) for m in raw["materials"]),
            fields=tuple(FormField(**f) for f in raw["fields"]),
        )
