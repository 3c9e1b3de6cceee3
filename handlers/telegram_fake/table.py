"""The Bot API's own table of methods, as far as it is played here: every request is held against it.

`methods.json` has, for each method and for the objects in its fields, the required names and the types of each
field, copied from the Bot API's description. Objects that no field here needs in detail are `opaque`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from handlers.telegram_fake.reading import Part, Raw

ARRAY = "Array of "
PRIMITIVES = ("Integer", "Float", "Boolean", "String", "InputFile")
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_ATTACHED = re.compile(r"attach://([^\"\\\s]+)")
_BOOLEANS = {"true": True, "false": False}


class _Wrong(Exception):
    """A value that is not of its type; the text says where and why."""


class Table:
    """The table, and the check of a request against it."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.version: str = given["version"]
        self.updates: tuple[str, ...] = tuple(given["updates"])
        self.opaque: frozenset[str] = frozenset(given["opaque"])
        self.methods: Mapping[str, Any] = given["methods"]
        self.types: Mapping[str, Any] = given["types"]
        self._names = {name.lower(): name for name in self.methods}

    @classmethod
    def load(cls) -> Table:
        """The table of the package."""
        return _load()

    def named(self, method: str) -> str | None:
        """The method's name as the table writes it; Telegram does not mind capitals."""
        return self._names.get(method.lower())

    def check(self, method: str, raw: Raw) -> tuple[dict[str, Any], list[str]]:
        """The fields with their values decoded, and a line for each thing that is wrong."""
        shape = self.methods[method]
        given: dict[str, Any] = {**raw.fields, **{n: p for n, p in raw.parts.items() if n not in raw.fields}}
        attached = set(_ATTACHED.findall(json.dumps(raw.fields, ensure_ascii=False))) if raw.parts else set()
        fields: dict[str, Any] = {}
        wrong = [f"{name}: is required" for name in shape["required"] if name not in given]
        for name, value in given.items():
            if name not in shape["fields"]:
                if name not in raw.parts or name not in attached:
                    wrong.append(f"{name}: no such field")
                continue
            if shape["fields"][name] == ["InputFile"] and isinstance(value, str):
                value = raw.parts.get(value.removeprefix("attach://"), value)  # under a name of its own
            try:
                fields[name] = self._any(name, shape["fields"][name], value, written=True)
            except _Wrong as error:
                wrong.append(str(error))
        return fields, wrong

    def _any(self, where: str, types: list[str], value: Any, *, written: bool) -> Any:
        """The value as the first type that it fits. `written`: it may stand as text, as forms and queries have it."""
        reasons = []
        for kind in types:
            try:
                return self._one(where, kind, value, written=written)
            except _Wrong as error:
                reasons.append(str(error))
        raise _Wrong(reasons[0] if len(types) == 1 else f"{where}: is none of {', '.join(types)} ({reasons[0]})")

    def _one(self, where: str, kind: str, value: Any, *, written: bool) -> Any:
        if kind in PRIMITIVES:
            return _primitive(where, kind, value, written=written)
        if written and isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                raise _Wrong(f"{where}: is not JSON") from None
        if kind.startswith(ARRAY):
            if not isinstance(value, list):
                raise _Wrong(f"{where}: is not an array")
            inner = kind.removeprefix(ARRAY)
            return [self._one(f"{where}[{n}]", inner, item, written=False) for n, item in enumerate(value)]
        if not isinstance(value, dict):
            raise _Wrong(f"{where}: is not an object {kind}")
        if kind in self.opaque:
            return value
        return self._object(where, kind, value)

    def _object(self, where: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
        shape = self.types[kind]
        if "type" in shape and value.get("type") != shape["type"]:
            raise _Wrong(f"{where}: is no {kind}")
        for name in shape["required"]:
            if name not in value:
                raise _Wrong(f"{where}.{name}: is required")
        for name in value:
            if name not in shape["fields"]:
                raise _Wrong(f"{where}.{name}: no such field in {kind}")
        return {
            name: self._any(f"{where}.{name}", shape["fields"][name], item, written=False)
            for name, item in value.items()
        }


def _primitive(where: str, kind: str, value: Any, *, written: bool) -> Any:
    text = value if written and isinstance(value, str) else None
    if kind == "InputFile" and isinstance(value, Part):
        return value
    if kind == "String" and isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _Wrong(f"{where}: strings must be encoded in UTF-8") from None
        return value
    if kind == "Boolean" and (isinstance(value, bool) or (text and text.lower() in _BOOLEANS)):
        return _BOOLEANS[text.lower()] if text else value
    if kind == "Integer" and ((isinstance(value, int) and not isinstance(value, bool)) or _is_integer(text)):
        return int(value)
    if kind == "Float" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise _Wrong(f"{where}: is no {kind}")


def _is_integer(text: str | None) -> bool:
    return text is not None and _INTEGER.fullmatch(text) is not None


@cache
def _load() -> Table:
    return Table(json.loads((resources.files(__package__) / "methods.json").read_text("utf-8")))
