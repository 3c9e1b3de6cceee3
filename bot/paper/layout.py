"""Layout profiles: how a document looks, as data. Calls differ, so nothing of it is code.

A profile is a TOML file; docs/layouts.md lists its keys. With `base` it takes everything from another
profile and names only what differs. Every mistake is found before anything is raised.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from bot.errors import CallErrors, Mistake
from bot.paper.words import layout_sentence

ALIGN: Final = ("left", "center", "right", "both")
_LEAST_MM: Final = 50  # of text, in width and in height: below that nobody meant it
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_T = TypeVar("_T")


def _number(low: float, high: float, default: float | None = None) -> Any:
    """A number of the profile and the bounds it is checked against; required without a default."""
    bounds = {"low": low, "high": high}
    return field(metadata=bounds) if default is None else field(default=default, metadata=bounds)


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """The sheet and its margins in mm; `header_mm` and `footer_mm` count from the edge of the paper."""

    width_mm: float = _number(100, 600)
    height_mm: float = _number(100, 600)
    top_mm: float = _number(0, 200)
    bottom_mm: float = _number(0, 200)
    left_mm: float = _number(0, 200)
    right_mm: float = _number(0, 200)
    header_mm: float = _number(0, 100, 15)
    footer_mm: float = _number(0, 100, 15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """The pitch of the lines, which styles without their own follow, and the spacing between characters."""

    line_pt: float = _number(10, 100)
    spacing_pt: float = _number(-5, 20, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """One kind of paragraph. `line_pt` 0 means the grid's pitch, `latin` "" the profile's Latin font."""

    font: str
    size_pt: float = _number(5, 72)
    latin: str = ""
    bold: bool = False
    align: str = field(default="both", metadata={"choices": ALIGN})
    line_pt: float = _number(0, 200, 0)
    before_pt: float = _number(0, 200, 0)
    after_pt: float = _number(0, 200, 0)
    indent_chars: float = _number(0, 20, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class PageNumber:
    """The page number in the footer, `edge_chars` from the outer edge of the text."""

    font: str
    size_pt: float = _number(5, 72)
    latin: str = ""
    edge_chars: float = _number(0, 20, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureBox:
    """The largest size of a picture; it is scaled into it, never stretched beyond 96 dpi."""

    max_width_mm: float = _number(20, 500)
    max_height_mm: float = _number(20, 500)
    before_pt: float = _number(0, 200, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """Unit and date at the end. `right_chars`: 2 where no seal is set, 4 where one is."""

    show: bool = False
    right_chars: float = _number(0, 20, 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """A validated profile. `instead`: (font, the font a computer without it should take)."""

    name: str
    about: str
    latin: str
    instead: tuple[tuple[str, str], ...]
    paper: Paper
    grid: Grid
    title: Style
    unit: Style
    body: Style
    heading: Style
    heading2: Style
    heading3: Style
    heading4: Style
    caption: Style
    draft: Style
    page_number: PageNumber
    picture: PictureBox
    signature: Signature

    @property
    def text_width_mm(self) -> float:
        """The width between the margins."""
        return self.paper.width_mm - self.paper.left_mm - self.paper.right_mm

    @property
    def text_height_mm(self) -> float:
        """The height between the margins."""
        return self.paper.height_mm - self.paper.top_mm - self.paper.bottom_mm


_TABLES: Final[Mapping[str, type]] = {
    "paper": Paper,
    "grid": Grid,
    "title": Style,
    "unit": Style,
    "body": Style,
    "heading": Style,
    "heading2": Style,
    "heading3": Style,
    "heading4": Style,
    "caption": Style,
    "draft": Style,
    "page_number": PageNumber,
    "picture": PictureBox,
    "signature": Signature,
}


class _Reader:
    """Turns one raw profile into values and collects what is wrong with it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.mistakes: list[Mistake] = []

    def complain(self, key: str, sentence: str, **values: str) -> None:
        self.mistakes.append(Mistake(file=self.file, key=key, sentence=layout_sentence(sentence, **values)))

    def table(self, raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        found = raw.get(key, {})
        if isinstance(found, dict):
            return found
        self.complain(key, "table", table=key)
        return {}

    def text(self, raw: Mapping[str, Any], key: str, place: str) -> str:
        found = raw.get(key)
        if isinstance(found, str) and found.strip() and found.isprintable():
            return found
        self.complain(place, "missing" if found is None else "text")
        return ""

    def only(self, raw: Mapping[str, Any], known: Iterator[str] | tuple[str, ...], place: str) -> None:
        for key in sorted(raw.keys() - set(known)):
            self.complain(f"{place}{key}", "unknown")

    def value(self, asked: Field[Any], found: object, place: str) -> object:
        """One value checked against its field; the complaint is noted and the value is passed through."""
        bounds = asked.metadata
        if "low" in bounds:
            if isinstance(found, bool) or not isinstance(found, int | float):
                self.complain(place, "number")
            elif not bounds["low"] <= found <= bounds["high"]:  # a nan is between nothing, so it ends here too
                self.complain(place, "between", low=f"{bounds['low']:g}", high=f"{bounds['high']:g}")
        elif "choices" in bounds:
            if found not in bounds["choices"]:
                self.complain(place, "choice", choices=" ".join(bounds["choices"]))
        elif isinstance(asked.default, bool):
            if not isinstance(found, bool):
                self.complain(place, "switch")
        elif not isinstance(found, str) or not found.strip() or not found.isprintable():
            self.complain(place, "text")
        return found

    def record(self, kind: type[_T], raw: Mapping[str, Any], key: str) -> _T | None:
        """A table as its dataclass, or None when anything in it is wrong."""
        before = len(self.mistakes)
        table = self.table(raw, key)
        known = {f.name: f for f in fields(cast(Any, kind))}
        self.only(table, tuple(known), f"{key}.")
        values = {}
        for name, asked in known.items():
            if name in table:
                values[name] = self.value(asked, table[name], f"{key}.{name}")
            elif asked.default is MISSING:
                self.complain(f"{key}.{name}", "missing")
        return kind(**values) if len(self.mistakes) == before else None

    def instead(self, raw: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        table = self.table(raw, "instead")
        return tuple((font, self.text(table, font, f"fonts.instead.{font}")) for font in table)

    def layout(self, name: str, raw: Mapping[str, Any]) -> Layout:
        """The whole profile; raises CallErrors with every mistake."""
        self.only(raw, ("about", "fonts", *_TABLES), "")
        about = self.text(raw, "about", "about")
        fonts = self.table(raw, "fonts")
        self.only(fonts, ("latin", "instead"), "fonts.")
        latin = self.text(fonts, "latin", "fonts.latin")
        instead = self.instead(fonts)
        parts = {key: self.record(kind, raw, key) for key, kind in _TABLES.items()}
        if not self.mistakes:
            layout = Layout(name=name, about=about, latin=latin, instead=instead, **cast(Any, parts))
            self.fits(layout)
        if self.mistakes:
            raise CallErrors(self.mistakes)
        return layout

    def fits(self, layout: Layout) -> None:
        """What single values cannot show: that text, pictures and page number have room."""
        width, height = layout.text_width_mm, layout.text_height_mm
        if width < _LEAST_MM:
            self.complain("paper", "narrow", least=str(_LEAST_MM))
        elif layout.picture.max_width_mm > width:
            self.complain("picture.max_width_mm", "picture_wide", most=f"{width:g}")
        if height < _LEAST_MM:
            self.complain("paper", "low", least=str(_LEAST_MM))
        elif layout.picture.max_height_mm > height:
            self.complain("picture.max_height_mm", "picture_high", most=f"{height:g}")
        if layout.paper.footer_mm >= layout.paper.bottom_mm:
            self.complain("paper.footer_mm", "foot_in_text", most=f"{layout.paper.bottom_mm:g}")


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`, table by table."""
    out = dict(below)
    for key, value in above.items():
        under = out.get(key)
        out[key] = _merged(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return out


def _source(name: str, folder: Path | None) -> Traversable | None:
    """The profile's file: the deployment's own folder first, then what ships with the product."""
    if not _NAME.fullmatch(name):
        return None
    shipped = resources.files("bot") / "data" / "layouts" / f"{name}.toml"
    own = folder / f"{name}.toml" if folder else None
    return next((place for place in (own, shipped) if place is not None and place.is_file()), None)


def _raw(name: str, folder: Path | None, seen: tuple[str, ...]) -> dict[str, Any]:
    reader = _Reader(f"{seen[-1] if seen else name}.toml")
    key = "base" if seen else "layout"
    source = _source(name, folder)
    if name in seen or source is None:
        reader.complain(key, "loop" if name in seen else "not_found", name=name)
        raise CallErrors(reader.mistakes)
    try:
        raw = tomllib.loads(source.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        where = re.search(r"line (\d+)", str(trouble))
        reader.file = f"{name}.toml"
        reader.complain("layout", "not_toml", line=where[1] if where else "1")
        raise CallErrors(reader.mistakes) from trouble
    base = raw.pop("base", None)
    if base is None:
        return raw
    if not isinstance(base, str):
        reader.complain("base", "text")
        raise CallErrors(reader.mistakes)
    return _merged(_raw(base, folder, (*seen, name)), raw)


@cache
def load_layout(name: str, folder: Path | None = None) -> Layout:
    """The layout profile of this name, from `folder` if it is there, else from the product.

    Raises CallErrors with every mistake at once. A profile is read once per process.
    """
    return _Reader(f"{name}.toml").layout(name, _raw(name, folder, ()))
