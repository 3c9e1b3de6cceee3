"""Advice on a draft: the type, and its first source, the lengths."""

from __future__ import annotations

from dataclasses import dataclass

from bot.engine.messages import Say


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a finding points: section and question ids, and, when it is a sentence, block id and span."""

    section: str
    question: str = ""
    block: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One piece of advice. `id` is stable, so that a person's answer to it is remembered.

    `quote` is the text it speaks of ("" for a whole section); `change` a proposed replacement.
    """

    id: str
    source: str
    place: Place
    say: Say
    quote: str = ""
    change: str | None = None
