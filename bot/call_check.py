"""What is wrong with a call file: everything at once, each with its key and a sentence.

Two passes. The walk goes along the table in `bot.call_schema`: unknown and missing keys, types,
ranges, shapes. What is wrong there is left out of the clean copy it returns, so that the second pass,
which asks whether the whole makes sense, does not report the same mistake again in other words.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from bot.call_schema import NUMBER_NAMES, PATTERN_NAMES, TABLES, Field
from bot.engine.count import count
from bot.engine.dates import DateRule
from bot.engine.definition import TRACK, FileRule, PictureRule
from bot.errors import Mistake

_ID = re.compile(r"[a-z0-9_-]{1,24}")
_OPTION_ID = re.compile(r"[a-z0-9_-]{1,12}")
_BUTTON_BYTES = 64
_DRAFT = "0" * 13
_LONG_ASK = 120

Clean = dict[str, Any]


@cache
def sentences() -> Mapping[str, str]:
    """The checker's sentences: key -> template."""
    wording = tomllib.loads(files("bot").joinpath("data/wording/calls.toml").read_text("utf-8"))
    return dict(wording["call_check"])


def mistake(file: str, key: str, sentence: str, /, *, hint: bool = False, **params: Any) -> Mistake:
    """The mistake whose sentence has this name in the wording, filled with `params`."""
    return Mistake(file=file, key=key, sentence=sentences()[sentence].format(**params), hint=hint)


class Report:
    """Collects the mistakes of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Mistake] = []

    def say(self, key: str, sentence: str, /, *, hint: bool = False, **params: Any) -> None:
        """Note a mistake at a key."""
        self.found.append(mistake(self.file, key, sentence, hint=hint, **params))


class _Unfit(Exception):
    """A value that cannot be used: the name of the sentence to say and what fills it."""

    def __init__(self, sentence: str, /, **params: Any) -> None:
        self.sentence = sentence
        self.params = params


def walk(raw: Mapping[str, object], table: str, path: str, report: Report) -> Clean:
    """A table's fit values by key; the unfit ones are reported and left out."""
    schema, clean = TABLES[table], Clean()
    for name, value in raw.items():
        key = f"{path}.{name}" if path else name
        field = schema.get(name)
        if field is None:
            _say_unknown(name, key, schema, report)
            continue
        if field.idle:
            report.say(key, "idle", hint=True)
        read = _value(value, field, key, report)
        if read is not None:
            clean[name] = read
    for name, field in schema.items():
        if field.needed and name not in raw:
            report.say(f"{path}.{name}" if path else name, "missing", name=name)
    sense = _SENSE.get(table)
    return sense(clean, path, report) if sense else clean


def _say_unknown(name: str, key: str, schema: Mapping[str, Field], report: Report) -> None:
    near = get_close_matches(name, schema, n=1)
    if near:
        report.say(key, "unknown_near", name=name, near=near[0])
    else:
        report.say(key, "unknown", name=name)


def _value(value: object, field: Field, key: str, report: Report) -> Any:
    if field.type == "table":
        if isinstance(value, dict):
            return walk(value, field.table, key, report)
        report.say(key, "wrong_type", wanted=sentences()["type_table"])
        return None
    if field.type == "tables":
        return _tables(value, field, key, report)
    try:
        return _READERS[field.type](value, field)
    except _Unfit as unfit:
        report.say(key, unfit.sentence, **unfit.params)
        return None


def _tables(value: object, field: Field, key: str, report: Report) -> list[Clean] | None:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        report.say(key, "wrong_type", wanted=sentences()["type_tables"])
        return None
    if not value and field.needed:
        report.say(key, "empty")
    return [walk(item, field.table, f"{key}[{n}]", report) for n, item in enumerate(value, 1)]


# --- readers, one a field type -----------------------------------------------------------------


def _wrong(kind: str) -> _Unfit:
    return _Unfit("wrong_type", wanted=sentences()[f"type_{kind}"])


def _text(value: object, field: Field) -> str:
    if not isinstance(value, str):
        raise _wrong("text")
    text = value.strip()
    if not text:
        raise _Unfit("empty")
    if field.one_of and text not in field.one_of:
        raise _Unfit("one_of", value=text, choices="、".join(field.one_of))
    return text


def _id(value: object, field: Field) -> str:
    text = _text(value, field)
    if not _ID.fullmatch(text):
        raise _Unfit("bad_id", most=24)
    return text


def _date(value: object, field: Field) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    if not isinstance(value, str):
        raise _wrong("date")
    try:
        DateRule.read(value)
    except ValueError:
        raise _Unfit("bad_date") from None
    return value


def _zone(value: object, field: Field) -> str:
    text = _text(value, field)
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise _Unfit("bad_zone", value=text) from None
    return text


def _pattern(value: object, field: Field) -> str:
    return _names_in(_text(value, field), PATTERN_NAMES)


def _number_pattern(value: object, field: Field) -> str:
    text = _names_in(_text(value, field), NUMBER_NAMES)
    if "{号}" not in text:
        raise _Unfit("pattern_number")
    return text


def _names_in(text: str, allowed: Sequence[str]) -> str:
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        raise _Unfit("bad_pattern") from None
    for _, name, spec, conversion in parts:
        if name is not None and (name not in allowed or spec or conversion):
            raise _Unfit("pattern_name", name=name, choices="".join(f"{{{a}}}" for a in allowed))
    return text


def _whole(value: object, field: Field) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong("whole")
    if not field.low <= value <= field.high:
        raise _Unfit("range", low=field.low, high=field.high)
    return value


def _yes(value: object, field: Field) -> bool:
    if not isinstance(value, bool):
        raise _wrong("yes")
    return value


def _texts(value: object, field: Field) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong("texts")
    return [_text(item, field) for item in value]


def _wholes(value: object, field: Field) -> list[int]:
    if not isinstance(value, list):
        raise _wrong("wholes")
    return [_whole(number, field) for number in value]


def _counts(value: object, field: Field) -> dict[str, int]:
    if not isinstance(value, dict):
        raise _wrong("counts")
    return {name: _whole(number, field) for name, number in value.items()}


_READERS: Mapping[str, Callable[[object, Field], Any]] = {
    "text": _text,
    "id": _id,
    "option_id": _text,  # judged with its question: what must fit is the button
    "date": _date,
    "zone": _zone,
    "pattern": _pattern,
    "number_pattern": _number_pattern,
    "whole": _whole,
    "wholes": _wholes,
    "yes": _yes,
    "texts": _texts,
    "counts": _counts,
}

# --- sense of one table ------------------------------------------------------------------------


def _limit(clean: Clean, path: str, report: Report) -> Clean:
    low, about, high = clean.get("min", 0), clean.get("about", 0), clean.get("max", 0)
    if high and low > high:
        report.say(path, "min_over_max", min=low, max=high)
    elif about and (about < low or (high and about > high)):
        report.say(path, "about_outside", about=about)
    elif clean.get("hard") and not high:
        report.say(path, "hard_without_max")
    else:
        return clean
    return Clean()


def _pictures(clean: Clean, path: str, report: Report) -> Clean:
    return _number(clean, PictureRule().max, path, report)


def _material(clean: Clean, path: str, report: Report) -> Clean:
    for ending in clean.get("kinds", ()):
        if not re.fullmatch(r"[a-z0-9]{1,8}", ending):
            report.say(f"{path}.kinds", "bad_ending", value=ending)
    return _number(clean, FileRule().max, path, report)


def _number(clean: Clean, unsaid: int, path: str, report: Report) -> Clean:
    low, high = clean.get("min", 0), clean.get("max", unsaid)
    if low > high:
        report.say(path, "min_over_max_count", min=low, max=high)
    return clean


def _question(clean: Clean, path: str, report: Report) -> Clean:
    length = count(clean.get("ask", ""))
    if length > _LONG_ASK:
        report.say(f"{path}.ask", "long_ask", hint=True, count=length, most=_LONG_ASK)
    kind = clean.get("kind", "text")
    if kind != "text" and "followup" in clean:
        report.say(f"{path}.followup", "no_followup")
    if kind != "names" and "least" in clean:
        report.say(f"{path}.least", "no_names")
    if kind == "names" and clean.get("least", 0) > clean.get("most", 100):
        report.say(path, "min_over_max_count", min=clean["least"], max=clean["most"])
    if kind != "choice":
        for name in ("options", "other", *(() if kind == "names" else ("most",))):
            if name in clean:
                report.say(f"{path}.{name}", "no_choice", name=name)
        return clean
    options = clean.get("options")
    if not options:
        report.say(path, "no_options")
        return clean
    if clean.get("most", 1) > len(options):
        report.say(f"{path}.most", "most_over", most=clean["most"], count=len(options))
    _option_ids(clean.get("id", ""), options, f"{path}.options", report)
    return clean


def _option_ids(question: str, options: Sequence[Clean], path: str, report: Report) -> None:
    taken: set[str] = set()
    for n, option in enumerate(options, 1):
        own, key = option.get("id", ""), f"{path}[{n}].id"
        if len(f"pick:{_DRAFT}:{question}:{own}".encode()) > _BUTTON_BYTES:
            report.say(key, "long_button", id=own)
        elif own and not _OPTION_ID.fullmatch(own):
            report.say(key, "bad_id", most=12)
        elif own in taken:
            report.say(key, "duplicate", id=own)
        taken.add(own)
        if "limit" in option and question != TRACK:
            report.say(f"{path}[{n}].limit", "no_track")


_SENSE: Mapping[str, Callable[[Clean, str, Report], Clean]] = {
    "limit": _limit,
    "pictures": _pictures,
    "material": _material,
    "question": _question,
}
