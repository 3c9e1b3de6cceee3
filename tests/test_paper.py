"""The Word file: the person's words and nothing else, in the layout the profile says."""

from __future__ import annotations

import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from bot.errors import PaperError
from bot.paper.layout import load_layout
from bot.paper.names import file_name
from bot.paper.word import read_text, write
from tests.needs import need
from tests.papers import DATED, GBT, NS, WORDS, attributes, content, made, parts, styled, xml

# the text


def test_the_file_holds_the_words_and_nothing_else() -> None:
    data = made(content("第一段。", "第二段。\n第三段。", pictures=[("wide", "院坝会现场"), ("high", "")]))
    wanted = [
        ("Title", "片长进院坝，小事不出片"), ("Subtitle", "云溪县石桥镇槐树村"), ("Heading 1", "一、基本情况"),
        ("Body Text", "第一段。"), ("Body Text", "第二段。"), ("Body Text", "第三段。"),
        ("Heading 1", "十二、经验启示"), ("Body Text", "照实说。"), ("Picture", ""),
        ("Caption", "图1　院坝会现场"), ("Picture", ""), ("Caption", "图2"),
    ]  # fmt: skip
    found = docx.Document(BytesIO(data)).paragraphs
    assert [(p.style.name if p.style else "", p.text) for p in found] == wanted
    assert read_text(data) == [text for _, text in wanted if text]


def test_code_in_a_text_is_text() -> None:
    strange = ["{{7*7}}", "{% for x in y %}", "<w:p/>", "A&B &amp; ]]>", "{number}{caption}"]
    data = made(content(*strange, title="<b>{{title}}</b>", pictures=[("wide", "{n} & <i>")]))
    assert read_text(data)[3:8] == strange
    assert "图1　{n} & <i>" in read_text(data) and read_text(data)[0] == "<b>{{title}}</b>"


def test_text_is_cleaned() -> None:
    data = made(content("　　一\x00二\x07三\ud83d四\r\n\n五\u2028六\t七\ufffe"))
    assert read_text(data)[3:6] == ["一二三\ufffd四", "五", "六\t七"]


def visible(text: str) -> str:
    return "".join(char for char in text if char.isprintable() and not char.isspace())


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(), max_size=400))
@example("\u202e" + "反" * 20_000)
@example("\udc80\x0b\x0c\x1b[0m\u2066\u200d\U0001f468\U000e0041\ufdd0")
@example("".join(map(chr, range(0x300))))
def test_any_text_gives_a_file_that_opens(text: str) -> None:
    data = made(content(text, title=text, pictures=[("tiny", text)]), draft_lines=[text])
    opened = docx.Document(BytesIO(data))
    body = "".join(p.text for p in opened.paragraphs if p.style and p.style.name == "Body Text")
    assert visible(body) == visible(re.sub("[\ud800-\udfff]", "\ufffd", text)) + "照实说。"


@given(st.integers(-3, 200))
def test_numerals(n: int) -> None:
    numeral = WORDS.numeral(n)
    if not 1 <= n <= 99:
        assert numeral == str(n)
        return
    tens, _, ones = numeral.rpartition("十") if "十" in numeral else ("", "", numeral)
    digits = "一二三四五六七八九"
    value = (digits.index(tens) + 1 if tens else int("十" in numeral)) * 10 + (digits.index(ones) + 1 if ones else 0)
    assert value == n


# the layout, row by row


def test_paper_margins_and_grid() -> None:
    section = xml(made(content("字")), "document").find(".//w:sectPr", NS)
    assert attributes(section.find("w:pgSz", NS)) == {"w": "11906", "h": "16838"}
    margins = attributes(section.find("w:pgMar", NS))
    assert {k: margins[k] for k in ("top", "left", "right", "bottom")} == {
        "top": "2098", "left": "1587", "right": "1474", "bottom": "1984"}  # fmt: skip
    assert attributes(section.find("w:docGrid", NS)) == {"type": "lines", "linePitch": "579"}


@pytest.mark.parametrize(
    ("style", "font", "half_points", "line", "align"),
    [
        ("Title", "方正小标宋简体", 44, 680, "center"),
        ("Subtitle", "楷体_GB2312", 32, 579, "center"),
        ("BodyText", "仿宋_GB2312", 32, 579, "both"),
        ("Heading1", "黑体", 32, 579, "both"),
        ("Heading2", "楷体_GB2312", 32, 579, "both"),
        ("Heading3", "仿宋_GB2312", 32, 579, "both"),
        ("Heading4", "仿宋_GB2312", 32, 579, "both"),
    ],
)
def test_styles(style: str, font: str, half_points: int, line: int, align: str) -> None:
    found = styled(made(content("字")), style)
    assert attributes(found.find("w:rPr/w:rFonts", NS))["eastAsia"] == font
    assert attributes(found.find("w:rPr/w:sz", NS)) == {"val": str(half_points)}
    assert attributes(found.find("w:rPr/w:spacing", NS)) == {"val": "-5"}
    assert attributes(found.find("w:rPr/w:b", NS)) == {"val": "0"}
    spacing = attributes(found.find("w:pPr/w:spacing", NS))
    assert (spacing["line"], spacing["lineRule"]) == (str(line), "exact")
    assert attributes(found.find("w:pPr/w:jc", NS)) == {"val": align}
    indent = found.find("w:pPr/w:ind", NS)
    indented = style.startswith(("Body", "Heading"))
    assert (indent is not None) == indented
    if indented:
        assert attributes(indent) == {"firstLineChars": "200", "firstLine": "640"}


def test_every_style_names_a_chinese_font_and_hangs_no_punctuation() -> None:
    styles = xml(made(content("字"), draft=True), "styles")
    for style in styles.findall("w:style", NS):
        assert "eastAsia" in attributes(style.find("w:rPr/w:rFonts", NS))
        assert attributes(style.find("w:pPr/w:overflowPunct", NS)) == {"val": "0"}
    assert "eastAsia" in attributes(styles.find("w:docDefaults//w:rFonts", NS))


def test_no_theme_font_and_a_hint_on_each_run() -> None:
    data = made(content("“引号”……——·"), draft_lines=["看"])
    assert not [name for name, blob in parts(data).items() if b"Theme=" in blob or "theme/" in name]
    for part in ("document", "footer-odd", "footer-even", "header-odd"):
        runs = [r for r in xml(data, part).iter(qn("w:r")) if r.find("w:t", NS) is not None]
        assert runs and all(attributes(r.find("w:rPr/w:rFonts", NS)) == {"hint": "eastAsia"} for r in runs)


def test_page_numbers() -> None:
    data = made(content("字"))
    assert xml(data, "settings").find("w:evenAndOddHeaders", NS) is not None
    opened = docx.Document(BytesIO(data))
    assert opened.settings.odd_and_even_pages_header_footer
    for part, side in (("footer-odd", "right"), ("footer-even", "left")):
        root = xml(data, part)
        assert "".join(root.itertext()) == "— 1 —"
        assert attributes(root.find(".//w:jc", NS)) == {"val": side}
        assert attributes(root.find(".//w:ind", NS)) == {f"{side}Chars": "100", side: "280"}
        assert attributes(root.find(".//w:fldSimple", NS)) == {"instr": " PAGE "}
    assert attributes(styled(data, "Footer").find("w:rPr/w:sz", NS)) == {"val": "28"}
    assert opened.sections[0].footer.paragraphs[0].text.startswith("— ")


def test_pictures_keep_their_shape_and_their_caption() -> None:
    data = made(content("字", pictures=[("wide", "会场"), ("high", "上门"), ("tiny", "")]))
    picture = styled(data, "Picture")
    assert attributes(picture.find("w:pPr/w:spacing", NS))["lineRule"] == "auto"
    assert picture.find("w:pPr/w:keepNext", NS) is not None
    sizes = [(int(e.get("cx")) / 36000, int(e.get("cy")) / 36000) for e in xml(data, "document").iter(qn("wp:extent"))]
    assert sizes[0] == pytest.approx((120, 90), abs=0.1)
    assert sizes[1] == pytest.approx((67.5, 90), abs=0.1)
    assert sizes[2] == pytest.approx((25.4, 12.7), abs=0.1)  # at 96 dpi, not blown up
    described = [attributes(e)["descr"] for e in xml(data, "document").iter(qn("wp:docPr"))]
    assert described == ["图1　会场", "图2　上门", "图3"]


def test_a_picture_that_is_none_is_a_paper_error() -> None:
    with pytest.raises(PaperError, match="picture 1"):
        write(content(pictures=[("x", "")]), GBT, picture=lambda _: b"no", out=BytesIO(), words=WORDS)


def test_the_signature_where_a_layout_wants_one(tmp_path: Path) -> None:
    (tmp_path / "signed.toml").write_text('base = "gbt9704"\n[signature]\nshow = true\n', encoding="utf-8")
    data = made(content("字"), load_layout("signed", tmp_path))
    lines = [p for p in docx.Document(BytesIO(data)).paragraphs if p.style and p.style.name == "Signature"]
    assert [p.text for p in lines] == ["云溪县石桥镇槐树村", "2026年11月2日"]
    right = [float(p._p.pPr.ind.get(qn("w:rightChars"))) / 100 for p in lines]
    # the unit is 9 characters wide, the date 6.5: it begins two characters further right, but ends 2 from the edge
    assert right == [2, 2.5]


def test_settings_and_properties_are_in_order() -> None:
    data = made(content("字"))
    found = xml(data, "settings")
    assert attributes(found.find("w:zoom", NS)) == {"percent": "100"}
    assert b"docId" not in parts(data)["word/settings.xml"]
    core = docx.Document(BytesIO(data)).core_properties
    assert (core.title, core.author, core.last_modified_by) == ("片长进院坝，小事不出片", "", "")
    assert core.created is not None and core.modified is not None
    assert core.created.date() == core.modified.date() == DATED
    assert "李建国".encode() not in b"".join(parts(data).values())
    assert b"dcterms" not in re.sub(rb"xmlns:\w+=\S+", b"", parts(made(content("字"), dated=None))["docProps/core.xml"])


def test_elements_stand_in_the_order_word_insists_on() -> None:
    paragraph = [
        "pStyle",
        "keepNext",
        "keepLines",
        "widowControl",
        "pBdr",
        "shd",
        "overflowPunct",
        "snapToGrid",
        "spacing",
        "ind",
        "jc",
        "outlineLvl",
    ]
    run = ["rFonts", "b", "bCs", "color", "spacing", "sz", "szCs", "lang"]
    data = made(content("字", pictures=[("wide", "")]), draft_lines=["看"])
    for part in ("styles", "document", "footer-odd", "header-even"):
        for tag, order in (("w:pPr", paragraph), ("w:rPr", run)):
            for element in xml(data, part).iter(qn(tag)):
                places = [order.index(etree.QName(child).localname) for child in element]
                assert places == sorted(places)


def test_two_renders_have_identical_parts() -> None:
    what = content("字" * 500, pictures=[("wide", "会场"), ("wide", "又一次")])
    assert parts(made(what)) == parts(made(what))
    assert parts(made(what, draft_lines=["看"])) == parts(made(what, draft_lines=["看"]))


def test_a_draft_is_marked_and_a_final_text_is_not() -> None:
    data = made(content("字"), draft_lines=["1　第5节没有写具体数字。"])
    opened = docx.Document(BytesIO(data))
    assert [p.text for p in opened.paragraphs][:3] == [
        WORDS.checks,
        "1　第5节没有写具体数字。",
        "片长进院坝，小事不出片",
    ]
    assert opened.sections[0].header.paragraphs[0].text == "草稿"
    assert opened.sections[0].even_page_header.paragraphs[0].text == "草稿"
    bare = docx.Document(BytesIO(made(content("字"), draft=True)))
    assert bare.paragraphs[0].text == bare.sections[0].header.paragraphs[0].text == "草稿"
    assert b"header" not in b"".join(name.encode() for name in parts(made(content("字"))))


# names


@pytest.mark.parametrize(
    ("pattern", "values", "name"),
    [
        (
            "{单位}-{标题}",
            {"单位": "石桥镇/槐树村", "标题": "院坝会：小事\n不出片?"},
            "石桥镇槐树村-院坝会：小事 不出片",
        ),
        ("{单位}-{标题}", {"标题": "甲"}, "甲"),
        ("{a}", {"a": "{b}"}, "{b}"),
        ("..hidden. ", {}, "hidden"),
        ('\\/:*?"<>|', {}, "未命名"),
        ("con", {}, "未命名-con"),
        ("LPT1.tar", {}, "未命名-LPT1.tar"),
        ("\u202egpj.exe\x00", {}, "gpj.exe"),
    ],
)
def test_file_names(pattern: str, values: dict[str, str], name: str) -> None:
    assert file_name(pattern, values, WORDS.untitled) == name


@given(st.text(st.characters(), max_size=200))
@example("案" * 200)
@example("e\u0301" * 100)
@example("aux" + "\u0300" * 200)
def test_any_name_can_be_written(text: str) -> None:
    name = file_name("{x}", {"x": text}, WORDS.untitled)
    assert 0 < len(name.encode()) <= 120
    assert not re.search(r'[\\/:*?"<>|\x00-\x1f]', name) and not name.startswith((".", " ")) and name.isprintable()


def test_a_long_name_is_cut_between_characters() -> None:
    assert file_name("{x}", {"x": "案" * 100}) == "案" * 40
    assert file_name("{x}", {"x": "a" * 119 + "x\u0323\u0304" * 3}) == "a" * 119


# the page, as LibreOffice lays it out


@pytest.mark.office
def test_22_lines_of_28_characters(tmp_path: Path) -> None:
    need("soffice", shutil.which("soffice") is not None, "LibreOffice is not installed")
    need("pdftotext", shutil.which("pdftotext") is not None, "poppler is not installed")
    text = "村里把院坝会开在田间地头谁家有难处当场说当场定谁来办" * 60
    pictures = [("wide", "会场"), ("high", "上门")]
    (tmp_path / "a.docx").write_bytes(made(content(text, pictures=pictures)))
    subprocess.run(
        ["soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", "pdf",
         "--outdir", str(tmp_path), str(tmp_path / "a.docx")], check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    laid = subprocess.run(["pdftotext", "-layout", str(tmp_path / "a.pdf"), "-"], check=True, capture_output=True)
    pages = [[line.strip() for line in page.splitlines() if line.strip()] for page in laid.stdout.decode().split("\f")]
    second = pages[1]
    assert len(second) == 23 and all(len(line) == 28 for line in second[:22])
    assert re.fullmatch(r"—\s*2\s*—", second[22])
    assert len(pages[0][3]) == 26  # the first line of a paragraph, two characters in
    captions = ["".join(page).replace(" ", "").replace("\u3000", "") for page in pages]
    assert any("图1会场" in page and "图2上门" in page for page in captions)  # two of full height on one page
