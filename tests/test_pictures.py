"""Photos and other material: refused kindly, kept without the camera's data, prepared upright."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.errors import FileRefused
from bot.paper import pictures as photos
from bot.paper.material import ENDINGS
from tests import pictures as make
from tests.needs import need

KINDS = ["JPEG", "PNG", "WEBP"]


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 25 for a, b in zip(pixel, colour, strict=True))


def assert_upright(image: Image.Image) -> None:
    right, bottom = image.width - 20, image.height - 20
    assert near(image.getpixel((20, 20)), make.RED)
    assert near(image.getpixel((right, 20)), make.GREEN)
    assert near(image.getpixel((20, bottom)), make.BLUE)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_prepared_is_upright_small_rgb_and_bare(kind: str, orientation: int) -> None:
    data = make.turned(orientation, 1600, 1200, kind)
    info = photos.look(data)
    assert (info.mime, info.width, info.height) == (f"image/{kind.lower()}", 1600, 1200)
    made = photos.prepare(data)
    image = opened(made)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (1280, 960))
    assert_upright(image)
    assert b"SECRET" not in made and not image.getexif() and "icc_profile" not in image.info


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_stripping_keeps_pixels_and_orientation_and_nothing_else(kind: str, orientation: int) -> None:
    data = make.turned(orientation, 640, 480, kind)
    assert b"SECRET" in data
    bare = photos.strip_exif(data)
    assert b"SECRET" not in bare and b"HUAWEI" not in bare
    assert opened(bare).tobytes() == opened(data).tobytes()
    left = dict(opened(bare).getexif())
    assert left == ({} if orientation == 1 else {0x0112: orientation})
    assert photos.strip_exif(bare) == bare


def test_stripping_drops_what_hangs_behind_the_picture_and_keeps_the_colours() -> None:
    data = make.with_profile()
    bare = photos.strip_exif(data + b"SECRET film of a motion photo")
    assert b"SECRET" not in bare
    assert opened(bare).info["icc_profile"] == opened(data).info["icc_profile"]
    assert opened(bare).tobytes() == opened(data).tobytes()


def test_progressive_and_cut_off_photos_are_followed() -> None:
    data = make.jpeg(640, 480, progressive=True, exif=make.exif(6))
    assert opened(photos.strip_exif(data)).tobytes() == opened(data).tobytes()
    cut = photos.strip_exif(data[: len(data) * 2 // 3])
    assert b"SECRET" not in cut and photos.look(cut).width == 480


def test_a_small_photo_is_not_blown_up() -> None:
    assert opened(photos.prepare(make.jpeg(320, 240))).size == (320, 240)


def test_transparency_becomes_white_paper() -> None:
    image = opened(photos.prepare(make.transparent_png()))
    assert near(image.getpixel((50, 50)), make.RED)
    assert near(image.getpixel((350, 250)), (255, 255, 255))


def test_odd_colours_become_rgb() -> None:
    assert_upright(opened(photos.prepare(make.cmyk())))
    palette = make.scene(400, 300).convert("P")
    assert_upright(opened(photos.prepare(make.saved(palette, "PNG"))))
    grey = opened(photos.prepare(make.saved(Image.new("I;16", (100, 100), 0x8000), "PNG")))
    assert near(grey.getpixel((50, 50)), (128, 128, 128))


def test_twelve_megapixels_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "大照片.jpg"
    path.write_bytes(make.twelve_megapixels())
    assert (photos.look(path).width, photos.look(path).height) == (3000, 4000)
    assert opened(photos.prepare(path)).size == (960, 1280)


@pytest.mark.parametrize(
    ("data", "key", "params"),
    [
        (make.huge_png(), "file.too_many_pixels", {"pixels": 90000, "limit": 4000}),
        (make.fake(), "file.not_picture", {}),
        (b"", "file.not_picture", {}),
        (make.jpeg(400, 300)[:60], "file.not_picture", {}),
        (b"%PDF-1.7\n", "file.not_picture", {}),
        (make.saved(make.scene(40, 30), "GIF"), "file.kind", {"kind": "gif"}),
        (make.saved(make.scene(40, 30), "BMP"), "file.kind", {"kind": "bmp"}),
        (b"\xff\xd8\xff" + bytes(20 * 1024 * 1024), "file.too_big", {"size": 21, "limit": 20}),
    ],
)  # fmt: skip
def test_what_is_no_photo_is_refused_by_its_header(data: bytes, key: str, params: dict[str, object]) -> None:
    for act in (photos.look, photos.prepare, photos.keep):
        with pytest.raises(FileRefused) as refused:
            act(data)
        assert (refused.value.key, refused.value.params) == (key, params)


def test_a_header_without_a_picture_is_refused_when_decoded() -> None:
    whole = make.saved(make.scene(400, 300), "PNG")
    with pytest.raises(FileRefused, match=r"file\.not_picture"):
        photos.prepare(whole[:200])


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(KINDS), st.integers(0, 4000), st.binary(min_size=1, max_size=6))
def test_damaged_photos_are_refused_or_taken_but_never_crash(kind: str, at: int, noise: bytes) -> None:
    whole = make.saved(make.scene(64, 48), kind, exif=make.exif(6))
    at %= len(whole)
    for data in (whole[:at] + noise + whole[at + len(noise) :], whole[:at]):
        for act in (photos.look, photos.prepare, photos.strip_exif):
            try:
                act(data)
            except FileRefused as refused:
                assert refused.key.startswith("file.")


def test_a_heic_photo_becomes_a_jpeg() -> None:
    heif = pytest.importorskip("pillow_heif")
    out = BytesIO()
    heif.from_pillow(make.scene(1600, 1200)).save(out)
    assert photos.look(out.getvalue()).mime == "image/heic"
    assert_upright(opened(photos.prepare(out.getvalue())))
    kept, mime = photos.keep(out.getvalue())
    assert mime == "image/jpeg" and opened(kept).size == (1600, 1200)


def test_a_heic_photo_is_refused_kindly_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "find_spec", lambda name: None)
    photos._heic_reader.cache_clear()
    try:
        with pytest.raises(FileRefused, match=r"file\.heic"):
            photos.look(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    finally:
        photos._heic_reader.cache_clear()


def package(*names: str, types: str = "<Types/>") -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("[Content_Types].xml", types)
        for name in names:
            made.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "ending"),
    [
        (b"%PDF-1.7\n", "公示.pdf", "pdf"),
        (b"%PDF-1.7\n", "没有后缀", "pdf"),
        (package("word/document.xml"), "申报表.docx", "docx"),
        (package("xl/workbook.xml"), "汇总.xlsx", "xlsx"),
        (package("ppt/presentation.xml"), "汇报.pptx", "pptx"),
        (make.jpeg(40, 30), "IMG_1.HEIC", "jpg"),
        (make.saved(make.scene(40, 30), "PNG"), "图.png", "png"),
        (make.saved(make.scene(40, 30), "WEBP"), "图.webp", "webp"),
        (b"\0\0\0\x18ftypheic", "图.heic", "heic"),
        (b"\0\0\0\x18ftypmp42", "院坝会.mp4", "mp4"),
        (b"\0\0\0\x14ftypqt  ", "院坝会.MOV", "mov"),
        (b"ID3\x04\0", "录音.mp3", "mp3"),
        (b"\xff\xfb\x90\x44", "录音.mp3", "mp3"),
        (b"\0\0\0\x18ftypM4A ", "录音.m4a", "m4a"),
    ],
)
def test_material_is_known_by_its_content(data: bytes, name: str, ending: str, tmp_path: Path) -> None:
    mime = photos.sniff(data, name)
    assert ENDINGS[mime][0] == ending
    path = tmp_path / "f"
    path.write_bytes(data)
    assert photos.sniff(path, name) == mime


@pytest.mark.parametrize(
    ("data", "name", "key"),
    [
        (b"MZ\x90\0", "照片.jpg", "file.kind"),
        (b"%PDF-1.7", "公示.pdf.exe", "file.kind"),
        (b"%PDF-1.7", "page.html", "file.kind"),
        (package("word/document.xml", "word/vbaProject.bin"), "表.docx", "file.kind"),
        (package("word/document.xml", types="<Types x='macroEnabled'/>"), "表.docx", "file.kind"),
        (package("word/document.xml"), "表.docm", "file.kind"),
        (package("a.txt"), "压缩.docx", "file.kind"),
        (b"PK\x03\x04 broken", "表.docx", "file.unreadable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧.doc", "file.kind"),
        (b"", "空.pdf", "file.kind"),
        (b"just text", "说明", "file.kind"),
    ],
)
def test_other_material_is_refused(data: bytes, name: str, key: str) -> None:
    with pytest.raises(FileRefused) as refused:
        photos.sniff(data, name)
    assert refused.value.key == key


def test_a_zip_bomb_is_refused() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", "<Types/>")
        made.writestr("word/document.xml", bytes(30 * 1024 * 1024))
    with pytest.raises(FileRefused, match=r"file\.bomb"):
        photos.sniff(out.getvalue(), "表.docx")
    with pytest.raises(FileRefused, match=r"file\.bomb"):
        photos.sniff(package(*(f"f{n}" for n in range(2001))), "表.docx")


def test_looking_at_a_huge_photo_takes_no_memory() -> None:
    need("resource", sys.platform != "win32", "memory is measured with the resource module")
    script = (
        "import resource; from bot.paper.pictures import look; from bot.errors import FileRefused\n"
        "from tests.pictures import huge_png\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: look(huge_png())\n"
        "except FileRefused as refused: print(refused.key, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    key, grown = done.stdout.split()
    assert key == "file.too_many_pixels" and int(grown) < 4096
