"""Picture files as bytes: size and orientation from the header, and copies without what a camera added.

Nothing is decoded here, so a made-up size costs nothing. The readers never run past the data; what they
cannot follow makes them raise ValueError.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from struct import error as StructError
from struct import pack, unpack, unpack_from
from typing import Final

JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
WEBP: Final = "image/webp"
_PNG_HEAD: Final = b"\x89PNG\r\n\x1a\n"
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0–15 without DHT, JPG, DAC
_ALONE: Final = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a length
_PRIVATE_CHUNKS: Final = (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME")
_VP8X_ICC_ALPHA_ANIMATION: Final = 0b00110010
_VP8X_EXIF: Final = 0b00001000


def kind_of(data: bytes) -> str:
    """The mime type of a JPEG, PNG or WebP by its first bytes, else ""."""
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(_PNG_HEAD):
        return PNG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    return ""


def size_of(data: bytes) -> tuple[int, int, int]:
    """(width, height, orientation) as stored; orientation is EXIF's 1–8, 1 where none is given.

    Raises ValueError when the data are no picture of the three kinds or end too early.
    """
    try:
        width, height, exif = {JPEG: _jpeg_size, PNG: _png_size, WEBP: _webp_size}[kind_of(data)](data)
    except (KeyError, IndexError, StructError) as trouble:
        raise ValueError("not a picture") from trouble
    if not width or not height:
        raise ValueError("a picture without size")
    return width, height, _orientation(exif)


def without_private_data(data: bytes) -> bytes:
    """The picture without EXIF, XMP, comments and whatever follows its end; pixels are untouched.

    Colour profile and orientation stay. Raises ValueError as `size_of` does.
    """
    _, _, orientation = size_of(data)
    exif = _exif(orientation) if orientation != 1 else b""
    try:
        return {JPEG: _jpeg_stripped, PNG: _png_stripped, WEBP: _webp_stripped}[kind_of(data)](data, exif)
    except (IndexError, StructError) as trouble:
        raise ValueError("the picture is damaged") from trouble


def _orientation(exif: bytes) -> int:
    """The orientation in a TIFF block; 1 where it is missing or nonsense."""
    if exif[:4] not in (b"II*\0", b"MM\0*"):
        return 1
    order = "<" if exif[:1] == b"I" else ">"
    try:
        (at,) = unpack_from(f"{order}I", exif, 4)
        (entries,) = unpack_from(f"{order}H", exif, at)
        for n in range(entries):
            tag, kind, _, value = unpack_from(f"{order}HHIH", exif, at + 2 + 12 * n)
            if tag == 0x0112 and kind == 3:
                return int(value) if 1 <= value <= 8 else 1
    except StructError:
        return 1
    return 1


def _exif(orientation: int) -> bytes:
    """A TIFF block that says nothing but the orientation."""
    return b"MM\0*" + pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment after SOI, pixel data included in its scan's segment."""
    at = 2
    while True:
        start = at
        if data[at] != 0xFF:
            raise ValueError("the picture is damaged")
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker not in _ALONE and marker != 0xD9:
            at += max(2, unpack_from(">H", data, at)[0])
        if marker == 0xDA:
            at = _scan_end(data, at)
        yield marker, start, at
        if marker == 0xD9:
            return


def _scan_end(data: bytes, at: int) -> int:
    """Where the pixel data of a scan end: at the first marker that is neither stuffing nor a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data)
        if data[at + 1] and data[at + 1] not in _ALONE and data[at + 1] != 0xFF:
            return at
        at += 1 if data[at + 1] == 0xFF else 2


def _jpeg_size(data: bytes) -> tuple[int, int, bytes]:
    exif = b""
    for marker, start, end in _jpeg_segments(data):
        body = _body(data, start, end)
        if marker == 0xE1 and body.startswith(b"Exif\0\0") and not exif:
            exif = body[6:]
        elif marker in _FRAMES:
            height, width = unpack_from(">HH", body, 1)
            return width, height, exif
    raise ValueError("not a picture")


def _body(data: bytes, start: int, end: int) -> bytes:
    """A segment's content: what follows fill bytes, marker and length."""
    return data[start:end].lstrip(b"\xff")[3:]


def _is_private(marker: int, body: bytes) -> bool:
    """JFIF, the colour profile and Adobe's colour transform decide how pixels look; all else is the camera's."""
    if marker == 0xE2:
        return not body.startswith(b"ICC_PROFILE\0")
    return marker == 0xFE or (0xE1 <= marker <= 0xEF and marker != 0xEE)


def _jpeg_stripped(data: bytes, exif: bytes) -> bytes:
    out = [b"\xff\xd8"]
    written = not exif
    for marker, start, end in _jpeg_segments_or_end(data):
        if _is_private(marker, _body(data, start, end)):
            continue
        if not written and marker != 0xE0:
            out.append(b"\xff\xe1" + pack(">H", len(exif) + 8) + b"Exif\0\0" + exif)
            written = True
        out.append(data[start:end])
    return b"".join(out)


def _jpeg_segments_or_end(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The segments; a picture whose last bytes are missing still ends properly for everybody else."""
    done = 0
    try:
        for marker, start, end in _jpeg_segments(data):
            yield marker, start, end
            done = end
    except IndexError:
        if done < len(data):
            raise


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(name, start, end) of each chunk, up to IEND."""
    at = len(_PNG_HEAD)
    name = b""
    while name != b"IEND":
        length, name = unpack_from(">I4s", data, at)
        yield name, at, at + 12 + length
        at += 12 + length


def _png_size(data: bytes) -> tuple[int, int, bytes]:
    length, name, width, height = unpack_from(">I4sII", data, len(_PNG_HEAD))
    if name != b"IHDR" or length != 13:
        raise ValueError("not a picture")
    exif = b""
    try:
        for name, start, end in _png_chunks(data):
            if name == b"eXIf":
                exif = data[start + 8 : end - 4]
    except StructError:
        pass  # only the beginning is here, or the end is missing: the size is known all the same
    return width, height, exif


def _png_stripped(data: bytes, exif: bytes) -> bytes:
    out = [_PNG_HEAD]
    for name, start, end in _png_chunks(data):
        if name not in _PRIVATE_CHUNKS:
            out.append(data[start:end])
        if name == b"IHDR" and exif:
            body = b"eXIf" + exif
            out.append(pack(">I", len(exif)) + body + pack(">I", zlib.crc32(body)))
    return b"".join(out)


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(name, content) of each chunk."""
    at, end = 12, min(len(data), 8 + unpack_from("<I", data, 4)[0])
    while at + 8 <= end:
        name, length = unpack_from("<4sI", data, at)
        yield name, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _webp_size(data: bytes) -> tuple[int, int, bytes]:
    chunks = dict(reversed(list(_webp_chunks(data))))
    if b"VP8X" in chunks:
        head = chunks[b"VP8X"]
        width, height = (int.from_bytes(head[n : n + 3], "little") + 1 for n in (4, 7))
        if len(head) < 10:
            raise ValueError("not a picture")
    elif b"VP8L" in chunks:
        mark, bits = unpack_from("<BI", chunks[b"VP8L"])
        if mark != 0x2F:
            raise ValueError("not a picture")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        mark, width, height = unpack("<3sHH", chunks[b"VP8 "][3:10])
        if mark != b"\x9d\x01\x2a":
            raise ValueError("not a picture")
        width, height = width & 0x3FFF, height & 0x3FFF
    return width, height, chunks.get(b"EXIF", b"").removeprefix(b"Exif\0\0")


def _webp_stripped(data: bytes, exif: bytes) -> bytes:
    out = b""
    for name, content in _webp_chunks(data):
        if name in (b"EXIF", b"XMP "):
            continue
        if name == b"VP8X":
            flags = content[0] & _VP8X_ICC_ALPHA_ANIMATION | (_VP8X_EXIF if exif else 0)
            content = bytes([flags]) + content[1:]
        out += name + pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
    if exif:
        out += b"EXIF" + pack("<I", len(exif)) + exif
    return b"RIFF" + pack("<I", 4 + len(out)) + b"WEBP" + out
