"""Reading Word files: the text, once, and nothing that is meant to harm."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from bot.errors import FileRefused
from bot.paper.word import read_text
from tests.papers import NS, content, made


def packed(body: str, head: str = "") -> bytes:
    space = f'xmlns:w="{NS["w"]}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("word/document.xml", f"{head}<w:document {space}><w:body>{body}</w:body></w:document>")
    return out.getvalue()


def test_reading_takes_tables_and_boxes_once_and_leaves_deleted_text() -> None:
    inner = "<w:p><w:r><w:t>框</w:t></w:r></w:p>"
    body = (
        "<w:p><w:r><w:t>甲</w:t><w:tab/><w:t>乙</w:t></w:r><w:del><w:r><w:delText>删</w:delText></w:r></w:del>"
        f"<mc:AlternateContent><mc:Choice>{inner}</mc:Choice><mc:Fallback>{inner}</mc:Fallback></mc:AlternateContent>"
        "</w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>格</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    )
    assert read_text(packed(body)) == ["甲\t乙", "框", "格"]


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"no zip", "file.unreadable"),
        (packed("<w:p>"), "file.unreadable"),
        (packed("&b;", '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'), "file.unreadable"),
        (packed("<w:p/>" * 2_000_000), "file.bomb"),
    ],
)
def test_reading_refuses_what_is_broken_or_meant_to_harm(data: bytes, key: str) -> None:
    with pytest.raises(FileRefused) as refused:
        read_text(data)
    assert refused.value.key == key


def test_reading_survives_deep_nesting_and_damage() -> None:
    deep = "<w:sdt>" * 50_000 + "<w:p><w:r><w:t>深</w:t></w:r></w:p>" + "</w:sdt>" * 50_000
    assert read_text(packed(deep)) == ["深"]
    whole = made(content("字" * 200))
    for at in range(0, len(whole), 97):
        try:
            read_text(whole[:at] + b"\xff\x00\xff" + whole[at + 3 :])
        except FileRefused as refused:
            assert refused.key.startswith("file.")
