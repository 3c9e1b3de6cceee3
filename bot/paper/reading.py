"""Reading Word files that people send: only the text, and only after the package has been looked at."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, ParseError
from zipfile import BadZipFile, ZipFile

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bot.errors import FileRefused

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SKIPPED: Final = (f"{_W}del", f"{_W}pPr", _FALLBACK)
_MARKS: Final = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_MOST_ENTRIES: Final = 2000
_MOST_BYTES: Final = 200 * 1024 * 1024  # of all parts unpacked
_MOST_TEXT: Final = 10 * 1024 * 1024  # of the part that holds the text: a 100,000-character paper has 1 MB
_MOST_RATIO: Final = 200  # of a part over 1 MB; honest XML packs up to about 50 times
_RATIO_FROM: Final = 1024 * 1024
_MACROS: Final = ("vbaproject.bin", "vbadata.xml", "/activex/", "/macrosheets/")


def open_package(source: bytes | Path) -> ZipFile:
    """An Office file's package, after its table of contents has been checked.

    Raises FileRefused: `file.unreadable` for no or a broken package, `file.kind` for macros,
    `file.bomb` where it would unpack to far more than a document can hold.
    """
    try:
        package = ZipFile(BytesIO(source) if isinstance(source, bytes) else source)
    except (BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as trouble:
        raise FileRefused("file.unreadable") from trouble
    try:
        _check(package)
    except FileRefused:
        package.close()
        raise
    return package


def _check(package: ZipFile) -> None:
    entries = package.infolist()
    if len(entries) > _MOST_ENTRIES or sum(e.file_size for e in entries) > _MOST_BYTES:
        raise FileRefused("file.bomb")
    for entry in entries:
        # zipfile never reads beyond the size declared here, so the declared size can be trusted
        if entry.file_size > _RATIO_FROM and entry.file_size > _MOST_RATIO * max(entry.compress_size, 1):
            raise FileRefused("file.bomb")
        if any(mark in f"/{entry.filename.lower()}" for mark in _MACROS):
            raise FileRefused("file.kind", {"kind": "docm"})
    if b"macroEnabled" in _part(package, "[Content_Types].xml"):
        raise FileRefused("file.kind", {"kind": "docm"})


def read_text(data: bytes) -> list[str]:
    """The paragraphs of a .docx's body that hold text, in order, those in tables included.

    Headers, footers, notes, deleted text and fields' instructions are left out. Raises FileRefused as
    `open_package` does.
    """
    with open_package(data) as package:
        try:
            root = fromstring(_part(package, "word/document.xml"), forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError, LookupError) as trouble:
            raise FileRefused("file.unreadable") from trouble
    return [text for text in map("".join, _paragraphs(root)) if text.strip()]


def _part(package: ZipFile, path: str) -> bytes:
    """One part's bytes. Raises FileRefused when it is missing, too large or damaged."""
    try:
        small = package.getinfo(path).file_size <= _MOST_TEXT
        data = package.read(path) if small else b""
    except Exception as trouble:  # zipfile, zlib and lzma have no common base for damaged data
        raise FileRefused("file.unreadable") from trouble
    if not small:
        raise FileRefused("file.bomb")
    return data


def _paragraphs(root: Element) -> list[list[str]]:
    """The pieces of text of each paragraph; one inside another (a text box) stands for itself.

    Walked with a stack of its own, because a made-up file may be nested deeper than Python recurses.
    """
    found: list[list[str]] = []
    nowhere: list[str] = []
    stack = [(root, nowhere)]
    while stack:
        element, words = stack.pop()
        if element.tag in _SKIPPED:
            continue
        if element.tag == f"{_W}p":
            words = []
            found.append(words)
        words.append((element.text or "") if element.tag == f"{_W}t" else _MARKS.get(element.tag, ""))
        stack.extend((child, words) for child in reversed(element))
    return found
