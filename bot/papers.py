"""Word files and export packages, made in a worker's thread; the libraries come with the first one."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from bot.doors import Paper
from storage.disk import Disk

if TYPE_CHECKING:
    from bot.aside.errands import Here

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True, kw_only=True, slots=True)
class Printing:
    """A paper on its way to Word: the check lines of a draft, the day of a submission."""

    paper: Paper
    lines: tuple[str, ...] = ()
    dated: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Everything:
    """What is kept of a person: name, unit, post, phone; all drafts; files by hash with their names."""

    profile: tuple[str, str, str, str]
    papers: tuple[Printing, ...]
    files: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Print:
    """A Word file to be made aside: some 50 ms of computing, more with pictures."""

    printing: Printing
    brief: ClassVar[bool] = False

    def do(self, here: Here) -> bytes:
        """The file. Raises PaperError, FileRefused or OSError for its pictures."""
        made = word_file(self.printing, here.disk)
        gc.collect(0)  # a document holds itself and its pictures in circles; servers search for those too seldom
        return made


def word_file(printing: Printing, disk: Disk) -> bytes:
    """A paper as .docx, a draft marked as one. Raises PaperError, FileRefused or OSError for its pictures."""
    from bot.paper.layout import load_layout
    from bot.paper.word import write
    from bot.paper.words import load_words

    out = BytesIO()
    write(
        printing.paper.content,
        load_layout(printing.paper.layout),
        picture=disk.prepared,
        out=out,
        words=load_words(),
        draft_lines=printing.lines,
        draft=printing.paper.draft,
        dated=printing.dated,
    )
    return out.getvalue()


def package(everything: Everything, disk: Disk, out: Path, words: Mapping[str, str]) -> None:
    """All that is kept of a person as a zip: the profile, each draft as Word file and text, the files as sent.

    `words` are the wording's sentences. A file whose bytes are gone is left out.
    """
    with ZipFile(out, "w", ZIP_DEFLATED) as zipped:
        zipped.writestr(words["export.profile"], _profile(everything.profile, words))
        for n, printing in enumerate(everything.papers, 1):
            stem = f"{n:02d}-{printing.paper.name.removesuffix('.docx')}"
            zipped.writestr(f"{stem}.docx", word_file(printing, disk))
            zipped.writestr(f"{stem}.txt", _text(printing))
        for n, (file, name) in enumerate(sorted(everything.files.items()), 1):
            if disk.path(file).is_file():
                zipped.write(disk.path(file), f"{words['export.files']}/{n:03d}-{_flat(name)}", ZIP_STORED)


def _profile(profile: tuple[str, str, str, str], words: Mapping[str, str]) -> str:
    labels = ("name", "unit", "post", "phone")
    lines = (words[f"export.{label}"].format(value=value) for label, value in zip(labels, profile, strict=True))
    return "\r\n".join(lines) + "\r\n"


def _text(printing: Printing) -> str:
    content = printing.paper.content
    lines = [content.title, content.unit]
    for section in content.sections:
        lines += ["", f"{section.n}. {section.heading}", *(block.text for block in section.blocks)]
    lines += ["", *(f"{picture.n}. {picture.caption or picture.name}" for picture in content.pictures)]
    return "\r\n".join(lines).strip() + "\r\n"


def _flat(name: str) -> str:
    """A name that cannot leave its folder."""
    return name.replace("/", "_").replace("\\", "_")[-80:]
