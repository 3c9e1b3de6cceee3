"""A collecting as a picture: what there is on each day, as lines, and how many were reminded, as bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

WIDE, HIGH = 960, 420
LEFT, RIGHT, TOP, BOTTOM = 62, 24, 64, 56
GREY, AMBER, PINE, BARS = "#80908A", "#E2A23B", "#0B6453", "#BFD8CE"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, its colour, and a value for each day, or for the first ones alone."""

    label: str
    colour: str
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn. `until`: the last day on which one may hand in, called `due`; `told`: the bars, called `bars`."""

    title: str
    days: Sequence[date]
    lines: Sequence[Line]
    told: Sequence[int]
    bars: str
    until: date
    due: str


def svg(picture: Picture) -> str:
    """The picture as a text."""
    days, title = picture.days, escape(picture.title)
    most = max([1, *picture.told, *(value for line in picture.lines for value in line.values)])
    step = _step(most)
    top = -(-most // step) * step

    def x(n: float) -> float:
        return LEFT + (WIDE - LEFT - RIGHT) * n / max(1, len(days) - 1)

    def y(value: float) -> float:
        return HIGH - BOTTOM - (HIGH - TOP - BOTTOM) * value / top

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{HIGH}" viewBox="0 0 {WIDE} {HIGH}" '
        'role="img" font-family="sans-serif">',
        f"<title>{title}</title>",
        f'<rect width="{WIDE}" height="{HIGH}" fill="#fff"/>',
        f'<text x="{LEFT}" y="26" font-size="17" fill="#16211D">{title}</text>',
    ]
    for value in range(0, top + 1, step):
        parts.append(f'<path d="M{LEFT} {y(value):.1f}H{WIDE - RIGHT}" stroke="#DCE3DF"/>')
        parts.append(_text(LEFT - 8, y(value) + 4, str(value), "end"))
    parts += _bars(picture, x, y)
    parts.append(_due(picture, x))
    parts += [_line([(x(n), y(value)) for n, value in enumerate(line.values)], line.colour) for line in picture.lines]
    parts += _legend([*((line.label, line.colour) for line in picture.lines), (picture.bars, BARS)])
    return "\n".join([*parts, "</svg>", ""])


def _bars(picture: Picture, x: Callable[[float], float], y: Callable[[float], float]) -> list[str]:
    """A bar for each day on which somebody was reminded, and now and then a date below."""
    parts, days = [], picture.days
    wide, weeks = (WIDE - LEFT - RIGHT) / len(days) * 0.7, -(-len(days) // 70)
    for n, (day, told) in enumerate(zip(days, picture.told, strict=True)):
        if told:
            high = HIGH - BOTTOM - y(told)
            box = f'x="{x(n) - wide / 2:.1f}" y="{y(told):.1f}" width="{wide:.1f}" height="{high:.1f}"'
            parts.append(f'<rect {box} fill="{BARS}"><title>{day} {told}</title></rect>')
        if n % (7 * weeks) == 0:
            parts.append(_text(x(n), HIGH - BOTTOM + 20, f"{day:%m-%d}", "middle"))
    return parts


def _due(picture: Picture, x: Callable[[float], float]) -> str:
    if picture.until not in picture.days:
        return ""
    where = x(picture.days.index(picture.until))
    rule = f'<path d="M{where:.1f} {TOP}V{HIGH - BOTTOM}" stroke="#A8321E" stroke-dasharray="4 4"/>'
    return rule + _text(where - 6, TOP + 14, picture.due, "end", "#A8321E")


def _line(points: Sequence[tuple[float, float]], colour: str) -> str:
    told = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    return f'<polyline points="{told}" fill="none" stroke="{colour}" stroke-width="2.5"/>'


def _legend(entries: Sequence[tuple[str, str]]) -> list[str]:
    out, at = [], float(LEFT)
    for text, colour in entries:
        out.append(f'<rect x="{at:.0f}" y="40" width="14" height="10" fill="{colour}"/>')
        out.append(_text(at + 20, 50, text, "start"))
        at += 44 + 14 * len(text)
    return out


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#46544F") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="13" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _step(most: int) -> int:
    """A round distance between two rules, so that there are at most six."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if most / (size * factor) <= 6:
                return size * factor
        size *= 10
