"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import BigInteger, DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_decode = cast(Any, json.JSONDecoder()).scan_once  # what `loads` ends in; nothing stands around what we wrote


def _encoder() -> Callable[[Any], str]:
    """`dumps`, compact. Where Python has its C encoder it is made once, not again for each text."""
    plain = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return plain.encode
    text = json.encoder.encode_basestring
    pieces = make(None, plain.default, text, None, ":", ",", False, False, True)
    return lambda value: "[]" if value == () else "".join(pieces(value, 0))


encode = _encoder()


def _read(raw: str | None) -> Any:
    if raw == "[]":
        return []
    return None if raw is None else _decode(raw, 0)[0]


def runs(numbers: tuple[int, ...]) -> str:
    """Numbers as a text, in their order, those that follow each other as one run: (1, 2, 3, 7) is "1-3,7".

    The pieces of an answer nearly always do, and a list of them is kept with each version of it.
    """
    if not numbers:
        return ""
    first, last = numbers[0], numbers[-1]
    if numbers == tuple(range(first, last + 1)):  # nearly always, and at the speed of C
        return f"{first}-{last}" if first != last else str(first)
    found = [[first, first]]
    for number in numbers[1:]:
        if number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(f"{a}-{b}" if a != b else str(a) for a, b in found)


def unrun(text: str) -> tuple[int, ...]:
    """The inverse of `runs`."""
    known = _runs.get(text)
    if known is None:
        found: list[int] = []
        for run in text.split(",") if text else ():
            first, _, last = run.partition("-")
            found.extend(range(int(first), int(last or first) + 1))
        if len(_runs) >= _KNOWN_RUNS:
            _runs.clear()
        known = _runs[text] = tuple(found)
    return known


_KNOWN_RUNS = 4096
_runs: dict[str, tuple[int, ...]] = {}


class Instant(TypeDecorator[datetime]):
    """An aware datetime, UTC both ways: microseconds since 1970 on SQLite, timestamptz on PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        if dialect.name == "sqlite":
            return lambda at: None if at is None else (at - _EPOCH) // _MICRO
        return lambda at: at

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        if dialect.name == "sqlite":
            return lambda raw: None if raw is None else _EPOCH + timedelta(microseconds=raw)
        return lambda raw: None if raw is None else raw.astimezone(UTC)


class Numbers(TypeDecorator[tuple[int, ...]]):
    """A tuple of whole numbers from 0 up, kept as `runs`."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[tuple[int, ...] | None], str | None]:
        return lambda numbers: None if numbers is None else runs(numbers)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], Any]:
        return lambda text: None if text is None else unrun(text)


class Json(TypeDecorator[Any]):
    """Compact JSON kept as text: never queried into, the same bytes on both databases."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        return lambda value: None if value is None else encode(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], Any]:
        return _read
