"""The pack itself, made case by case while it is sent."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.batch import Setting
from bot.call_schema import PATTERN_NAMES
from bot.doors import Pack, Paper, Scope
from bot.engine.content import Content
from bot.engine.definition import Call, Edition
from bot.engine.route import level_of
from bot.errors import FileRefused, PaperError
from bot.pack import checking
from bot.pack.checking import Line, Packed
from bot.pack.choosing import Chosen, categories, choose
from bot.pack.naming import Folder
from bot.pack.reporting import Reporter
from bot.pack.zipping import Zip, settled
from bot.papers import Printing
from bot.wording import Wording
from storage import editions
from storage import pack as rows
from storage.disk import Disk
from storage.readers import Readers

ENDING = ".docx"
Progress = Callable[[int, int], None]


class Made:
    """Word files of a run that broke off, in a folder of their own; `found` counts those that were used again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.found = 0

    def get(self, key: str) -> bytes | None:
        """The file that was made for a key."""
        try:
            data = (self._folder / f"{key}{ENDING}").read_bytes()
        except OSError:
            return None
        self.found += 1
        return data

    def keep(self, key: str, data: bytes) -> None:
        """Keeps it whole or not at all. Raises OSError."""
        aside = self._folder / f"{key}.{os.getpid()}"
        aside.write_bytes(data)
        aside.replace(self._folder / f"{key}{ENDING}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """What a pack is made of. `word` makes a Word file, called in a thread."""

    readers: Readers
    setting: Setting
    wording: Wording
    files: Disk
    word: Callable[[Printing], bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """Which pack: `level` "" and `state` as `bot.pack.choosing.choose` reads them."""

    scope: Scope
    edition: int
    level: str = ""
    state: str = "recommended"


async def make_pack(
    sources: Sources, wish: Wish, *, progress: Progress | None = None, made: Made | None = None
) -> Pack | None:
    """The pack, read while it is made; None where there is no case for it. `progress` hears (done, of so many)."""
    packing = await sources.readers.run(lambda c: _begin(c, sources, wish, made))
    if packing is None:
        return None
    name = f"{packing.name}.zip"
    return Pack(name=name, cases=len(packing.chosen), pieces=_stream(packing, progress))


async def _stream(packing: _Packing, progress: Progress | None) -> AsyncIterator[bytes]:
    """The zip in pieces, each made in a thread when it is asked for: who reads slowly has little waiting."""
    steps, told = packing.steps(), 0
    while (piece := await asyncio.to_thread(next, steps, None)) is not None:
        if progress is not None and packing.done > told:
            told = packing.done
            progress(told, len(packing.chosen))
        yield piece


def _begin(connection: Connection, sources: Sources, wish: Wish, made: Made | None) -> _Packing | None:
    """Reads all but the contents, in one transaction."""
    edition = editions.load(connection, sources.setting.calls).get(wish.edition)
    if edition is None:
        return None
    own = (connection, wish.scope, wish.edition)
    recommended = rows.recommended(*own)
    chosen = choose(rows.of_edition(*own), recommended, edition.call, level=wish.level, state=wish.state)
    if not chosen:
        return None
    tail = edition.call.section("tail")
    asked = frozenset(q.id for q in (tail.questions if tail else ()))
    return _Packing(
        sources=sources,
        wish=wish,
        edition=edition,
        chosen=chosen,
        enclosed=rows.enclosed(*own),
        answered=rows.answered(*own, asked) if asked else {},
        made=made,
    )


@dataclass(kw_only=True, slots=True)
class _Packing:
    """One run. `done`: how many cases are in the zip by now."""

    sources: Sources
    wish: Wish
    edition: Edition
    chosen: list[Chosen]
    enclosed: Mapping[int, list[rows.Enclosed]]
    answered: Mapping[int, set[str]]
    made: Made | None
    done: int = 0
    _folders: dict[str, Folder] = field(default_factory=dict)
    _paths: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The readable name of the whole, without its ending."""
        level = self._level(self.wish.level) if self.wish.level else ""
        return self._folder("").name("{edition}-{level}", {"edition": self.edition.title, "level": level}, "")

    def steps(self) -> Iterator[bytes]:
        """The zip, case by case, the sheets last. Raises StoreBusy while the database is away."""
        zipped, lines = Zip(), []
        for chosen in self.chosen:
            lines.append(self._add_case(zipped, chosen))
            self.done += 1
            yield from zipped.take()
        from bot.pack.tables import workbook

        at = max(self._local(chosen) for chosen in self.chosen)
        reporter = Reporter(
            wording=self.sources.wording,
            edition=self.edition,
            levels=self.sources.setting.levels,
            unit=self._handed_over_by(),
        )
        top = self._folder("/")
        for table in (reporter.summary(lines), reporter.completeness(lines)):
            zipped.add(top.name("{x}", {"x": table.name}, ".xlsx"), workbook(table, at), at, deflated=True)
        zipped.close()
        yield from zipped.take()

    # ------------------------------------------------------------ a case

    def _add_case(self, zipped: Zip, chosen: Chosen) -> Line:
        case, at = chosen.case, self._local(chosen)
        scope = self.wish.scope
        content = self.sources.readers.now(lambda c: rows.content(c, scope, case.id, case.n))
        if content is None:  # deleted since: what its days of keeping were over for
            content = Content(call=self.edition.call.id, title="", unit="", sections=())
        folder, values = self._place(chosen, content)
        word, inside = self._word(chosen, content), Folder(self._untitled)
        if word is not None:
            name = inside.name(self.edition.call.names.file, values, ENDING)
            zipped.add(f"{folder}/{name}", word, at)
        enclosed = self.enclosed.get(case.id, [])
        gone = self._add_files(zipped, folder, content, enclosed, at)
        packed = Packed(folder=folder, word=word is not None, gone=tuple(gone))
        answered = self.answered.get(case.id, set())
        return checking.line_of(chosen, self.edition.call, content, packed, enclosed, answered)

    def _place(self, chosen: Chosen, content: Content) -> tuple[str, dict[str, str]]:
        """The case's folder, and what the call's patterns can name."""
        call, case = self.edition.call, chosen.case
        order = str(chosen.order).zfill(max(2, len(str(chosen.of))))
        category = checking.value(content, "category")
        told = (content.unit, content.title, case.name, case.phone, category, order, case.number)
        values = dict(zip(PATTERN_NAMES, told, strict=True))
        above = self._subfolder("", self._level(chosen.level), f"level {chosen.level}")
        if known := categories(call):
            own = case.category if case.category in known else ""
            above = self._subfolder(above, self._category(call, own), f"category {own}")
        return f"{above}/{self._folder(above).name(call.names.folder, values)}", values

    def _word(self, chosen: Chosen, content: Content) -> bytes | None:
        """The Word file, made now or in a run before. Of pictures whose bytes are gone it has none."""
        case, call = chosen.case, self.edition.call
        there = tuple(p for p in content.pictures if self.sources.files.path(p.file).is_file())
        day = self._local(chosen).date()
        key = f"{case.hash}-{day.isoformat()}-{call.layout}-{len(there)}"
        if self.made is not None and (data := self.made.get(key)) is not None:
            return data
        paper = Paper(
            content=replace(content, pictures=there), layout=call.layout, name="", draft=False, words=case.words
        )
        try:
            data = settled(self.sources.word(Printing(paper=paper, dated=day)), self._local(chosen))
        except (PaperError, FileRefused, OSError):
            return None
        if self.made is not None:
            self.made.keep(key, data)
        return data

    def _add_files(
        self, zipped: Zip, folder: str, content: Content, enclosed: list[rows.Enclosed], at: datetime
    ) -> list[str]:
        """Pictures, material and enclosures, each kind in a folder; gives the names of those whose bytes are gone."""
        gone: list[str] = []
        wanted: list[tuple[str, str, str, str]] = []  # folder, hash, name as sent, name before the ending
        for picture in content.pictures:
            stem = self._say("pack.picture", n=f"{picture.n:02d}", caption=picture.caption.strip())
            wanted.append((self._say("pack.pictures"), picture.file, picture.name, stem.rstrip("-")))
        for one in content.materials:
            stem = f"{one.label}-{one.name.rpartition('.')[0] or one.name}" if one.label else ""
            wanted.append((self._say("pack.materials"), one.file, one.name, stem))
        wanted += [(self._say(f"pack.enclosed.{one.kind}"), one.file, one.name, "") for one in enclosed]
        taken: dict[str, Folder] = {}
        for where, hash, name, stem in wanted:
            inside = taken.setdefault(where, Folder(self._untitled))
            named = f"{where}/{inside.file(name, stem)}"
            with suppress(FileNotFoundError, PermissionError):
                zipped.add_file(f"{folder}/{named}", self.sources.files.path(hash), at)
                continue
            gone.append(named)
        return gone

    def _handed_over_by(self) -> str:
        """The one unit it is made for; the house's office where that is the whole tree, or more than one."""
        units = self.wish.scope.units
        path = units[0] if len(units) == 1 else ""
        return path.rpartition("/")[2] if "/" in path else self.edition.office.unit

    # ------------------------------------------------------------ words and folders

    def _folder(self, path: str) -> Folder:
        """The names taken in a folder of the zip."""
        return self._folders.setdefault(path, Folder(self._untitled))

    def _subfolder(self, above: str, title: str, key: str) -> str:
        """A folder for many cases: the first one gives it its name."""
        path = self._paths.get((above, key))
        if path is None:
            name = self._folder(above or "/").name("{x}", {"x": title})
            path = self._paths[above, key] = f"{above}/{name}" if above else name
        return path

    def _level(self, id: str) -> str:
        level = level_of(self.edition.call, id)
        title = level.title if level else self._say("pack.no_level")
        return self._say(f"pack.level.{self.wish.state}", level=title)

    def _category(self, call: Call, id: str) -> str:
        question = next(q for q in call.head if q.id == "category")
        option = question.option(id)
        return option.label if option else self._say("pack.other_category")

    def _local(self, chosen: Chosen) -> datetime:
        """When it was handed in, by the clocks of the place."""
        return chosen.case.at.astimezone(ZoneInfo(self.edition.call.zone))

    @property
    def _untitled(self) -> str:
        return self._say("paper.untitled")

    def _say(self, key: str, **params: object) -> str:
        return self.sources.wording.say(key, **params)
