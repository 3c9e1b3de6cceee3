"""A case on paper for tests: its content, the file made of it, and the parts of that file."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import Any

from docx.oxml.ns import qn
from lxml import etree

from bot.engine.content import Block, Content, ContentSection, FormField, Material, Picture
from bot.paper.layout import Layout, load_layout
from bot.paper.pictures import prepare
from bot.paper.word import write
from bot.paper.words import load_words
from tests import pictures as make

GBT = load_layout("gbt9704")
WORDS = load_words()
DATED = date(2026, 11, 2)
PHOTOS = {"wide": prepare(make.jpeg(1600, 1200)), "high": prepare(make.turned(6, 1200, 1600)),
          "tiny": prepare(make.jpeg(96, 48))}  # fmt: skip


def content(*texts: str, pictures: Sequence[tuple[str, str]] = (), title: str = "片长进院坝，小事不出片") -> Content:
    blocks = tuple(Block(id=f"s/q/{n}/0", text=text) for n, text in enumerate(texts))
    return Content(
        call="c", title=title, unit="云溪县石桥镇槐树村",
        sections=(ContentSection(id="s", n=1, heading="基本情况", blocks=blocks),
                  ContentSection(id="t", n=12, heading="经验启示", blocks=(Block(id="t/q/0/0", text="照实说。"),))),
        pictures=tuple(Picture(id=f"p{n}", n=n, file=file, name="a.jpg", caption=caption, width=1, height=1)
                       for n, (file, caption) in enumerate(pictures, 1)),
        materials=(Material(id="m", file="m", name="盖章.pdf", label="盖章件"),),
        fields=(FormField(id="f", label="联系人", value="李建国"),),
    )  # fmt: skip


def made(what: Content, layout: Layout = GBT, **more: Any) -> bytes:
    out = BytesIO()
    write(what, layout, picture=PHOTOS.__getitem__, out=out, words=WORDS, **{"dated": DATED, **more})
    return out.getvalue()


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist()}


def xml(data: bytes, part: str) -> Any:
    return etree.fromstring(parts(data)[f"word/{part}.xml"])


def styled(data: bytes, style_id: str) -> Any:
    return xml(data, "styles").xpath(f"//w:style[@w:styleId='{style_id}']", namespaces=NS)[0]


NS = {"w": qn("w:p")[1:].partition("}")[0], "wp": qn("wp:inline")[1:].partition("}")[0]}


def attributes(element: Any) -> dict[str, str]:
    return {etree.QName(key).localname: value for key, value in element.attrib.items()}
