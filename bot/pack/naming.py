"""Names within a pack: parts of a path that every system takes, none of them twice in a folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from bot.paper.names import MOST_BYTES, file_name

_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}$")


class Folder:
    """The names taken in one folder. Systems that do not tell A from a are counted with."""

    def __init__(self, untitled: str) -> None:
        self._untitled = untitled
        self._taken: set[str] = set()

    def name(self, pattern: str, values: Mapping[str, str], ending: str = "") -> str:
        """A name by a pattern with {names}, at most MOST_BYTES with its ending; one that is taken gets a number."""
        whole = file_name(pattern, values, self._untitled)
        n, made = 1, _cut(whole, ending)
        while made.casefold() in self._taken:
            n += 1
            made = _cut(whole, f"-{n}{ending}")
        self._taken.add(made.casefold())
        return made

    def file(self, name: str, stem: str = "") -> str:
        """The name of a file as it was sent, its ending kept; with a `stem`, that before the ending."""
        found = _ENDING.search(name)
        ending = found[0].lower() if found else ""
        return self.name("{x}", {"x": stem or (name[: found.start()] if found else name)}, ending)


def _cut(name: str, ending: str) -> str:
    """The longest beginning that leaves room for the ending, combining marks kept with their character."""
    most = MOST_BYTES - len(ending.encode())
    kept = name.encode()[:most].decode(errors="ignore")
    while kept and len(kept) < len(name) and unicodedata.category(name[len(kept)]).startswith("M"):
        kept = kept[:-1]
    return kept.rstrip(" .") + ending
