"""Test photos, made by Pillow: what phones send, and what pretends to be a photo.

The corners say which way up a photo is: as seen, red is top left, green top right, blue bottom left.
"""

from __future__ import annotations

import zlib
from functools import cache
from io import BytesIO
from struct import pack

from PIL import Image, ImageCms, ImageDraw

RED, GREEN, BLUE, SKY = (210, 30, 30), (30, 160, 60), (30, 60, 200), (160, 200, 235)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def scene(width: int, height: int) -> Image.Image:
    """An upright picture: sky, a field, three coloured corners."""
    image = Image.new("RGB", (width, height), SKY)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, height * 2 // 3, width, height), fill=(120, 160, 90))
    pen.ellipse((width * 2 // 5, height // 5, width * 3 // 5, height // 5 + width // 5), fill=(245, 200, 80))
    w, h = width // 5, height // 5
    pen.rectangle((0, 0, w, h), fill=RED)
    pen.rectangle((width - w, 0, width, h), fill=GREEN)
    pen.rectangle((0, height - h, w, height), fill=BLUE)
    return image


def saved(image: Image.Image, kind: str = "JPEG", **more: object) -> bytes:
    """The picture as a file."""
    out = BytesIO()
    image.save(out, kind, **more)  # type: ignore[arg-type]
    return out.getvalue()


def exif(orientation: int = 1) -> Image.Exif:
    """What a phone writes: device, owner's words, place, orientation."""
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010F] = "HUAWEI"
    data[0x010E] = "SECRET-PLACE"
    data.get_ifd(0x8825)[1] = "N"
    return data


def jpeg(width: int = 1600, height: int = 1200, **more: object) -> bytes:
    """An upright landscape photo."""
    return saved(scene(width, height), "JPEG", **more)


def turned(orientation: int, width: int = 1600, height: int = 1200, kind: str = "JPEG") -> bytes:
    """A photo seen as width × height, stored turned, with the EXIF orientation that puts it right."""
    image = scene(width, height)
    if orientation in _TURNS:
        image = image.transpose(_TURNS[orientation])
    return saved(image, kind, exif=exif(orientation))


@cache
def twelve_megapixels() -> bytes:
    """A 4000 × 3000 photo with the grain of a real one, so that it decodes as slowly."""
    grain = Image.effect_noise((4000, 3000), 24)
    return saved(Image.blend(scene(4000, 3000), grain.convert("RGB"), 0.3), quality=88, exif=exif(6))


def transparent_png() -> bytes:
    """A red square on nothing."""
    image = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    image.paste((*RED, 255), (0, 0, 200, 150))
    return saved(image, "PNG")


def cmyk() -> bytes:
    """A photo from a print shop."""
    return saved(scene(800, 600).convert("CMYK"))


def with_profile() -> bytes:
    """A photo in the colours of another device (Lab is the one profile every Pillow can make)."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    return saved(scene(800, 600), icc_profile=profile.tobytes(), comment=b"SECRET-PLACE", exif=exif(3))


def huge_png() -> bytes:
    """Fifty bytes that promise 30,000 × 30,000 pixels."""
    head = b"IHDR" + pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + pack(">I", 13) + head + pack(">I", zlib.crc32(head))


def fake() -> bytes:
    """A text called photo.jpg."""
    return "这不是照片\n".encode() * 20
