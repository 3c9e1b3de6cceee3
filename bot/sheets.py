"""Sheets that people make: the first sheet of an Excel workbook, or a table of text values, as rows of plain text."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bot.errors import FileRefused
from bot.paper import material

MOST_ROWS, MOST_CELLS = 100_000, 64  # what comes behind them is no table of a county
_MOST_BYTES = 20 * 1024 * 1024
_DELIMITERS = ",;\t"


class Row(NamedTuple):
    """A row with something in it; `n` is its number in the sheet, from 1. A formula is its own text, never a value."""

    n: int
    cells: tuple[str, ...]


def read(path: Path) -> list[Row]:
    """The rows of a sheet, in order, empty ones left out.

    Raises FileRefused: `sheet.unreadable`, `sheet.kind`, `sheet.too_long` (most), and what `material.sniff` refuses;
    FileNotFoundError and other OSErrors as they come.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise FileRefused("sheet.too_long", {"most": MOST_ROWS})
    with path.open("rb") as file:
        head = file.read(64)
    packed = material.type_of(head) == "application/zip"
    if head.startswith(b"\xd0\xcf\x11\xe0"):  # a workbook of before 2007
        raise FileRefused("sheet.kind")
    rows = _workbook(path) if packed else _text(path)
    found: list[Row] = []
    for n, cells in enumerate(rows, 1):
        plain = tuple(cells[:MOST_CELLS])
        if any(plain):
            found.append(Row(n, plain))
        if n > MOST_ROWS:
            raise FileRefused("sheet.too_long", {"most": MOST_ROWS})
    return found


def _workbook(path: Path) -> Iterator[list[str]]:
    if "spreadsheet" not in material.sniff(path, "sheet.xlsx"):
        raise FileRefused("sheet.kind")
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=False)
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_CELLS, values_only=True):
            yield [_plain(value) for value in row]
        book.close()
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as trouble:
        raise FileRefused("sheet.unreadable") from trouble


def _text(path: Path) -> Iterator[list[str]]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")  # what Excel saves on a Chinese computer
        except UnicodeDecodeError as trouble:
            raise FileRefused("sheet.unreadable") from trouble
    if "\0" in text:
        raise FileRefused("sheet.unreadable")
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        for row in csv.reader(text.splitlines(), delimiter=delimiter):
            yield [_plain(cell) for cell in row]
    except csv.Error as trouble:
        raise FileRefused("sheet.unreadable") from trouble


def _plain(value: object) -> str:
    """A cell's text on one line; a whole number without the point that Excel gives it."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split())
