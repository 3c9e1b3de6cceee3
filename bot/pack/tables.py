"""Sheets for the office, made to be printed: a title, a head that stays, every text a text and never a formula."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from bot.pack.zipping import settled
from bot.paper.plain import clean

_LINE = 16.0  # points of a row for each line of text
_TITLE_ROW, _HEAD_ROW = 1, 3
_MOST = 32_767  # characters a cell can hold
_FORMULAS = ("=", "+", "-", "@")
_THIN = Side(style="thin", color="999999")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_HEAD_FILL = PatternFill("solid", fgColor="E8EDF3")
_FLAG_FILL = PatternFill("solid", fgColor="FFF4E0")


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column's head; `least` and `most` bound its width, in Latin characters; `centred` for what is short."""

    head: str
    least: int = 6
    most: int = 30
    centred: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A sheet: its tab's `name`, `title` and `note` above, the `page` at the foot, and the rows (from 0) `flagged` to
    be noticed."""

    name: str
    title: str
    note: str
    page: str
    font: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str | int]]
    flagged: Collection[int] = ()


def workbook(table: Table, at: datetime) -> bytes:
    """The sheet as .xlsx, the same bytes for the same table; `at` stands for the time it was made."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = table.name
    _fill(sheet, table)
    _lay_out(sheet, table)
    _for_print(sheet, table)
    book.properties.title = table.title[:255]
    book.properties.creator = ""
    book.properties.created = book.properties.modified = at.replace(tzinfo=None)
    out = BytesIO()
    # Not book.save, which puts the clock's time in.
    ExcelWriter(book, ZipFile(out, "w", ZIP_DEFLATED, allowZip64=True)).save()
    return settled(out.getvalue(), at)


def _fill(sheet: Worksheet, table: Table) -> None:
    _put(sheet, _TITLE_ROW, 1, table.title).font = Font(name=table.font, size=16, bold=True)
    _put(sheet, _TITLE_ROW + 1, 1, table.note).font = Font(name=table.font, size=10, color="555555")
    for n, column in enumerate(table.columns, 1):
        cell = _put(sheet, _HEAD_ROW, n, column.head)
        cell.font, cell.fill, cell.border = Font(name=table.font, size=11, bold=True), _HEAD_FILL, _BOX
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    plain = Font(name=table.font, size=10.5)
    for r, row in enumerate(table.rows):
        for n, (column, value) in enumerate(zip(table.columns, row, strict=True), 1):
            cell = _put(sheet, _HEAD_ROW + 1 + r, n, value)
            cell.font, cell.border = plain, _BOX
            side = "center" if column.centred else "left"
            cell.alignment = Alignment(horizontal=side, vertical="center", wrap_text=True)
            if r in table.flagged:
                cell.fill = _FLAG_FILL


def _put(sheet: Worksheet, row: int, column: int, value: str | int) -> Cell:
    """A number, or a text that stays one: people's words may look like a formula, or like an error."""
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)
    if isinstance(value, str):
        text = clean(value)[:_MOST]
        cell.value = text
        if text:
            cell.data_type = "s"
        if text.startswith(_FORMULAS):
            cell.quotePrefix = True  # stays a text when somebody edits the cell
    else:
        cell.value = value
    return cell


def _lay_out(sheet: Worksheet, table: Table) -> None:
    """Widths by what stands in the columns, heights by how that wraps: not every program finds them by itself."""
    widths = []
    for n, column in enumerate(table.columns):
        longest = max((_width(str(row[n])) for row in table.rows), default=0)
        wanted = max(longest + 2, min(_width(column.head) + 2, column.most))
        widths.append(min(max(wanted, column.least), column.most))
        sheet.column_dimensions[get_column_letter(n + 1)].width = widths[-1]
    for r, row in enumerate(table.rows, _HEAD_ROW + 1):
        lines = max(_lines(str(value), width) for value, width in zip(row, widths, strict=True))
        sheet.row_dimensions[r].height = min(_LINE * lines + 6, 400)
    heads = max(_lines(column.head, width) for column, width in zip(table.columns, widths, strict=True))
    sheet.row_dimensions[_HEAD_ROW].height = _LINE * heads + 8
    sheet.row_dimensions[_TITLE_ROW].height = 30
    sheet.row_dimensions[_TITLE_ROW + 1].height = 18
    last = len(table.columns)
    for at in (_TITLE_ROW, _TITLE_ROW + 1):
        sheet.merge_cells(start_row=at, end_row=at, start_column=1, end_column=last)
    sheet.cell(_TITLE_ROW, 1).alignment = Alignment(horizontal="center", vertical="center")
    sheet.cell(_TITLE_ROW + 1, 1).alignment = Alignment(horizontal="left", vertical="center")
    sheet.freeze_panes = f"A{_HEAD_ROW + 1}"


def _for_print(sheet: Worksheet, table: Table) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = f"{_HEAD_ROW}:{_HEAD_ROW}"
    sheet.print_options.horizontalCentered = True
    margins = sheet.page_margins
    margins.left = margins.right = 0.4
    margins.top, margins.bottom = 0.6, 0.7
    sheet.oddFooter.center.text = table.page  # type: ignore[union-attr]  # every new sheet has one


def _width(text: str) -> int:
    """Of the longest line, a Chinese character as two."""
    lines = text.split("\n")
    return max(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) for line in lines)


def _lines(text: str, width: float) -> int:
    """How many lines a text takes in a column of so many characters, the margins of its cell left out."""
    return sum(max(1, -(-_width(line) // max(int(width) - 2, 1))) for line in text.split("\n"))
