"""A season as a picture: who came, who began, who handed in, and how many were reminded on each day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from bot.season.play import Season

WIDE, HIGH = 960, 420
LEFT, RIGHT, TOP, BOTTOM = 62, 24, 64, 56
LINES = (("joined", "#80908A"), ("drafts", "#E2A23B"), ("submitted", "#0B6453"))
BARS = "#BFD8CE"


def svg(season: Season, words: Mapping[str, str]) -> str:
    """The picture as a text. `words`: title, joined, drafts, submitted, told, due."""
    days = season.days
    most = max([1, *(d.joined for d in days), *(d.told for d in days)])
    step = _step(most)
    top = -(-most // step) * step

    def x(n: float) -> float:
        return LEFT + (WIDE - LEFT - RIGHT) * n / max(1, len(days) - 1)

    def y(value: float) -> float:
        return HIGH - BOTTOM - (HIGH - TOP - BOTTOM) * value / top

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" role="img" font-family="sans-serif">',
        f"<title>{escape(words['title'])}</title>",
        f'<rect width="{WIDE}" height="{HIGH}" fill="#fff"/>',
        f'<text x="{LEFT}" y="26" font-size="17" fill="#16211D">{escape(words["title"])}</text>',
    ]
    for value in range(0, top + 1, step):
        parts.append(f'<path d="M{LEFT} {y(value):.1f}H{WIDE - RIGHT}" stroke="#DCE3DF"/>')
        parts.append(_text(LEFT - 8, y(value) + 4, str(value), "end"))
    wide = (WIDE - LEFT - RIGHT) / len(days) * 0.7
    for n, day in enumerate(days):
        if day.told:
            high = HIGH - BOTTOM - y(day.told)
            box = f'x="{x(n) - wide / 2:.1f}" y="{y(day.told):.1f}" width="{wide:.1f}" height="{high:.1f}"'
            parts.append(f'<rect {box} fill="{BARS}"><title>{day.date} {day.told}</title></rect>')
        if n % 7 == 0:
            parts.append(_text(x(n), HIGH - BOTTOM + 20, day.date[5:], "middle"))
    parts.append(_due(season, words["due"], x))
    parts += [_line([(x(n), y(getattr(d, key))) for n, d in enumerate(days)], colour) for key, colour in LINES]
    parts += _legend([(words[key], colour) for key, colour in (*LINES, ("told", BARS))])
    return "\n".join([*parts, "</svg>", ""])


def _due(season: Season, label: str, x: object) -> str:
    at = next((n for n, d in enumerate(season.days) if d.date > season.until.date().isoformat()), len(season.days)) - 1
    where = x(at)  # type: ignore[operator]
    rule = f'<path d="M{where:.1f} {TOP}V{HIGH - BOTTOM}" stroke="#A8321E" stroke-dasharray="4 4"/>'
    return rule + _text(where - 6, TOP + 14, label, "end", "#A8321E")


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
