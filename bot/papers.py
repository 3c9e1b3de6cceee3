"""Word files and export packages, made in a worker's thread; the libraries come with the first one."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from bot.look import Everything, Printing
from storage.files import FileStore

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def word_file(printing: Printing, files: FileStore) -> bytes:
    """A paper as .docx, a draft marked as one. Raises PaperError, FileRefused or OSError for its pictures."""
    from bot.paper.layout import load_layout
    from bot.paper.word import write
    from bot.paper.words import load_words

    out = BytesIO()
    write(
        printing.paper.content,
        load_layout(printing.paper.layout),
        picture=files.prepared,
        out=out,
        words=load_words(),
        draft_lines=printing.lines,
        draft=printing.paper.draft,
        dated=printing.dated,
    )
    return out.getvalue()


def package(everything: Everything, files: FileStore, out: Path, words: Mapping[str, str]) -> None:
    """All that is kept of a person as a zip: the profile, each draft as Word file and text, the files as sent.

    `words` are the wording's sentences. A file whose bytes are gone is left out.
    """
    with ZipFile(out, "w", ZIP_DEFLATED) as zipped:
        zipped.writestr(words["export.profile"], _profile(everything.profile, words))
        for n, printing in enumerate(everything.papers, 1):
            stem = f"{n:02d}-{printing.paper.name.removesuffix('.docx')}"
            zipped.writestr(f"{stem}.docx", word_file(printing, files))
            zipped.writestr(f"{stem}.txt", _text(printing))
        for n, (file, name) in enumerate(sorted(everything.files.items()), 1):
            if files.path(file).is_file():
                zipped.write(files.path(file), f"{words['export.files']}/{n:03d}-{_flat(name)}", ZIP_STORED)


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
