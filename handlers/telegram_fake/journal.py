"""What was asked of the fake: every request, in the order in which it was answered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from handlers.telegram_fake.reading import Part

# What a library asks for itself, how often and when it likes: no part of what a person gets.
OWN = frozenset({"getMe", "getUpdates", "setWebhook", "deleteWebhook", "getWebhookInfo", "getFile", "getMyCommands"})
_ATTACH = "attach://"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One request: fields with their values decoded, files as name, size and hash by field, the answer.

    `at` is the fake's time of arrival. `fate`: "" answered, "dropped", "reset", or "lost" (done, but the answer
    never arrived). `took`: seconds until the answer, by the fake's time.
    """

    n: int
    at: float
    method: str
    fields: Mapping[str, Any]
    files: tuple[Mapping[str, Any], ...]
    status: int
    description: str = ""
    fate: str = ""
    took: float = 0.0


@dataclass(slots=True)
class Journal:
    """The entries, and among the violations a line for everything that broke the Bot API's rules.

    `keep`: the most entries that are kept (the oldest go first), so that a long run does not fill the memory;
    `counts` has all by method and status, for ever. Violations are never dropped.
    """

    keep: int = 100_000
    entries: list[Entry] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    last: int = 0

    def write(self, **values: Any) -> Entry:
        """Adds an entry; takes the fields of `Entry` without `n`."""
        self.last += 1
        entry = Entry(n=self.last, **values)
        self.entries.append(entry)
        if len(self.entries) > self.keep * 5 // 4:
            del self.entries[: -self.keep]
        key = f"{entry.method} {entry.fate or entry.status}"
        self.counts[key] = self.counts.get(key, 0) + 1
        return entry

    def of(self, *methods: str) -> list[Entry]:
        """The entries of some methods."""
        return [entry for entry in self.entries if entry.method in methods]

    def normalised(self, *, skip: Iterable[str] = OWN) -> list[dict[str, Any]]:
        """The requests without time and without the names of their parts: two libraries that do the same for a
        person give the same list. `skip` are the methods left out."""
        without = frozenset(skip)
        return [
            {"method": e.method, "fields": e.fields, "status": e.status, **({"fate": e.fate} if e.fate else {})}
            for e in self.entries
            if e.method not in without
        ]

    def plain(self, since: int = 0) -> list[dict[str, Any]]:
        """The entries after a number, ready for JSON."""
        return [asdict(entry) for entry in self.entries if entry.n > since]


def described(fields: Mapping[str, Any], parts: Mapping[str, Part]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Fields ready to be kept: files are described where they are used, whatever their part was called."""
    files: list[dict[str, Any]] = []

    def shown(part: Part) -> dict[str, Any]:
        said = {"file": part.name, "size": len(part.data), "sha256": part.sha256}
        if said not in files:
            files.append(said)
        return said

    def walk(value: Any) -> Any:
        if isinstance(value, Part):
            return shown(value)
        if isinstance(value, str) and value.startswith(_ATTACH):
            part = parts.get(value.removeprefix(_ATTACH))
            return shown(part) if part else value
        if isinstance(value, Mapping):
            return {name: walk(value[name]) for name in sorted(value)}
        if isinstance(value, list):
            return [walk(item) for item in value]
        return value

    kept: dict[str, Any] = walk(fields)
    return kept, files


def without_token(text: str) -> str:
    """A text with whatever looks like a bot's token taken out."""
    return re.sub(r"\d{5,}:[\w-]{20,}", "<token>", text)


def line(entry: Entry) -> str:
    """An entry as one line of JSON."""
    return json.dumps(asdict(entry), ensure_ascii=False, default=str)
