"""The empty Word file of a layout: styles, settings, fonts, header, footers and an empty body.

python-docx's own template is not used: it brings theme fonts, Latin-only styles, two schema faults in
its settings and properties of 2013. These parts are written as XML instead; python-docx opens the
result and fills the body. Values come from a validated layout and the shipped words, and every text
among them is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from bot.paper.layout import Layout, PageNumber, Style
from bot.paper.words import PaperWords

_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_NS: Final = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    f'xmlns:r="{_OFFICE}/relationships" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
)
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_WORD_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml"
# In every paragraph style: widow control would leave pages of 21 lines, hanging punctuation lines of 29.
_PARAGRAPH: Final = '<w:widowControl w:val="0"/>{border}<w:overflowPunct w:val="0"/>'
# Where the pitch is not the grid's: LibreOffice would give such a line two lines of the grid.
_OFF_GRID: Final = '<w:snapToGrid w:val="0"/>'
_BOX: Final = (
    "<w:pBdr>"
    + "".join(
        f'<w:{side} w:val="single" w:sz="6" w:space="6" w:color="C00000"/>'
        for side in ("top", "left", "bottom", "right")
    )
    + '</w:pBdr><w:shd w:val="clear" w:color="auto" w:fill="FDF3F0"/>'
)


def twips_of_mm(mm: float) -> int:
    """Millimetres in twentieths of a point."""
    return round(mm * 1440 / 25.4)


def twips_of_pt(pt: float) -> int:
    """Points in twentieths of a point."""
    return round(pt * 20)


def _run_format(font: str, latin: str, size_pt: float, *, bold: bool = False, extra: str = "") -> str:
    latin, font = quoteattr(latin), quoteattr(font)
    on = "" if bold else ' w:val="0"'
    half = round(size_pt * 2)
    return (
        f"<w:rPr><w:rFonts w:ascii={latin} w:hAnsi={latin} w:eastAsia={font} w:cs={latin}/>"
        f'<w:b{on}/><w:bCs{on}/>{extra}<w:sz w:val="{half}"/><w:szCs w:val="{half}"/></w:rPr>'
    )


def _indent(size_pt: float, *, first: float = 0, left: float = 0, right: float = 0) -> str:
    """The XML of an indent in characters; the twips beside it serve readers that ignore characters."""
    out = ""
    for name, chars in (("left", left), ("right", right), ("firstLine", first)):
        if chars:
            out += f' w:{name}Chars="{round(chars * 100)}" w:{name}="{twips_of_pt(chars * size_pt)}"'
    return f"<w:ind{out}/>" if out else ""


def _style(
    layout: Layout,
    style_id: str,
    name: str,
    style: Style,
    *,
    line_pt: float | None = None,
    before: str = "",
    border: str = "",
    inset: float = 0,
    colour: str = "",
    level: int | None = None,
    following: str = "BodyText",
) -> str:
    """One paragraph style. `line_pt` overrides the style's; 0 there means automatic height."""
    pitch = (style.line_pt or layout.grid.line_pt) if line_pt is None else line_pt
    grid = "" if pitch == layout.grid.line_pt else _OFF_GRID
    height = f'w:line="{twips_of_pt(pitch)}" w:lineRule="exact"' if pitch else 'w:line="240" w:lineRule="auto"'
    gaps = f'w:before="{twips_of_pt(style.before_pt)}" w:after="{twips_of_pt(style.after_pt)}"'
    spacing = f'<w:spacing w:val="{twips_of_pt(layout.grid.spacing_pt)}"/>'
    latin = style.latin or layout.latin
    outline = "" if level is None else f'<w:outlineLvl w:val="{level}"/>'
    shift = _indent(style.size_pt, first=style.indent_chars, left=inset, right=inset)
    default = ' w:default="1"' if style_id == "Normal" else ""
    parent = "" if default else '<w:basedOn w:val="Normal"/>'
    return (
        f'<w:style w:type="paragraph"{default} w:styleId="{style_id}"><w:name w:val={quoteattr(name)}/>{parent}'
        f'<w:next w:val="{following}"/><w:qFormat/>'
        f"<w:pPr>{before}{_PARAGRAPH.format(border=border)}{grid}<w:spacing {gaps} {height}/>"
        f'{shift}<w:jc w:val="{style.align}"/>{outline}</w:pPr>'
        f"{_run_format(style.font, latin, style.size_pt, bold=style.bold, extra=colour + spacing)}</w:style>"
    )


def _plain(number: PageNumber) -> Style:
    return Style(font=number.font, latin=number.latin, size_pt=number.size_pt, align="left")


def _all_styles(layout: Layout) -> Iterator[str]:
    keep = "<w:keepNext/><w:keepLines/>"
    body = layout.body
    normal = Style(font=body.font, latin=body.latin, size_pt=body.size_pt, line_pt=body.line_pt)
    picture = Style(
        font=body.font, latin=body.latin, size_pt=body.size_pt, align="center", before_pt=layout.picture.before_pt
    )
    red = '<w:color w:val="C00000"/>'
    yield _style(layout, "Normal", "Normal", normal, following="Normal")
    yield _style(layout, "BodyText", "Body Text", body)
    yield _style(layout, "Title", "Title", layout.title, before=keep, following="Subtitle")
    yield _style(layout, "Subtitle", "Subtitle", layout.unit, before=keep)
    headings = (layout.heading, layout.heading2, layout.heading3, layout.heading4)
    for level, heading in enumerate(headings):
        yield _style(layout, f"Heading{level + 1}", f"heading {level + 1}", heading, before=keep, level=level)
    # Exact spacing would clip a picture to one line, so this one style has automatic height.
    yield _style(layout, "Picture", "Picture", picture, line_pt=0, before=keep, following="Caption")
    yield _style(layout, "Caption", "caption", layout.caption, before="<w:keepLines/>")
    yield _style(layout, "Header", "header", layout.draft, line_pt=0, colour=red, following="Header")
    yield _style(layout, "Footer", "footer", _plain(layout.page_number), line_pt=0, following="Footer")
    yield _style(
        layout, "Draft", "Draft", layout.draft, before="<w:keepLines/>", border=_BOX, inset=0.6, following="Draft"
    )
    yield _style(layout, "Signature", "Signature", Style(font=body.font, latin=body.latin, size_pt=body.size_pt,
                                                         align="right"), before="<w:keepLines/>")  # fmt: skip


def _styles(layout: Layout) -> str:
    defaults = _run_format(layout.body.font, layout.latin, layout.body.size_pt)
    language = '<w:lang w:val="en-US" w:eastAsia="zh-CN" w:bidi="ar-SA"/></w:rPr>'
    return (
        f"<w:styles {_NS}><w:docDefaults><w:rPrDefault>{defaults.replace('</w:rPr>', language)}</w:rPrDefault>"
        f"<w:pPrDefault/></w:docDefaults>{''.join(_all_styles(layout))}</w:styles>"
    )


def _font_table(layout: Layout) -> str:
    instead = dict(layout.instead)
    styles = (layout.title, layout.unit, layout.body, layout.heading, layout.heading2, layout.heading3,
              layout.heading4, layout.caption, layout.draft, layout.page_number)  # fmt: skip
    chinese = sorted({style.font for style in styles})
    latin = sorted({layout.latin, *(style.latin for style in styles if style.latin)} - set(chinese))
    out = ""
    for font in chinese:
        other = f"<w:altName w:val={quoteattr(instead[font])}/>" if font in instead else ""
        out += f'<w:font w:name={quoteattr(font)}>{other}<w:charset w:val="86"/><w:family w:val="auto"/></w:font>'
    for font in latin:
        out += f'<w:font w:name={quoteattr(font)}><w:charset w:val="00"/><w:family w:val="auto"/></w:font>'
    return f"<w:fonts {_NS}>{out}</w:fonts>"


def _settings() -> str:
    return (
        f'<w:settings {_NS}><w:zoom w:percent="100"/><w:defaultTabStop w:val="640"/><w:evenAndOddHeaders/>'
        '<w:characterSpacingControl w:val="compressPunctuation"/><w:compat>'
        '<w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/>'
        '</w:compat><w:themeFontLang w:val="en-US" w:eastAsia="zh-CN"/></w:settings>'
    )


def _run(text: str) -> str:
    return f'<w:r><w:rPr><w:rFonts w:hint="eastAsia"/></w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def _footer(layout: Layout, words: PaperWords, side: str) -> str:
    number = layout.page_number
    before, _, after = words.page.partition("{n}")
    edge = _indent(number.size_pt, left=number.edge_chars if side == "left" else 0,
                  right=number.edge_chars if side == "right" else 0)  # fmt: skip
    return (
        f'<w:ftr {_NS}><w:p><w:pPr><w:pStyle w:val="Footer"/>{edge}<w:jc w:val="{side}"/></w:pPr>{_run(before)}'
        f'<w:fldSimple w:instr=" PAGE ">{_run("1")}</w:fldSimple>{_run(after)}</w:p></w:ftr>'
    )


def _header(words: PaperWords) -> str:
    return (
        f'<w:hdr {_NS}><w:p><w:pPr><w:pStyle w:val="Header"/><w:jc w:val="right"/></w:pPr>'
        f"{_run(words.draft)}</w:p></w:hdr>"
    )


def _document(layout: Layout, draft: bool) -> str:
    paper = layout.paper
    edges = {"top": paper.top_mm, "right": paper.right_mm, "bottom": paper.bottom_mm, "left": paper.left_mm,
             "header": paper.header_mm, "footer": paper.footer_mm, "gutter": 0.0}  # fmt: skip
    margins = " ".join(f'w:{edge}="{twips_of_mm(mm)}"' for edge, mm in edges.items())
    kinds = (("default", "odd"), ("even", "even"))
    heads = "".join(f'<w:headerReference w:type="{t}" r:id="header-{n}"/>' for t, n in kinds) if draft else ""
    feet = "".join(f'<w:footerReference w:type="{t}" r:id="footer-{n}"/>' for t, n in kinds)
    return (
        f"<w:document {_NS}><w:body><w:sectPr>{heads}{feet}"
        f'<w:pgSz w:w="{twips_of_mm(paper.width_mm)}" w:h="{twips_of_mm(paper.height_mm)}"/><w:pgMar {margins}/>'
        f'<w:docGrid w:type="lines" w:linePitch="{twips_of_pt(layout.grid.line_pt)}"/>'
        "</w:sectPr></w:body></w:document>"
    )


def _core() -> str:
    return (
        f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>'
    )


def _relations(targets: dict[str, tuple[str, str]]) -> str:
    lines = "".join(
        f'<Relationship Id="{key}" Type="{kind}" Target="{target}"/>' for key, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{lines}</Relationships>'


def _content_types(words_parts: dict[str, str]) -> str:
    lines = "".join(f'<Override PartName="/word/{n}.xml" ContentType="{t}"/>' for n, t in words_parts.items())
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{lines}'
        '<Override PartName="/docProps/core.xml" '
        'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'
    )


@lru_cache(maxsize=32)
def empty_document(layout: Layout, words: PaperWords, draft: bool) -> bytes:
    """The .docx without a body; `draft` puts the draft mark into the page header. Kept per layout."""
    kind = f"{_OFFICE}/relationships"
    parts = {"styles": _styles(layout), "settings": _settings(), "fontTable": _font_table(layout)}
    related = {part: (f"{kind}/{part}", f"{part}.xml") for part in parts}
    types = {part: f"{_WORD_TYPE}.{part}+xml" for part in parts}
    ends = {"footer-odd": _footer(layout, words, "right"), "footer-even": _footer(layout, words, "left")}
    if draft:
        ends |= {"header-odd": _header(words), "header-even": _header(words)}
    for name, xml in ends.items():
        end = name.partition("-")[0]
        parts[name], related[name] = xml, (f"{kind}/{end}", f"{name}.xml")
        types[name] = f"{_WORD_TYPE}.{end}+xml"
    files = {
        "[Content_Types].xml": _content_types({"document": f"{_WORD_TYPE}.document.main+xml", **types}),
        "_rels/.rels": _relations({
            "document": (f"{kind}/officeDocument", "word/document.xml"),
            "core": (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
        }),
        "docProps/core.xml": _core(),
        "word/document.xml": _document(layout, draft),
        "word/_rels/document.xml.rels": _relations(related),
        **{f"word/{name}.xml": xml for name, xml in parts.items()},
    }  # fmt: skip
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as package:
        for path, xml in files.items():
            package.writestr(ZipInfo(path), _HEAD + xml)
    return out.getvalue()
