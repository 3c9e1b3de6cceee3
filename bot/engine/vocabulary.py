"""The words that are understood, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from bot.engine.values import value

# The buttons that words of `mending` mean.
MENDING = ("ok", "own", "done", "why", "go", "back", "add", "question", "more")


@value
class PlaceWords:
    """How places are named: verbs before a section (`go`) and before an option (`pick`), patterns with {n} for the
    number, the `digits` from one on and the word for `ten`, and what may stand `between` two names."""

    go: tuple[str, ...] = ()
    pick: tuple[str, ...] = ()
    section: str = "{n}"
    question: str = "{n}"
    chosen: str = "{n}"
    digits: str = "1"
    ten: str = "x"
    between: str = ""


@value
class Vocabulary:
    """The words understood at any time, as data (bot/data/wording/words.toml, `Wording.vocabulary`).

    `commands`: word -> command. `closing`: words that mean "done" only while gathering with content.
    `asked`: words that are asked about at a text question -> the command they may mean. `finals`: particles
    of which one may follow a word. `tails`: closing words that end a dictated text. `questions`: how a
    question ends. `doubtful`: what is hardly meant as a short answer, and how such a one begins in the profile.
    `unit_ends`: how a unit's name ends.
    `yes`: how one confirms. `agree`: how one consents. `enough`: that no more will come to a thin answer.
    `onward`: that what is written stays. `name_leads`: what may stand before a name. `stuck`: asking how to write at
    all, with what may stand before and after it (`stuck_heads`, `stuck_tails`). `places`: how sections and options are
    named. `late_key`: what may stand before a late key, the longest first. `mending`: what is said of a comment -> the
    button that it means.
    """

    commands: Mapping[str, str] = field(default_factory=dict)
    closing: frozenset[str] = frozenset()
    asked: Mapping[str, str] = field(default_factory=dict)
    finals: tuple[str, ...] = ()
    tails: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    doubtful: frozenset[str] = frozenset()
    doubtful_heads: tuple[str, ...] = ()
    unit_ends: tuple[str, ...] = ()
    yes: frozenset[str] = frozenset()
    name_leads: tuple[str, ...] = ()
    agree: frozenset[str] = frozenset()
    enough: frozenset[str] = frozenset()
    onward: frozenset[str] = frozenset()
    stuck: frozenset[str] = frozenset()
    stuck_heads: tuple[str, ...] = ()
    stuck_tails: tuple[str, ...] = ()
    places: PlaceWords = PlaceWords()
    late_key: tuple[str, ...] = ()
    mending: Mapping[str, str] = field(default_factory=dict)
