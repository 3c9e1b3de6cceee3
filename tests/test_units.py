"""The tree of units out of sheets as counties have them, and out of such as nobody should have."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from bot.__main__ import main
from tests.homes import environment

Run = Callable[..., tuple[int, str, str]]
HEAD = ("序号", "乡镇（街道）", "村（社区）", "类型")


@pytest.fixture
def anlitong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """One command on a data folder of its own: exit status, what it said, what it complained of."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*args: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with ThreadPoolExecutor(1) as other:  # a thread without a loop, whatever ran in this one before
            status = other.submit(main, [str(arg) for arg in args]).result()
        told = capsys.readouterr()
        return status, told.out, told.err

    yield run


def workbook(path: Path, *rows: Sequence[Any]) -> Path:
    """A workbook with these rows on its first sheet."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    return path


def listed(anlitong: Run) -> list[tuple[str, str, str]]:
    """Path, level and kind of all units there are."""
    status, out, _ = anlitong("units", "list", "--json")
    assert status == 0
    return [(one["path"], one["level"], one["kind"]) for one in json.loads(out)]


def test_a_sheet_with_merged_cells_becomes_the_tree(tmp_path: Path, anlitong: Run) -> None:
    """What is empty above a village is its neighbour's; a second run makes nothing new."""
    file = workbook(
        tmp_path / "单位.xlsx",
        HEAD,
        (1, "石桥镇", "槐树村", "村"),
        (2, None, "枫树村", "村"),
        (3, None, "滨河社区", "社区"),
        (4, "青溪镇", None, None),
        (5, None, "白果村", "村"),
        (6, "石桥镇", "A/B组", "村"),
    )
    status, out, _ = anlitong("units", "import", file, "--dry-run")
    assert (status, "6个单位" in out) == (0, True)
    assert not (tmp_path / "data").exists() and listed(anlitong) == []
    assert anlitong("units", "import", file) == (0, "表里有6个单位。连同它们的上级，一共新建了8个，核实了0个。\n", "")
    assert listed(anlitong) == [
        ("云溪县", "县", ""),
        ("云溪县/石桥镇", "乡镇", ""),
        ("云溪县/石桥镇/A／B组", "村", "村"),
        ("云溪县/石桥镇/枫树村", "村", "村"),
        ("云溪县/石桥镇/槐树村", "村", "村"),
        ("云溪县/石桥镇/滨河社区", "村", "社区"),
        ("云溪县/青溪镇", "乡镇", ""),
        ("云溪县/青溪镇/白果村", "村", "村"),
    ]
    assert anlitong("units", "import", file, "--json")[1] == '{\n  "units": 6,\n  "made": 0,\n  "confirmed": 0\n}\n'
    narrow = anlitong("units", "list", "--unit", "云溪县/青溪镇")[1].splitlines()
    assert [line.split()[0] for line in narrow] == ["单位", "云溪县/青溪镇", "云溪县/青溪镇/白果村"]


@pytest.mark.parametrize(("coding", "comma"), [("utf-8-sig", ","), ("utf-8", "\t"), ("gb18030", ","), ("utf-8", ";")])
def test_a_table_of_text_as_excel_saves_it(tmp_path: Path, anlitong: Run, coding: str, comma: str) -> None:
    """With or without a mark at its beginning, in the old coding as well."""
    file = tmp_path / "单位.csv"
    lines = ["县,乡镇,村", "云溪县,石桥镇,槐树村", ",,枫树村", ",平安乡,向阳村"]
    file.write_bytes("\r\n".join(line.replace(",", comma) for line in lines).encode(coding))
    assert anlitong("units", "import", file)[0] == 0
    assert [path for path, _, _ in listed(anlitong)] == [
        "云溪县",
        "云溪县/平安乡",
        "云溪县/平安乡/向阳村",
        "云溪县/石桥镇",
        "云溪县/石桥镇/枫树村",
        "云溪县/石桥镇/槐树村",
    ]


def test_all_mistakes_at_once_and_nothing_is_taken(tmp_path: Path, anlitong: Run) -> None:
    """Each with its row; one that only repeats another is told and does no harm."""
    file = workbook(
        tmp_path / "单位.xlsx",
        ("县", "乡镇", "村"),
        ("", "", "孤村"),
        ("云溪县", "石桥镇", "槐树村"),
        ("明河县", "大坪乡", "杨柳村"),
        ("云溪县", "石桥镇", "槐树村"),
        ("云溪县", "石桥镇", '=HYPERLINK("http://x","村")'),
        ("云溪县", "青溪镇", "村" * 61),
    )
    status, out, err = anlitong("units", "import", file)
    assert status == 1 and out == "第5行：“槐树村”和第3行重复，只算一个。\n"
    assert err.splitlines() == [
        "第2行：“孤村”没有写它的乡镇，请补上。",
        "第4行：“明河县”不是云溪县的，请核对。",
        '第6行：“=HYPERLINK("http://x","村")”是公式，请改成单位的名字。',
        f"第7行：“{'村' * 60}……”太长，名字请不超过60个字。",
        "有4处要改，改好再导入。",
    ]
    assert listed(anlitong) == []


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "表里没有单位"),
        ([("乡镇", "村")], "表里没有单位"),
        ([("乡镇", "村", "书记姓名"), ("石桥镇", "槐树村", "李建国")], "第1行：不认得“书记姓名”这一列"),
        ([("村", "行政村"), ("槐树村", "枫树村")], "第1行：“村”有两列"),
        ([("序号", "备注"), (1, "x")], "第1行：没有写单位的列"),
        ([("乡镇", "村", "序号"), ("石桥镇", "槐树村", 1), (None, None, 2)], "第3行：这一行没有单位"),
    ],
)
def test_a_sheet_that_is_none(tmp_path: Path, anlitong: Run, rows: list[Any], sentence: str) -> None:
    """Columns that are not known, and rows that name nothing."""
    status, _, err = anlitong("units", "import", workbook(tmp_path / "单位.xlsx", *rows))
    assert status == 1 and err.startswith(sentence)


def test_files_that_are_no_sheets(tmp_path: Path, anlitong: Run) -> None:
    """One sentence that says what to do, whatever it is."""
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    (tmp_path / "bytes.csv").write_bytes(bytes(range(256)))
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 400_000_000)
    (tmp_path / "half.xlsx").write_bytes(workbook(tmp_path / "whole.xlsx", HEAD).read_bytes()[:900])
    told = {name: anlitong("units", "import", tmp_path / name) for name in ("old.xls", "bytes.csv", "bomb.xlsx")}
    assert all(status == 1 for status, _, _ in told.values())
    assert "另存为xlsx" in told["old.xls"][2] and "打不开" in told["bytes.csv"][2] and "太大" in told["bomb.xlsx"][2]
    for name in ("half.xlsx", "none.xlsx"):
        status, _, err = anlitong("units", "import", tmp_path / name)
        assert status == 1 and len(err.splitlines()) == 1 and "请" in err


def test_a_whole_province_comes_in_one_sheet(tmp_path: Path, anlitong: Run) -> None:
    """50,000 rows: each is there, and none twice."""
    file = tmp_path / "单位.csv"
    rows = [f"第{town}镇,第{town}之{n}村" for town in range(500) for n in range(100)]
    file.write_text("\n".join(["乡镇,村", *rows, *rows[:10]]), "utf-8")
    status, out, _ = anlitong("units", "import", file)
    assert status == 0 and out.splitlines()[-1] == "表里有50000个单位。连同它们的上级，一共新建了50501个，核实了0个。"
    assert len({path for path, _, _ in listed(anlitong)}) == 50_501
