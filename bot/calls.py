"""TOML -> Call. Every mistake of every file at once; what may stand in a file says docs/calls.md."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from bot.call_check import Clean, mistake, sentences
from bot.call_schema import PROFILE
from bot.call_sense import check
from bot.engine.definition import (
    OFFICE_STATES,
    WRITING_STATES,
    Call,
    FileRule,
    Followup,
    Level,
    Limit,
    Names,
    Option,
    PictureRule,
    Quality,
    Question,
    Quota,
    Reminder,
    Section,
    Selection,
)
from bot.errors import CallErrors, Mistake


def check_call(
    source: Path | Traversable | str, file: str = "", now: datetime | None = None
) -> tuple[Call | None, tuple[Mistake, ...]]:
    """The call of a file or of a TOML text, and all that is to be said about it, hints included.

    None where a mistake is more than a hint. `file` is the name to report; a path has its own. `now` (aware): hints
    about the dates an edition opened then would have are wanted as well.
    """
    name = file or ("call.toml" if isinstance(source, str) else source.name)
    try:
        text = source if isinstance(source, str) else source.read_text("utf-8-sig")
        raw = tomllib.loads(text + "\n")  # so that "at the end" means only what is left open
    except tomllib.TOMLDecodeError as error:
        return None, (_syntax(name, str(error)),)
    except (OSError, UnicodeDecodeError):
        return None, (mistake(name, "toml", "unreadable"),)
    clean, mistakes = check(raw, name, now)
    return (None if _grave(mistakes) else _call(clean)), mistakes


def load_call(source: Path | Traversable | str, file: str = "") -> Call:
    """The call of a file (a path) or of a TOML text (a str). Raises CallErrors with all its mistakes."""
    call, mistakes = check_call(source, file)
    if call is None:
        raise CallErrors(mistakes)
    return call


def check_all(folders: Iterable[Path] = (), now: datetime | None = None) -> tuple[dict[str, Call], tuple[Mistake, ...]]:
    """The calls that ship with the program and those of further folders by id, and all mistakes.

    A folder's file replaces the shipped call of the same id; two files of one's own may not share one.
    The profile is checked, but is no call. `now`: as in `check_call`.
    """
    calls: dict[str, Call] = {}
    found: list[Mistake] = []
    own: dict[str, str] = {}
    for source, shipped in _sources(folders):
        call, mistakes = check_call(source, now=now)
        found += mistakes
        if call is None:
            continue
        if not shipped and own.setdefault(call.id, source.name) != source.name:
            found.append(mistake(source.name, "id", "duplicate_call", id=call.id, other=own[call.id]))
        elif call.id != PROFILE:
            calls[call.id] = call
    return calls, tuple(found)


def load_all(folders: Iterable[Path] = ()) -> dict[str, Call]:
    """As `check_all`, by id. Raises CallErrors with the mistakes of all files."""
    calls, mistakes = check_all(folders)
    if _grave(mistakes):
        raise CallErrors(mistakes)
    return calls


def load_profile(folders: Iterable[Path] = ()) -> Call:
    """The questionnaire about the person: the last folder's profile.toml, else the shipped one."""
    own = [path for folder in folders if (path := folder / f"{PROFILE}.toml").is_file()]
    return load_call(own[-1] if own else files("bot").joinpath(f"data/calls/{PROFILE}.toml"))


def _sources(folders: Iterable[Path]) -> Iterator[tuple[Path | Traversable, bool]]:
    for source in sorted(files("bot").joinpath("data/calls").iterdir(), key=lambda entry: entry.name):
        if source.name.endswith(".toml"):
            yield source, True
    for folder in folders:
        for path in sorted(folder.glob("*.toml")):
            yield path, False


def _grave(mistakes: Iterable[Mistake]) -> bool:
    return any(not found.hint for found in mistakes)


def _syntax(file: str, message: str) -> Mistake:
    at = re.search(r"line (\d+)", message)
    if not at:
        return mistake(file, "toml", "syntax_end")
    twice = message.startswith(("Cannot", "Duplicate"))  # how tomllib begins all that is about a key written twice
    return mistake(file, "toml", "syntax_twice" if twice else "syntax", line=at[1])


# --- building: from here on everything is fit --------------------------------------------------


def _call(clean: Clean) -> Call:
    selection = clean.get("selection", {})
    return Call(
        head=tuple(_question(q, in_body=False) for q in clean.get("head", ())),
        sections=(*(_section(s) for s in clean.get("section", ())), *_photos(clean)),
        tail=tuple(_declaration(d) for d in clean.get("declaration", ())),
        limit=Limit(**clean.get("limit", {})),
        levels=tuple(_level(level) for level in clean.get("level", ())),
        qualities=tuple(Quality(**q) for q in clean.get("quality", ())),
        names=Names(**clean.get("names", {})),
        outputs=tuple(clean.get("outputs", ("text",))),
        reminders=tuple(_reminder(r) for r in clean["remind"]) if "remind" in clean else None,
        selection=Selection(steps=tuple(selection.get("steps", ())), ranks=selection.get("ranks", {})),
        **_only(clean, "id title short about minutes grace sample zone opens due self_nomination layout"),
    )


def _only(clean: Clean, names: str) -> dict[str, Any]:
    return {name: clean[name] for name in names.split() if name in clean}


def _section(clean: Clean) -> Section:
    return Section(
        id=clean["id"],
        heading=clean["heading"],
        questions=tuple(_question(q, in_body=True) for q in clean["question"]),
        limit=Limit(**clean.get("limit", {})),
        tracks=tuple(clean.get("tracks", ())),
    )


def _question(clean: Clean, *, in_body: bool) -> Question:
    kind = clean.get("kind", "text")
    followup = clean.get("followup")
    return Question(
        kind=kind,
        limit=Limit(**clean.get("limit", {})),
        followup=Followup(**followup) if followup else None,
        options=tuple(_option(o) for o in clean.get("options", ())),
        printed=clean.get("printed", in_body and kind == "text"),
        most=clean.get("most", 0 if kind == "names" else 1),
        **_only(clean, "id ask label hint example required other least"),
    )


def _option(clean: Clean) -> Option:
    limit = Limit(**clean["limit"]) if "limit" in clean else None
    return Option(limit=limit, **_only(clean, "id label note"))


def _photos(clean: Clean) -> Sequence[Section]:
    """The last section, where a call wants pictures or material; what it needs at least makes it required."""
    questions: list[Question] = []
    if "pictures" in clean:
        questions.append(_pictures(clean["pictures"]))
    questions += [_material(m) for m in clean.get("material", ())]
    return [Section(id="photos", heading=sentences()["photos"], questions=tuple(questions))] if questions else []


def _pictures(clean: Clean) -> Question:
    rule = PictureRule(min_bytes=clean.get("min_kb", 0) * 1024, **_only(clean, "min max caption min_width original"))
    return Question(
        id="pictures",
        kind="pictures",
        required=rule.min > 0,
        pictures=rule,
        printed=False,
        **_only(clean, "ask label hint example"),
    )


def _material(clean: Clean) -> Question:
    size = {"max_bytes": clean["max_mb"] * 1024 * 1024} if "max_mb" in clean else {}
    rule = FileRule(kinds=tuple(clean.get("kinds", ())), **size, **_only(clean, "min max"))
    return Question(kind="files", required=rule.min > 0, files=rule, printed=False, **_only(clean, "id ask label hint"))


def _declaration(clean: Clean) -> Question:
    return Question(kind="declare", required=clean.get("required", True), printed=False, **_only(clean, "id ask label"))


def _reminder(clean: Clean) -> Reminder:
    usual = OFFICE_STATES if clean.get("level") else WRITING_STATES
    states = tuple(clean.get("states", usual))
    return Reminder(days=tuple(clean.get("days", ())), states=states, **_only(clean, "level words"))


def _level(clean: Clean) -> Level:
    return Level(quota=Quota(**clean.get("quota", {})), **_only(clean, "id title due"))
