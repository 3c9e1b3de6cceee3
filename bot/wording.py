"""Every sentence a person reads comes from `bot/data/wording/*.toml`, by its key.

A template is a str.format text. A gap may carry a format: Moments know `day`, `until`, `full`, `time` and `date`;
numbers know `han` (一、二、…); a text knows `dash`, which puts a comma before it if it is not empty; a tuple
of mappings knows `each KEY`, which renders the template KEY with every one of them, a line each; a tuple of
texts is joined by 、, or by ， with `comma`. What fills a gap is never read as a template.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from bot.channel import Face, Outgoing
from bot.engine.messages import Button, Moment, Reply, Say
from bot.engine.vocabulary import MENDING, PlaceWords, Vocabulary
from bot.errors import ConfigError

_ENDS = ("\u3002", "\uff01", "\uff1f")  # what is quoted ends its sentence itself: no second stop behind the quote
_QUOTED = "\u201d\u3002"
_WITH_YEAR = {"until": "full", "day": "date"}


class Wording:
    """The sentences, flattened to dotted keys."""

    def __init__(self, sentences: Mapping[str, str], vocabulary: Vocabulary) -> None:
        self.sentences = dict(sentences)
        self.vocabulary = vocabulary
        self._formatter = _Formatter(self)

    @classmethod
    def load(cls) -> Wording:
        """All files of the package's wording folder. Raises ConfigError on a key that stands twice."""
        return _load()

    def say(self, key: str, /, **params: Any) -> str:
        """The sentence of a key with its gaps filled. Raises KeyError for an unknown key or gap."""
        return self._formatter.fill(self.sentences[key], params)

    def text(self, say: Say) -> str:
        """The sentence of a Say."""
        return self._formatter.fill(self.sentences[say.key], say.params)

    def han(self, n: int) -> str:
        """A number from 0 to 99 as Chinese counts sections: 一, 十, 二十一."""
        digits, (tens, ones) = self.sentences["list.digits"], divmod(n, 10)
        head = "" if tens == 0 else digits[10] if tens == 1 else digits[tens] + digits[10]
        return head + (digits[ones] if ones or not tens else "")

    def face(self, button: Button) -> Face:
        """A button as it is shown."""
        label = button.label or self.say(f"button.{button.key}", **button.params)
        return Face(press=button.press, label=label, strong=button.strong, note=button.note)

    def render(self, reply: Reply, extra: Mapping[str, Any] | None = None) -> Outgoing:
        """A reply as it is shown; `extra` fills gaps that only the desk knows (number, code)."""
        params = {**reply.params, **(extra or {})}
        text = self._formatter.fill(self.sentences[reply.key], params)
        card = {"kind": reply.card, **self.render_values(params)} if reply.card else None
        buttons = tuple(self.face(b) for b in reply.buttons)
        return Outgoing(text=text.strip(), buttons=buttons, slot=reply.slot, card=card, to=reply.to)

    def render_values(self, value: Any) -> Any:
        """Any value with its sentences rendered, ready for JSON."""
        if isinstance(value, Say):
            return self.text(value)
        if isinstance(value, Button):
            face = self.face(value)
            return {"press": face.press, "label": face.label, "strong": face.strong}
        if isinstance(value, Moment):
            return self._formatter.format_field(value, "until")
        if isinstance(value, Mapping):
            return {k: self.render_values(v) for k, v in value.items()}
        if isinstance(value, tuple | list):
            return [self.render_values(v) for v in value]
        return value


@cache
def _parts(template: str) -> tuple[tuple[str, str | None, str], ...]:
    """A template taken apart: text, the gap behind it (None: there is none) and the gap's format."""
    return tuple((text, name, form or "") for text, name, form, _ in string.Formatter().parse(template))


class _Formatter:
    def __init__(self, wording: Wording) -> None:
        self._wording = wording

    def fill(self, template: str, params: Mapping[str, Any]) -> str:
        """The template with its gaps filled. Only plain names: it never reaches into a value's attributes."""
        out: list[str] = []
        for text, name, form in _parts(template):
            ended = bool(out) and out[-1][-1:] in _ENDS and text.startswith(_QUOTED)
            out.append(text.replace(_QUOTED, _QUOTED[0], 1) if ended else text)
            if name is not None:
                out.append(self.format_field(params[name], form))
        return "".join(out)

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Say):
            value = self._wording.text(value)
        if isinstance(value, str):
            return f"{self._wording.sentences['list.comma']}{value}" if value and format_spec == "dash" else value
        if isinstance(value, Moment):
            return self._moment(value, format_spec or "until")
        if isinstance(value, tuple | list):
            if format_spec.startswith("each "):
                key = format_spec[5:]
                return "\n".join(self.fill(self._wording.sentences[key], row) for row in value)
            joiner = self._wording.sentences["list.comma" if format_spec == "comma" else "list.joiner"]
            return joiner.join(self.format_field(v, "") for v in value)
        if format_spec == "han":
            return self._wording.han(int(value))
        return format(value, format_spec)

    def _moment(self, moment: Moment, spec: str) -> str:
        local = moment.at.astimezone(ZoneInfo(moment.zone))
        hour = local.hour
        if spec in ("until", "day", "full", "clock") and (hour, local.minute, local.second) == (0, 0, 0):
            local, hour = local - timedelta(days=1), 24
        if moment.now is not None and moment.now.astimezone(local.tzinfo).year != local.year:
            spec = _WITH_YEAR.get(spec, spec)
        template = self._wording.sentences[f"date.{spec}"]
        return self.fill(template, _calendar(local, hour))


def _calendar(local: datetime, hour: int) -> dict[str, Any]:
    return {"year": local.year, "month": local.month, "day": local.day, "hour": hour, "minute": f"{local.minute:02d}"}


@cache
def _load() -> Wording:
    sentences: dict[str, str] = {}
    words: Mapping[str, Any] = {}
    for file in sorted((resources.files("bot") / "data" / "wording").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        words = tables.pop("words", words)
        for key, text in _flat(tables, ""):
            if key in sentences:
                raise ConfigError(f"{file.name}: {key}")
            sentences[key] = text
    return Wording(sentences, _vocabulary(words))


def _flat(tables: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    for key, value in tables.items():
        if isinstance(value, Mapping):
            out += _flat(value, f"{prefix}{key}.")
        else:
            out.append((f"{prefix}{key}", str(value).strip("\n")))
    return out


def _vocabulary(words: Mapping[str, Any]) -> Vocabulary:
    return Vocabulary(
        commands={word: command for command, many in words["commands"].items() for word in many},
        closing=frozenset(words["closing"]),
        asked={word: command for command, many in words["asked"].items() for word in many},
        finals=tuple(words["finals"]),
        tails=tuple(words["tails"]),
        questions=tuple(words["questions"]),
        doubtful=frozenset(words["doubtful"]),
        doubtful_heads=tuple(words["doubtful_heads"]),
        unit_ends=tuple(words["unit_ends"]),
        yes=frozenset(words["yes"]),
        name_leads=tuple(words["name_leads"]),
        agree=frozenset(words["agree"]),
        enough=frozenset(words["enough"]),
        onward=frozenset(words["onward"]),
        stuck=frozenset(words["stuck"]),
        stuck_heads=tuple(words["stuck_heads"]),
        stuck_tails=tuple(words["stuck_tails"]),
        places=_places(words["places"]),
        late_key=tuple(sorted(words["late_key"], key=len, reverse=True)),
        mending={word: verb for verb in MENDING for word in words[f"mend_{verb}"]},
    )


def _places(words: Mapping[str, Any]) -> PlaceWords:
    told: dict[str, Any] = {name: tuple(known) if isinstance(known, list) else known for name, known in words.items()}
    return PlaceWords(**told)
