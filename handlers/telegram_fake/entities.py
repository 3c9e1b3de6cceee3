"""A text as it is shown: markup taken out and turned into entities, counted in UTF-16 code units."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from handlers.telegram_fake.limits import units
from handlers.telegram_fake.trouble import bad

Json = dict[str, Any]
_KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
}


def parsed(text: str, mode: str | None, entities: list[Json] | None) -> tuple[str, list[Json]]:
    """The text without its markup and without white space around it, and its entities.

    Raises Refused for HTML that Telegram does not take. Of the modes only HTML is played here.
    """
    if mode is None or mode == "":
        return text.strip(), list(entities or [])
    if mode.lower() != "html":
        raise bad("unsupported parse_mode: the fake reads HTML alone", breach=True)
    reader = _Reader()
    reader.feed(text)
    reader.close()
    if reader.stack:
        raise bad(f"can't parse entities: can't find end tag corresponding to start tag {reader.stack[-1][0]}")
    shown = "".join(reader.text)
    lead = units(shown) - units(shown.lstrip())
    shown = shown.strip()
    return shown, [kept for e in reader.entities if (kept := _within(e, lead, units(shown)))]


def _within(entity: Json, lead: int, length: int) -> Json | None:
    start, end = max(0, entity["offset"] - lead), min(length, entity["offset"] + entity["length"] - lead)
    return {**entity, "offset": start, "length": end - start} if end > start else None


class _Reader(HTMLParser):
    """Takes the tags that Telegram knows, and complains of others as Telegram does."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.length = 0
        self.stack: list[tuple[str, int, Json]] = []
        self.entities: list[Json] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _KINDS:
            raise bad(f'can\'t parse entities: unsupported start tag "{tag}" at byte offset {self.getpos()[1]}')
        more: Json = {"url": dict(attrs).get("href") or ""} if tag == "a" else {}
        self.stack.append((tag, self.length, {"type": _KINDS[tag], **more}))

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack[-1][0] != tag:
            raise bad(f'can\'t parse entities: unmatched end tag at byte offset {self.getpos()[1]}, found "</{tag}>"')
        _, start, about = self.stack.pop()
        if self.length > start:
            self.entities.append({**about, "offset": start, "length": self.length - start})

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        self.length += units(data)
