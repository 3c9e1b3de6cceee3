"""The official pack: opened again, it holds what was handed in, and nothing else."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path, PurePosixPath
from time import perf_counter
from typing import Any

import docx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from bot.__main__ import main
from bot.acts import AddUnits, Enclose, EnterCase, Entered, MarkOpened, OpenEdition, PassCases, Rank, Recommend
from bot.app import EVERYTHING, House
from bot.config import load
from bot.doors import Acted, Pack, Scope
from bot.engine.content import Content, Material, Picture
from bot.pack.naming import Folder
from bot.pack.packing import Made
from bot.pack.zipping import Zip
from storage import filerows, review
from storage import pack as rows
from tests import pictures
from tests.homes import Clock, Officer, officer

CITY, COUNTY, OTHER = "青川市", "青川市/云溪县", "青川市/白沙县"
VILLAGES = tuple(f"{COUNTY}/石桥镇/{name}村" for name in "槐龙白柳")
FAR = f"{OTHER}/大坪镇/高坎村"
CALL = """
id = "route"
title = "治理案例"
due = "12-15"
zone = "Asia/Shanghai"
limit = { min = 10, max = 60 }

[[head]]
id = "title"
kind = "line"
label = "标题"
ask = "您想写哪件事？"
required = true

[[head]]
id = "category"
kind = "choice"
label = "类别"
ask = "哪一类？"
options = [{ id = "rules", label = "乡村治理" }, { id = "manners", label = "移风易俗" }]

[[section]]
id = "done"
heading = "主要做法"
[[section.question]]
id = "what"
ask = "做了什么？"
required = true

[pictures]
ask = "请发照片。"
min = 1
max = 5

[[material]]
id = "rules"
label = "村规民约"
ask = "请拍下来。"
min = 1

[[declaration]]
id = "true"
label = "材料真实"
ask = "我写的都是真的。"

[[level]]
id = "county"
title = "县级"

[[level]]
id = "city"
title = "市级"

[names]
folder = "{序号}-{单位}-{标题}"
file = "{标题}-{联系人}"
"""


def environment(folder: Path, place: str = "") -> dict[str, str]:
    """Settings for a city with one call."""
    calls = folder / "calls"
    calls.mkdir(exist_ok=True)
    (calls / "route.toml").write_text(CALL, "utf-8")
    return {
        "ANLITONG_CALLS__FOLDER": str(calls),
        "ANLITONG_CALLS__OPEN": "[]",
        "ANLITONG_SITE__ROOT": CITY,
        "ANLITONG_SITE__ROOT_LEVEL": "市",
        **({"ANLITONG_DATABASE__URL": place} if "://" in place else {}),
    }


class City:
    """A city in a house of its own, whose county enters, passes, ranks and recommends."""

    def __init__(self, house: House, edition: int, county: Officer) -> None:
        self.house, self.edition, self.county = house, edition, county

    async def act(self, command: object, who: Officer | None = None) -> dict[str, Any]:
        done = await self.house.doors.act((who or self.county).actor, command)
        assert isinstance(done, Acted), done
        return dict(done.result)

    async def file(self, data: bytes, name: str) -> Entered:
        """A file in the store."""
        kind = "picture" if name.endswith("jpg") else "file"
        mime = "image/jpeg" if kind == "picture" else "application/pdf"
        kept = self.house.files.store(data, kind=kind, mime=mime, name=name, width=1600, height=1200)
        await self.house.desk.submit(lambda c: filerows.keep(c, kept, self.house.world.now()))
        kind_ = "picture" if kind == "picture" else "file"
        return Entered(file=kept.hash, name=name, mime=mime, kind=kind_, size=len(data), width=1600, height=1200)  # type: ignore[arg-type]

    async def case(self, title: str, unit: str = VILLAGES[0], **more: Any) -> int:
        """A case that was entered, opened and passed."""
        values = {"name": "李建国", "phone": "13900002217", "category": "rules", "text": f"主要做法\n{title}。", **more}
        entered = await self.act(EnterCase(edition=self.edition, unit=unit, title=title, **values))
        await self.act(MarkOpened(case=entered["case"]))
        await self.act(PassCases(cases=((entered["case"], 1),)))
        return int(entered["case"])

    async def recommend(self, *cases: int) -> None:
        """Ranked in this order, and recommended."""
        await self.act(Rank(edition=self.edition, cases=cases))
        for case in cases:
            n = (await self.rows())[case].n
            await self.act(Recommend(case=case, n=n))

    async def rows(self, scope: Scope = EVERYTHING) -> dict[int, rows.PackCase]:
        found = await self.house.readers.run(lambda c: rows.of_edition(c, scope, self.edition))
        return {one.id: one for one in found}

    async def rewrite(self, case: int, change: Callable[[Content], Content]) -> Content:
        """Another submission of the case, with what a paper could not bring along."""

        def work(connection: Any) -> Content:
            before = review.content(connection, case, 1)
            assert before is not None
            after = change(before)
            review.freeze(connection, case, 2, after, self.house.world.now())
            review.set_columns(connection, case, n=2, words=after.words())
            return after

        return await self.house.desk.submit(work)

    async def pack(self, scope: Scope = EVERYTHING, **more: Any) -> dict[str, bytes]:
        return opened(await self.bytes(scope, **more))

    async def bytes(self, scope: Scope = EVERYTHING, **more: Any) -> bytes:
        found = await self.house.look.pack(scope, self.edition, **more)
        assert found is not None
        return b"".join([piece async for piece in found.pieces])


@pytest.fixture
async def city(tmp_path: Path, place: str) -> AsyncIterator[City]:
    """On both databases."""
    world = Clock()
    settings = load(data=str(tmp_path / "data"), environ=environment(tmp_path, place))
    async with House(settings, world=world, busy=False) as house:
        made = await house.act(OpenEdition(call="route"))
        assert isinstance(made, Acted)
        await house.act(AddUnits(paths=(*VILLAGES, FAR)))
        county = await officer(house, "county", COUNTY, name="周敏")
        yield City(house, int(made.result["edition"]), county)


def opened(data: bytes) -> dict[str, bytes]:
    """The files of a zip by their names; the zip is sound."""
    with zipfile.ZipFile(BytesIO(data)) as zipped:
        assert zipped.testzip() is None
        names = zipped.namelist()
        assert len({name.casefold() for name in names}) == len(names)
        return {name: zipped.read(name) for name in names}


def table(data: bytes) -> list[dict[str, Any]]:
    """The rows of a sheet under their heads."""
    sheet = load_workbook(BytesIO(data)).worksheets[0]
    _, _, heads, *lines = sheet.iter_rows(values_only=True)
    return [dict(zip(heads, line, strict=True)) for line in lines]


def below(path: str) -> Scope:
    return Scope(person=0, units=(path,))


# ---------------------------------------------------------------- what is in it


async def test_thirty_cases_come_out_as_they_were_handed_in(city: City) -> None:
    """Each in its folder by category and rank, the Word file with every paragraph, every picture byte by byte."""
    sent: dict[int, tuple[str, list[bytes], list[str]]] = {}
    for n in range(30):
        photos = [pictures.jpeg(640 + n, 480 + k) for k in range(2)]
        files = [await city.file(photo, f"IMG_{k}.jpg") for k, photo in enumerate(photos)]
        files.append(await city.file(b"%PDF-1.4 rules " + str(n).encode(), "公约.pdf"))
        lines = [f"一是第{n}件事，定了{n + 3}条。", "二是每月5日开院坝会。"]
        title = f"案例第{n:02d}号"
        case = await city.case(
            title,
            VILLAGES[n % 4],
            category="manners" if n % 3 == 0 else "rules",
            text="\n".join(["主要做法", *lines]),
            files=tuple(files),
        )
        sent[case] = (title, photos, lines)
    order = list(sent)[::-1]
    await city.recommend(*order)
    found = await city.pack()
    known = await city.rows()
    for category, label in (("rules", "乡村治理"), ("manners", "移风易俗")):
        ranked = [case for case in order if known[case].category == category]
        for place, case in enumerate(ranked, 1):
            title, photos, lines = sent[case]
            unit = known[case].path.replace("/", "")
            folder = f"县级推荐/{label}/{place:02d}-{unit}-{title}"
            inside = {name.removeprefix(f"{folder}/"): data for name, data in found.items() if name.startswith(folder)}
            word = inside.pop(f"{title}-李建国.docx")
            told = [p.text for p in docx.Document(BytesIO(word)).paragraphs]
            assert [told[0], told[1]] == [title, unit]
            assert [line for line in told if line in lines] == lines
            assert inside.pop("照片/01.jpg") == photos[0]
            assert inside.pop("照片/02.jpg") == photos[1]
            assert [name.split("/")[0] for name in inside] == ["附件"]
            assert next(iter(inside.values())).startswith(b"%PDF-1.4 rules")
    summary = table(found["汇总表.xlsx"])
    assert [row["序号"] for row in summary] == list(range(1, 31))
    assert [row["标题"] for row in summary] == [
        sent[case][0] for category in ("rules", "manners") for case in order if known[case].category == category
    ]
    first = summary[0]
    case = next(c for c in order if known[c].category == "rules")
    assert (first["编号"], first["县级名次"]) == (known[case].number, order.index(case) + 1)
    assert (first["市"], first["县"], first["乡镇"]) == tuple(known[case].path.split("/")[:3])
    assert (first["联系人"], first["电话"], first["字数"], first["照片数"]) == (
        "李建国",
        "13900002217",
        known[case].words,
        2,
    )
    assert first["推荐日期"] == "2026年11月22日"
    assert first["备注"] == "代录"
    assert len(found) == 30 * 4 + 2


async def test_it_tells_what_is_missing_and_odd(city: City) -> None:
    """A picture whose bytes are gone, too few of them, material, a length, an old seal, a contact without a phone."""
    photo = await city.file(pictures.jpeg(640, 480), "a.jpg")
    rule = await city.file(b"%PDF-1.4", "公约.pdf")
    whole = await city.case("都齐全的一篇案例", files=(photo, rule))
    bare = await city.case("短的", VILLAGES[1], phone="", text="主要做法\n短。")
    lost = await city.file(pictures.jpeg(640, 481), "b.jpg")
    holed = await city.case("少一张照片的一篇案例", VILLAGES[2], name="王芳", files=(photo, lost, rule))
    await city.act(Enclose(case=holed, kind="sealed", file=rule.file, name="盖章.pdf"))
    await city.rewrite(
        holed, lambda c: replace(c, pictures=tuple(replace(p, caption=f"第{p.n}景") for p in c.pictures))
    )
    city.house.files.path(lost.file).unlink()
    await city.recommend(whole, bare, holed)
    found = await city.pack()
    lines = {row["标题"]: row for row in table(found["完整性清单.xlsx"])}
    told = lines["都齐全的一篇案例"]["缺什么、核对什么"].split("\n")
    assert told == ["没有注明哪一件是“村规民约”，请核对附件", "代录的案例，声明请写稿人另签"]
    told = lines["短的"]["缺什么、核对什么"].split("\n")
    assert told == [
        "照片0张，要求至少1张",
        "“村规民约”0件，要求至少1件",
        "代录的案例，声明请写稿人另签",
        "没有联系人或电话",
    ]
    told = lines["少一张照片的一篇案例"]["缺什么、核对什么"].split("\n")
    assert told[0] == "文件不在了：照片/02-第2景.jpg"
    assert told[-1] == "盖章件是第1稿的，现在是第2稿，请核对"
    assert lines["少一张照片的一篇案例"]["照片说明"] == "2/2"
    assert lines["少一张照片的一篇案例"]["盖章件"] == "1件"
    assert {row["状态"] for row in lines.values()} == {"市级等待审核"}
    folder = lines["少一张照片的一篇案例"]["所在文件夹"]
    assert found[f"{folder}/盖章件/盖章.pdf"] == b"%PDF-1.4"
    assert f"{folder}/照片/01-第1景.jpg" in found and f"{folder}/照片/02-第2景.jpg" not in found
    word = found[f"{folder}/少一张照片的一篇案例-王芳.docx"]
    assert len(docx.Document(BytesIO(word)).inline_shapes) == 1
    checks = {row["标题"]: row["检查"] for row in table(found["汇总表.xlsx"])}
    assert checks["短的"] == "全文2字，要求不少于10字"
    assert "第1张照片没有说明" in checks["都齐全的一篇案例"]


async def test_which_cases_and_under_which_level(city: City) -> None:
    """Recommended, passed, all; what the level above has still counts as recommended, what was taken back does not."""
    up, down, fit = [await city.case(f"第{n}篇", VILLAGES[n]) for n in range(3)]
    raw = await city.act(
        EnterCase(edition=city.edition, unit=VILLAGES[3], name="李", title="第3篇", text="主要做法\n还没看。")
    )
    await city.recommend(up, down)
    above = await officer(city.house, "city", CITY)
    swapped = Recommend(case=fit, n=1, swap=down, reason="换一篇")
    await city.act(swapped)
    await city.act(MarkOpened(case=up), above)
    await city.act(PassCases(cases=((up, 1),)), above)

    async def titles(**more: Any) -> list[str]:
        found = await city.pack(**more)
        return sorted(f"{PurePosixPath(n).parts[0]} {PurePosixPath(n).stem[:3]}" for n in found if n.endswith("docx"))

    assert raw["case"]
    assert await titles() == ["县级推荐 第0篇", "县级推荐 第2篇"]
    assert await titles(level="county") == ["县级推荐 第0篇", "县级推荐 第2篇"]
    assert await titles(state="passed") == ["县级 第1篇", "县级 第2篇", "市级 第0篇"]
    assert await titles(state="passed", level="county") == ["县级 第0篇", "县级 第1篇", "县级 第2篇"]
    assert await titles(state="all") == ["县级 第1篇", "县级 第3篇", "市级 第0篇", "市级 第2篇"]
    assert await city.house.look.pack(EVERYTHING, city.edition, level="city") is None
    await city.act(Recommend(case=up, n=1), above)
    assert await titles() == ["县级推荐 第2篇", "市级推荐 第0篇"]
    assert await titles(level="county") == ["县级推荐 第0篇", "县级推荐 第2篇"]
    (row,) = [row for row in table((await city.pack())["汇总表.xlsx"]) if row["标题"] == "第0篇"]
    assert (row["县级名次"], row["市级名次"]) == (1, "推荐")


async def test_who_does_not_oversee_a_unit_gets_nothing_of_it(city: City) -> None:
    """Neither in the pack nor by the reading behind it; a writer gets no pack at all."""
    other = await officer(city.house, "other", OTHER)
    near = await city.case("近处的案例")
    await city.recommend(near)
    entered = await city.act(
        EnterCase(edition=city.edition, unit=FAR, name="吴江", title="远处的案例", text="主要做法\n远。"), other
    )
    far = int(entered["case"])
    found = await city.pack(below(COUNTY), state="all")
    assert "远处" not in "".join(found) and "远处" not in str(
        [table(found[f"{n}.xlsx"]) for n in ("汇总表", "完整性清单")]
    )
    assert list(await city.rows(below(OTHER))) == [far]
    read = city.house.readers.run
    assert await read(lambda c: rows.content(c, below(OTHER), near, 1)) is None
    assert await read(lambda c: rows.content(c, below(COUNTY), near, 1)) is not None
    assert await read(lambda c: rows.recommended(c, below(OTHER), city.edition)) == {}
    assert list(await read(lambda c: rows.recommended(c, below(COUNTY), city.edition))) == [near]
    assert await city.house.look.pack(below(OTHER), city.edition) is None
    assert await city.house.look.pack(Scope(person=near), city.edition, state="all") is None
    assert await city.house.look.pack(EVERYTHING, 4711) is None


# ---------------------------------------------------------------- names and formulas

BAD = [
    "../../x",
    "a/b",
    "CON",
    "\u202egpj.exe",
    "=1+1",
    "..",
    "c:\\windows",
    "nul.txt",
    "长" * 100,
    "x\x00y\n",
    "@a",
    "-2",
]


async def test_no_name_leads_out_of_its_folder(city: City) -> None:
    """Titles, contacts, labels and file names from anywhere; two cases of one name keep both."""
    cases = []
    for n, bad in enumerate(BAD):
        case = await city.case(f"案例{n}", VILLAGES[n % 4], name=bad.replace("\x00", "") or "x")
        photo = await city.file(pictures.jpeg(640, 480 + n), "a.jpg")

        def spoil(content: Content, bad: str = bad, file: str = photo.file) -> Content:
            shots = tuple(
                Picture(id=f"p{k}", n=k, file=file, name=f"{bad}.jpg", caption=bad, width=1, height=1) for k in (1, 1)
            )
            more = tuple(Material(id=f"m{k}", file=file, name=bad, label=bad) for k in range(2))
            return replace(content, title=bad, pictures=shots, materials=more)

        await city.rewrite(case, spoil)
        cases.append(case)
    await city.recommend(*cases)
    found = await city.pack()
    assert len(found) == len(BAD) * 5 + 2
    for name in found:
        for part in name.split("/"):
            assert part not in ("", ".", "..") and len(part.encode()) <= 120
            assert (
                not set(part) & set('\\:*?"<>|\x00\n\u202e') and not part.startswith(".") and part.strip(" .") == part
            )
            assert part.split(".")[0].upper() not in ("CON", "NUL")
    with zipfile.ZipFile(BytesIO(await city.bytes())) as zipped:
        assert all(info.flag_bits & 0x800 for info in zipped.infolist() if not info.filename.isascii())


async def test_a_formula_in_a_name_stays_a_text(city: City) -> None:
    """Nothing that people wrote is computed when the sheet is opened."""
    bad = ['=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", "#REF!", "=cmd|' /C calc'!A0"]
    cases = []
    for n, name in enumerate(bad):
        case = await city.case(f"案例{n}", VILLAGES[n % 4], name=name, post=name[:40], phone=name[:20])
        await city.rewrite(case, lambda content, name=name: replace(content, title=name))  # type: ignore[misc]
        cases.append(case)
    await city.recommend(*cases)
    found = await city.pack()
    for sheet in ("汇总表.xlsx", "完整性清单.xlsx"):
        cells = [cell for row in load_workbook(BytesIO(found[sheet])).worksheets[0].iter_rows() for cell in row]
        assert {cell.data_type for cell in cells if cell.value is not None} == {"s", "n"}
        told = {cell.value: cell for cell in cells}
        assert set(bad) <= set(told)
        assert all(told[name].quotePrefix for name in bad if name[0] in "=+-@")
        assert b"<f>" not in zipfile.ZipFile(BytesIO(found[sheet])).read("xl/worksheets/sheet1.xml")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=200), min_size=1, max_size=6))
@example(["e\u0301" * 60, "E\u0301" * 60, "é" * 60])
@example(["a." + "b" * 30, ".docx", "x.PDF"])
def test_names_are_taken_by_every_system(names: list[str]) -> None:
    folder = Folder("未命名")
    made = [folder.file(name) for name in names] + [folder.name("{x}", {"x": name}, ".docx") for name in names]
    assert len({name.casefold() for name in made}) == len(made)
    for name in made:
        assert 0 < len(name.encode()) <= 120 and name == name.strip(" .") and not set(name) & set('/\\:*?"<>|\r\n\t\0')


# ---------------------------------------------------------------- sent while it is made


async def test_the_same_cases_give_the_same_bytes(city: City) -> None:
    """Also a day later; what is deflated and what is not; the times are the submissions'."""
    photo = await city.file(pictures.jpeg(640, 480), "a.jpg")
    await city.recommend(await city.case("第一篇", files=(photo,)), await city.case("第二篇", VILLAGES[1]))
    first = await city.bytes()
    city.house.world.forward(days=1)  # type: ignore[attr-defined]
    assert await city.bytes() == first
    with zipfile.ZipFile(BytesIO(first)) as zipped:
        for info in zipped.infolist():
            assert info.date_time == (2026, 11, 22, 16, 0, 0)
            assert not info.flag_bits & 0x08  # sizes stand in front
            assert (info.compress_type == zipfile.ZIP_DEFLATED) == info.filename.endswith(".xlsx")


async def test_it_comes_piece_by_piece_and_holds_nobody_up(city: City) -> None:
    """The first case is there before the second is made; the loop goes on turning meanwhile."""
    photo = await city.file(pictures.jpeg(1600, 1200), "a.jpg")
    cases = [await city.case(f"第{n}篇", VILLAGES[n % 4], files=(photo,)) for n in range(8)]
    await city.recommend(*cases)
    told: list[tuple[int, int]] = []
    first = await city.house.look.pack(EVERYTHING, city.edition, progress=lambda *at: told.append(at))
    assert isinstance(first, Pack) and (first.cases, first.name) == (8, "2026年治理案例.zip")
    piece = await anext(first.pieces)
    assert piece.startswith(b"PK\x03\x04") and told == [(1, 8)]
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    turning = asyncio.create_task(turn())
    rest = [piece async for piece in first.pieces]
    turning.cancel()
    assert told == [(n, 8) for n in range(1, 9)]
    assert turns > 8 * 10
    assert len(opened(b"".join([piece, *rest]))) == 8 * 2 + 2


async def test_a_run_that_broke_off_is_gone_on_with(city: City, tmp_path: Path) -> None:
    """Word files are kept by what stands in them; the second run's bytes are those of a run in one go."""
    cases = [await city.case(f"第{n}篇", VILLAGES[n % 4]) for n in range(6)]
    await city.recommend(*cases)
    broken, made = await city.house.look.pack(EVERYTHING, city.edition), Made(tmp_path)
    whole = await city.bytes()
    broken = await city.house.look.pack(EVERYTHING, city.edition, made=made)
    assert broken is not None
    for _ in range(4):
        await anext(broken.pieces)
    kept = sorted(path.name for path in tmp_path.glob("*.docx"))
    assert len(kept) == 4 and made.found == 0
    again = Made(tmp_path)
    assert await city.bytes(made=again) == whole
    assert again.found == 4


def test_what_is_taken_is_a_zip(tmp_path: Path) -> None:
    """Whatever is taken when: small files, large ones, none."""
    zipped, out = Zip(), BytesIO()
    at = datetime(2026, 11, 22, 16, 0)
    big = tmp_path / "big"
    big.write_bytes(bytes(range(256)) * 8192)
    for n in range(3):
        zipped.add(f"{n}.txt", f"第{n}个".encode(), at, deflated=n == 1)
        zipped.add_file(f"{n}.bin", big, at)
        with pytest.raises(FileNotFoundError):
            zipped.add_file("none", tmp_path / "none", at)
        if n != 1:
            for piece in zipped.take():
                out.write(piece)
    zipped.close()
    for piece in zipped.take():
        out.write(piece)
    found = opened(out.getvalue())
    assert [found[f"{n}.txt"].decode() for n in range(3)] == ["第0个", "第1个", "第2个"]
    assert all(found[f"{n}.bin"] == big.read_bytes() for n in range(3))
    assert "none" not in found


# ---------------------------------------------------------------- the command


@pytest.mark.parametrize("migrated", ["sqlite"], indirect=True)
async def test_the_command(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing, something, what broke off, and what is typed wrongly."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*args: str) -> tuple[int, str, str]:
        typed = ["pack", "--data", str(tmp_path / "data"), "--call", "route", "-o", "上报.zip", *args]
        capsys.readouterr()
        with ThreadPoolExecutor(1) as other:
            status = other.submit(main, typed).result()
        told = capsys.readouterr()
        return status, told.out, told.err

    status, out, err = await asyncio.to_thread(run)
    assert (status, out) == (1, "")
    assert err == "没有可以打包的案例。要打包还没推荐的，请写 --state passed 或 --state all。\n"
    assert not list(tmp_path.glob("上报*"))
    cases = [await city.case(f"第{n}篇", VILLAGES[n % 4]) for n in range(3)]
    await city.recommend(*cases)
    broken = tmp_path / "上报.zip.part"
    broken.mkdir()
    begun = await city.house.look.pack(EVERYTHING, city.edition, made=Made(broken))
    assert begun is not None
    await anext(begun.pieces)
    (broken / "mine.txt").write_text("keep", "utf-8")
    began = perf_counter()
    status, out, err = await asyncio.to_thread(run)
    assert perf_counter() - began < 30
    assert status == 0 and err == "已打包 3/3 篇\n"
    assert out.startswith("已存到 上报.zip：3篇，") and "其中1篇的Word稿上次已经做好，没有重做。\n" in out
    assert (tmp_path / "上报.zip").read_bytes() == await city.bytes()
    assert [path.name for path in broken.iterdir()] == ["mine.txt"]  # what is not ours stays
    (broken / "mine.txt").unlink()
    status, out, _ = await asyncio.to_thread(run, "--unit", VILLAGES[0], "--json", "--level", "县级", "--edition", "1")
    assert status == 0 and json.loads(out)["cases"] == 1 and json.loads(out)["found"] == 0
    assert not broken.exists()
    for wrong, sentence in (
        (("--state", "x"), "没有“x”这一种，请写 recommended、passed、all 中的一个。\n"),
        (("--level", "x"), "这个征集没有“x”这一级，有这些：county、city。\n"),
        (("--edition", "2"), "征集“route”只开过1期，请核对 --edition。\n"),
        (("--level", "city"), "没有可以打包的案例。要打包还没推荐的，请写 --state passed 或 --state all。\n"),
        (("-o", "no/such/folder.zip"), "文件 no/such/folder.zip 写不进去，请换一个位置。\n"),
    ):
        status, out, err = await asyncio.to_thread(run, *wrong)
        assert (status, out, err) == (1, "", sentence)
