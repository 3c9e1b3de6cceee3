"""The fixed words of a document and of the sentences about layouts: data/wording/paper.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from bot.paper.plain import fill


@dataclass(frozen=True, kw_only=True, slots=True)
class PaperWords:
    """The words a document adds to a person's own. Patterns carry {names}, see `paper.toml`.

    `digits` are the nine numerals from one, `ten` the tenth; `untitled` names a file that has no name left.
    """

    heading: str
    digits: str
    ten: str
    figure: str
    figure_captioned: str
    page: str
    day: str
    draft: str
    checks: str
    untitled: str

    def numeral(self, n: int) -> str:
        """n as 一, 十, 二十三 … up to 99; in Arabic figures outside 1–99."""
        if not 1 <= n <= 99:
            return str(n)
        tens, ones = divmod(n, 10)
        head = (self.digits[tens - 1] if tens > 1 else "") + self.ten if tens else ""
        return head + (self.digits[ones - 1] if ones else "")

    def numbered(self, n: int, heading: str) -> str:
        """A section's heading with its number."""
        return fill(self.heading, {"number": self.numeral(n), "heading": heading})

    def captioned(self, n: int, caption: str) -> str:
        """The line under picture n; its number alone where there is no caption."""
        return fill(self.figure_captioned if caption else self.figure, {"n": str(n), "caption": caption})

    def date_of(self, when: date) -> str:
        """A date in full, without leading zeros."""
        return fill(self.day, {"year": str(when.year), "month": str(when.month), "day": str(when.day)})


@cache
def _tables() -> Mapping[str, Mapping[str, str]]:
    text = (resources.files("bot") / "data" / "wording" / "paper.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def load_words() -> PaperWords:
    """The words shipped with the product. A missing or unknown key raises TypeError, at the first call."""
    return PaperWords(**_tables()["paper"])


def layout_sentence(key: str, **values: str) -> str:
    """The sentence about a mistake in a layout profile."""
    return fill(_tables()["layout"][key], values)
