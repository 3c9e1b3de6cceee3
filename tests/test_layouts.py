"""Layout profiles: what they can say, and every mistake in one at once."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from bot.errors import CallErrors
from bot.paper import layout
from bot.paper.layout import load_layout
from tests.papers import GBT, NS, attributes, content, made, styled, xml


def documented() -> list[str]:
    return re.findall(r"```toml\n(.*?)```", Path("docs/layouts.md").read_text(encoding="utf-8"), re.DOTALL)


def test_the_documented_profiles_load(tmp_path: Path) -> None:
    for n, text in enumerate(documented()):
        (tmp_path / f"doc{n}.toml").write_text(text, encoding="utf-8")
    other, whole = (load_layout(f"doc{n}", tmp_path) for n in range(2))
    assert (whole.paper, whole.title.size_pt, whole.picture) == (GBT.paper, 22, GBT.picture)
    data = made(content("字"), other)
    assert attributes(styled(data, "BodyText").find("w:pPr/w:spacing", NS))["line"] == "600"
    assert attributes(styled(data, "BodyText").find("w:rPr/w:spacing", NS)) == {"val": "0"}
    assert attributes(styled(data, "Title").find("w:rPr/w:b", NS)) == {}
    assert attributes(styled(data, "Heading1").find("w:rPr/w:b", NS)) == {}
    assert attributes(xml(data, "document").find(".//w:pgMar", NS))["left"] == "1797"


def test_the_document_names_every_key() -> None:
    whole = tomllib.loads(documented()[1])
    for kind, table in (("Paper", "paper"), ("Grid", "grid"), ("Style", "title"), ("PictureBox", "picture"),
                        ("PageNumber", "page_number"), ("Signature", "signature")):  # fmt: skip
        assert {f.name for f in fields(getattr(layout, kind))} == set(whole[table])


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('base = "gbt9704"\ncolour = 1\n[paper]\ntop = 3\n[title]\nbold = 1\nalign = "middle"\nsize_pt = 300\n',
         ["colour", "paper.top", "title.size_pt", "title.bold", "title.align"]),
        ('base = "gbt9704"\nbody = 3\n', ["body", "body.font", "body.size_pt"]),
        ('base = "gbt9704"\n[grid]\nline_pt = nan\nspacing_pt = true\n', ["grid.line_pt", "grid.spacing_pt"]),
        ('base = "gbt9704"\n[body]\nfont = ""\nlatin = "a\\u0007"\n', ["body.font", "body.latin"]),
        ('base = "gbt9704"\n[paper]\nleft_mm = 100\nright_mm = 80\ntop_mm = 190\nbottom_mm = 20\n',
         ["paper", "picture.max_height_mm", "paper.footer_mm"]),
        ('base = "gbt9704"\n[picture]\nmax_width_mm = 157\n', ["picture.max_width_mm"]),
        ('base = "bad"\n', ["base"]),
        ('base = "../gbt9704"\n', ["base"]),
        ("base = 3\n", ["base"]),
        ("base = \n", ["layout"]),
        ('base = "gbt9704"\n[fonts]\nlatin = 3\n[fonts.instead]\nx = 4\n', ["fonts.latin", "fonts.instead.x"]),
    ],
)  # fmt: skip
def test_every_mistake_at_once(text: str, keys: list[str], tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CallErrors) as raised:
        load_layout("bad", tmp_path)
    assert [m.key for m in raised.value.mistakes] == keys
    assert {m.file for m in raised.value.mistakes} == {"bad.toml"}
    assert all(re.search("[\u4e00-\u9fff]", m.sentence) and "{" not in m.sentence for m in raised.value.mistakes)


@pytest.mark.parametrize("name", ["none", "../gbt9704", "", "GBT9704/x"])
def test_an_unknown_profile(name: str) -> None:
    with pytest.raises(CallErrors, match="版式"):
        load_layout(name)
