"""The content model as a Word file. The Word file is the record: the person's own words, nothing added.

Layout is in `bot.paper.layout`, the empty file in `bot.paper.base`; python-docx fills it here.
Two renders of the same content are equal part by part: no clock, no randomness.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from io import BytesIO
from typing import BinaryIO, Final

import docx
from docx.document import Document
from docx.image.image import Image
from docx.oxml.ns import qn
from docx.shared import Emu, Mm, Pt
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from bot.engine.content import Content, Picture
from bot.errors import PaperError
from bot.paper.base import empty_document, twips_of_pt
from bot.paper.layout import Layout
from bot.paper.plain import line, paragraphs
from bot.paper.reading import read_text
from bot.paper.words import PaperWords

__all__ = ["read_text", "write"]

_EMU_OF_PIXEL: Final = 9525  # at 96 dpi


def write(
    content: Content,
    layout: Layout,
    *,
    picture: Callable[[str], bytes],
    out: BinaryIO,
    words: PaperWords,
    draft_lines: Sequence[str] = (),
    draft: bool = False,
    dated: date | None = None,
) -> None:
    """Write the content into `out` as .docx.

    `picture` gives the prepared JPEG of an original's hash. With `draft` or any `draft_lines` the file is
    marked as a draft, the lines in a box at its head. `dated` is the date in the file's properties, and
    in the signature where the layout has one. Raises PaperError when a picture cannot be placed; what
    `picture` raises goes through.
    """
    marked = draft or bool(draft_lines)
    pen = _Pen(docx.Document(BytesIO(empty_document(layout, words, marked))), layout)
    if marked:
        for text in (words.checks, *draft_lines) if draft_lines else (words.draft,):
            pen.lines("Draft", text)
        pen.document.paragraphs[-1].paragraph_format.space_after = Pt(layout.draft.size_pt)  # below the box
    pen.one("Title", content.title)
    pen.one("Subtitle", content.unit)
    for section in content.sections:
        pen.one("Heading 1", words.numbered(section.n, line(section.heading)))
        for block in section.blocks:
            if block.level:
                pen.one(f"Heading {block.level}", block.text)
            else:
                pen.lines("Body Text", block.text)
    for item in content.pictures:
        pen.picture(item, picture(item.file), words)
    if layout.signature.show:
        pen.signature(line(content.unit), words.date_of(dated) if dated else "")
    _properties(pen.document, line(content.title), dated)
    pen.document.save(out)


class _Pen:
    """Adds paragraphs to one document."""

    def __init__(self, document: Document, layout: Layout) -> None:
        self.document = document
        self.layout = layout
        self._styles = {style.name: style for style in document.styles}

    def one(self, style: str, text: str) -> Paragraph | None:
        """One paragraph of one line; nothing at all for an empty text."""
        plain = line(text)
        return self._add(style, plain) if plain else None

    def lines(self, style: str, text: str) -> None:
        """A paragraph for each line that holds anything."""
        for plain in paragraphs(text):
            self._add(style, plain)

    def picture(self, item: Picture, data: bytes, words: PaperWords) -> None:
        """The picture on a line of its own, its caption kept with it."""
        caption = line(item.caption)
        run = self._add("Picture", "").add_run()
        try:
            size = Image.from_blob(data)
            box = self.layout.picture
            scale = min(
                Mm(box.max_width_mm) / size.px_width, Mm(box.max_height_mm) / size.px_height, float(_EMU_OF_PIXEL)
            )
            shape = run.add_picture(
                BytesIO(data), width=Emu(round(size.px_width * scale)), height=Emu(round(size.px_height * scale))
            )
        except Exception as trouble:  # python-docx has no common base for "cannot read this picture"
            raise PaperError(f"picture {item.n} ({item.file[:12]}) cannot be placed") from trouble
        described = words.captioned(item.n, caption)
        names = shape._inline.docPr  # python-docx has no public way to set the text read aloud instead
        names.set("name", words.captioned(item.n, ""))
        names.set("descr", described)
        self._add("Caption", described)

    def signature(self, unit: str, day: str) -> None:
        """Unit and date at the right, the date two characters further right than the unit's beginning."""
        edge = self.layout.signature.right_chars
        size = self.layout.body.size_pt
        unit_right, day_right = edge, edge + _width(unit) - _width(day) - 2
        if day and day_right < edge:  # the longer one, here the date, keeps the distance from the edge
            unit_right, day_right = unit_right + edge - day_right, edge
        for text, right in ((unit, unit_right), (day, day_right)):
            if text:
                inset = self._add("Signature", text)._p.get_or_add_pPr().get_or_add_ind()
                inset.set(qn("w:rightChars"), str(round(right * 100)))
                inset.set(qn("w:right"), str(twips_of_pt(right * size)))

    def _add(self, style: str, text: str) -> Paragraph:
        made = self.document.add_paragraph(style=self._styles[style])
        if text:
            _east_asian(made.add_run(text))
        return made


def _east_asian(run: Run) -> None:
    """Without the hint Word sets “ ” … — · in the Latin font."""
    run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:hint"), "eastAsia")


def _width(text: str) -> float:
    """The width in characters: ASCII is half as wide as Chinese."""
    return sum(0.5 if char.isascii() else 1 for char in text)


def _properties(document: Document, title: str, dated: date | None) -> None:
    """Title and dates; never the writer's name, which the office's copy must not carry along."""
    core = document.core_properties
    core.title = title[:255]  # the most the property takes
    core.language = "zh-CN"
    core.revision = 1
    if dated:
        core.created = core.modified = datetime.combine(dated, time(), UTC)
