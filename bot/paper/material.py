"""Other material people hand in: what it is, by its content and not by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bot.errors import FileRefused
from bot.paper.headers import kind_of
from bot.paper.reading import open_package

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_STARTS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)
# The "ftyp" box of the MP4 family names its brand: photos, films and sound share one container.
_BRANDS: Final = {
    **dict.fromkeys(("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"), "image/heic"),
    **dict.fromkeys(("avif", "avis"), "image/avif"),
    **dict.fromkeys(("isom", "iso2", "iso4", "iso5", "iso6", "mp41", "mp42", "avc1", "MSNV", "M4V ", "dash"),
                    "video/mp4"),
    **dict.fromkeys(("3gp4", "3gp5", "3gp6"), "video/3gpp"),
    "qt  ": "video/quicktime",
    "M4A ": "audio/mp4",
}  # fmt: skip
_INSIDE: Final = {
    "word/document.xml": f"{_OFFICE}.wordprocessingml.document",
    "xl/workbook.xml": f"{_OFFICE}.spreadsheetml.sheet",
    "ppt/presentation.xml": f"{_OFFICE}.presentationml.presentation",
}
ENDINGS: Final = {
    "application/pdf": ("pdf",),
    f"{_OFFICE}.wordprocessingml.document": ("docx",),
    f"{_OFFICE}.spreadsheetml.sheet": ("xlsx",),
    f"{_OFFICE}.presentationml.presentation": ("pptx",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    "image/heic": ("heic", "heif"),
    "video/mp4": ("mp4", "m4v"),
    "video/quicktime": ("mov",),
    "video/3gpp": ("3gp",),
    "audio/mpeg": ("mp3",),
    "audio/mp4": ("m4a",),
    "audio/ogg": ("ogg", "oga", "opus"),
}
"""What is taken: mime type -> the endings it goes by, the first one used for new names."""

_TAKEN: Final = frozenset(ending for endings in ENDINGS.values() for ending in endings)
_HEAD: Final = 64


def type_of(head: bytes) -> str:
    """The mime type by the first bytes, "" when unknown. A zip is only "application/zip" here."""
    for start, mime in _STARTS:
        if head.startswith(start):
            return mime
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12].decode("latin-1"), "")
    if head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE6 == 0xE2:  # an MPEG layer III frame without tags
        return "audio/mpeg"
    return kind_of(head)


def sniff(source: bytes | Path, name: str) -> str:
    """The mime type of material, one of `ENDINGS`.

    Raises FileRefused: `file.kind` (kind) for anything else, for macros and for a name that ends in what is
    not taken, whatever its content; `file.unreadable` and `file.bomb` for Office files that are broken.
    """
    ending = _ending(name)
    if ending and ending not in _TAKEN:
        raise FileRefused("file.kind", {"kind": ending})
    mime = type_of(_head(source))
    if mime == "application/zip":
        with open_package(source) as package:
            inside = set(package.namelist())
        mime = next((kind for part, kind in _INSIDE.items() if part in inside), "")
    if mime not in ENDINGS:
        raise FileRefused("file.kind", {"kind": ending})
    return mime


def _ending(name: str) -> str:
    """What stands behind the last dot, lower case, if it looks like an ending; "第1.5万" has none."""
    _, dot, ending = name.strip().lower().rpartition(".")
    return ending if dot and ending.isascii() and ending.isalnum() and len(ending) <= 8 else ""


def _head(source: bytes | Path) -> bytes:
    if isinstance(source, bytes):
        return source[:_HEAD]
    with source.open("rb") as file:
        return file.read(_HEAD)
