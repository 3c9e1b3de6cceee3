"""Photos: looked at before anything is decoded, kept without the camera's data, and prepared once for paper.

A `FileRefused` names the sentence: `file.not_picture`, `file.kind` (kind), `file.heic`, `file.too_big`
(size and limit in MB), `file.too_many_pixels` (pixels and limit in 万, that is 10,000 pixels).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, Final, cast

from PIL import Image, ImageCms, ImageOps

from bot.errors import FileRefused
from bot.paper import headers
from bot.paper.material import sniff, type_of

__all__ = ["PictureInfo", "keep", "look", "prepare", "sniff", "strip_exif"]

MOST_BYTES: Final = 20 * 1024 * 1024
MOST_PIXELS: Final = 40_000_000
LONG_SIDE: Final = 1280
QUALITY: Final = 80
_KEPT_QUALITY: Final = 92  # of the JPEG that stands for a HEIC original
HEIC: Final = "image/heic"


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureInfo:
    """What the header says: mime type, size in pixels as seen (the orientation applied), bytes."""

    mime: str
    width: int
    height: int
    bytes: int


def look(source: bytes | Path) -> PictureInfo:
    """Check a picture by its header alone; nothing is decoded. Raises FileRefused."""
    length = len(source) if isinstance(source, bytes) else source.stat().st_size
    if length > MOST_BYTES:
        raise FileRefused("file.too_big", {"size": -(-length // 1024**2), "limit": MOST_BYTES // 1024**2})
    data = _bytes(source)
    mime = headers.kind_of(data) or type_of(data)
    if mime == HEIC:
        width, height = _heic_size(data)
    elif mime in (headers.JPEG, headers.PNG, headers.WEBP):
        try:
            width, height, orientation = headers.size_of(data)
        except ValueError as trouble:
            raise FileRefused("file.not_picture") from trouble
        if orientation >= 5:  # the four that lie on their side
            width, height = height, width
    elif mime.startswith("image/"):
        raise FileRefused("file.kind", {"kind": mime.partition("/")[2]})
    else:
        raise FileRefused("file.not_picture")
    if width * height > MOST_PIXELS:
        raise FileRefused("file.too_many_pixels", {"pixels": width * height // 10_000, "limit": MOST_PIXELS // 10_000})
    return PictureInfo(mime=mime, width=width, height=height, bytes=length)


def prepare(source: bytes | Path) -> bytes:
    """The copy for documents and pages: JPEG, upright, sRGB, at most 1280 px on the long side.

    Made once at upload. Raises FileRefused as `look` does, and where the pixels cannot be decoded.
    """
    return _made(source, look(source), _shrunk, QUALITY)


def keep(source: bytes | Path) -> tuple[bytes, str]:
    """The original as the office keeps it, and its mime type: without the camera's data.

    JPEG, PNG and WebP keep their very pixels. A HEIC file becomes a full-size JPEG, because few office
    computers can open HEIC. Raises FileRefused as `look` does.
    """
    info = look(source)
    if info.mime != HEIC:
        return strip_exif(_bytes(source)), info.mime
    return _made(source, info, _upright_rgb, _KEPT_QUALITY), headers.JPEG


def strip_exif(data: bytes) -> bytes:
    """A JPEG, PNG or WebP without place, time and device, not re-encoded; its orientation stays.

    Raises FileRefused `file.not_picture` when the data cannot be followed to the end.
    """
    try:
        return headers.without_private_data(data)
    except ValueError as trouble:
        raise FileRefused("file.not_picture") from trouble


def _bytes(source: bytes | Path) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()


@cache
def _heic_reader() -> Any:
    """pillow_heif if it is installed, else None; an optional extra of the product."""
    return importlib.import_module("pillow_heif") if find_spec("pillow_heif") else None


def _heic_size(data: bytes) -> tuple[int, int]:
    reader = _heic_reader()
    if reader is None:
        raise FileRefused("file.heic")
    try:
        width, height = reader.open_heif(BytesIO(data), convert_hdr_to_8bit=True).size
    except Exception as trouble:  # libheif reports damage by several unrelated types
        raise FileRefused("file.not_picture") from trouble
    return int(width), int(height)


def _made(source: bytes | Path, info: PictureInfo, change: Callable[[Image.Image], Image.Image], quality: int) -> bytes:
    """The picture decoded, changed and written as JPEG."""
    try:
        with _opened(source, info) as image:
            changed = change(image)
    except Exception as trouble:  # decoders meet damaged data with many unrelated types
        raise FileRefused("file.not_picture") from trouble
    changed.info = {}  # what Pillow finds here it would write: profile, comment, resolution
    out = BytesIO()
    changed.save(out, "JPEG", quality=quality, dpi=(96, 96))
    return out.getvalue()


def _opened(source: bytes | Path, info: PictureInfo) -> Image.Image:
    if info.mime == HEIC:
        return cast(Image.Image, _heic_reader().open_heif(BytesIO(_bytes(source))).to_pillow())
    image = Image.open(BytesIO(source) if isinstance(source, bytes) else source)
    if info.mime == headers.JPEG and max(image.size) > LONG_SIDE:
        # The decoder skips what a smaller picture does not need, but only for a size in proportion.
        image.draft("RGB", _fitted(image.size))
    return image


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, LONG_SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shrunk(image: Image.Image) -> Image.Image:
    """Resized first, because turning and converting cost by the pixel."""
    size = _fitted(image.size)
    if image.mode in ("P", "1"):  # a palette cannot be blended
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if size != image.size:
        image = image.resize(size, Image.Resampling.HAMMING)  # half the cost of Lanczos, no less sharp on paper
    return _upright_rgb(image)


def _upright_rgb(image: Image.Image) -> Image.Image:
    """Upright, on white, in sRGB."""
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # sixteen bits of grey
        image = image.convert("I").point(lambda grey: grey / 256).convert("L")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    elif profile and image.mode in ("RGB", "CMYK"):
        image = _in_srgb(image, profile)
    return image.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        theirs = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(theirs):
            return image
        return ImageCms.profileToProfile(image, theirs, _srgb(), outputMode="RGB") or image
    except (ImageCms.PyCMSError, OSError):  # a broken profile only costs the colours their exactness
        return image


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def blank(width: int, height: int, shade: int) -> bytes:
    """A photo with nothing on it, as JPEG: what invented people send. `shade`: 0 to 255, so that several differ."""
    out = BytesIO()
    Image.new("RGB", (width, height), (shade, 130, 110)).save(out, "JPEG")
    return out.getvalue()
