"""The two sheets of a pack: 汇总表 for the level above, 完整性清单 for whoever sends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.engine.definition import Call, Edition
from bot.engine.messages import Moment, Say
from bot.engine.route import level_of
from bot.pack.checking import Line
from bot.pack.tables import Column, Table
from bot.wording import Wording
from storage.pack import PackCase


@dataclass(frozen=True, kw_only=True, slots=True)
class Reporter:
    """Makes the sheets of an edition's pack. `levels` are the names of the tree's levels, from the top down; `unit` is
    who hands it over."""

    wording: Wording
    edition: Edition
    levels: tuple[str, ...]
    unit: str

    def summary(self, lines: Sequence[Line]) -> Table:
        """汇总表: a case a line, with contacts, lengths, ranks, checks."""
        heads, call = self._heads("pack.summary.heads"), self.edition.call
        units, ranks = self._unit_levels(lines), self._ranking(lines, call)
        columns = [
            Column(head=heads["order"], centred=True),
            Column(head=heads["number"], most=16, centred=True),
            *([Column(head=heads["category"], most=16)] if any(line.category for line in lines) else []),
            *(Column(head=name, least=8, most=14) for name in units),
            Column(head=heads["title"], least=16, most=32),
            Column(head=heads["name"], least=9, most=12, centred=True),
            Column(head=heads["post"], least=8, most=16),
            Column(head=heads["phone"], least=13, most=18, centred=True),
            Column(head=heads["words"], most=8, centred=True),
            Column(head=heads["pictures"], most=8, centred=True),
            *(Column(head=self._say("pack.rank", level=title), most=11, centred=True) for _, title in ranks),
            Column(head=heads["day"], least=12, most=17, centred=True),
            Column(head=heads["checks"], least=14, most=36),
            Column(head=heads["note"], least=8, most=16),
        ]
        category = any(line.category for line in lines)
        rows = [
            [
                n,
                line.chosen.case.number,
                *([line.category] if category else []),
                *self._unit(line.chosen.case, units),
                line.title,
                line.chosen.case.name,
                line.chosen.case.post,
                line.chosen.case.phone,
                line.chosen.case.words,
                line.pictures,
                *(self._rank(line, level) for level, _ in ranks),
                self._day(line),
                self._told(line.advice) or self._say("pack.fine"),
                self._note(line),
            ]
            for n, line in enumerate(lines, 1)
        ]
        note = self._say("pack.summary.note", unit=self.unit, count=len(lines))
        return self._table("summary", note, columns, rows)

    def completeness(self, lines: Sequence[Line]) -> Table:
        """完整性清单: what is there of each case, and what is missing or odd."""
        heads = self._heads("pack.complete.heads")
        columns = [
            Column(head=heads["order"], centred=True),
            Column(head=heads["number"], most=16, centred=True),
            Column(head=heads["title"], least=16, most=28),
            Column(head=heads["state"], least=9, most=16, centred=True),
            Column(head=heads["word"], least=8, most=9, centred=True),
            Column(head=heads["pictures"], most=8, centred=True),
            Column(head=heads["captions"], least=8, most=10, centred=True),
            Column(head=heads["materials"], least=12, most=24),
            Column(head=heads["declared"], least=8, most=10, centred=True),
            Column(head=heads["sealed"], least=8, most=10, centred=True),
            Column(head=heads["gaps"], least=14, most=36),
            Column(head=heads["folder"], least=16, most=40),
        ]
        rows = [self._complete(n, line) for n, line in enumerate(lines, 1)]
        flagged = {n for n, line in enumerate(lines) if line.gaps}
        key = "pack.complete.note" if flagged else "pack.complete.note_fine"
        note = self._say(key, count=len(lines), gaps=len(flagged))
        return self._table("complete", note, columns, rows, flagged)

    def _complete(self, n: int, line: Line) -> list[str | int]:
        case, (sure, asked) = line.chosen.case, line.declared
        label = self._say("pack.extra")
        materials = [self._say("pack.material", label=name or label, count=many) for name, many in line.materials]
        return [
            n,
            case.number,
            line.title,
            self._state(case),
            self._say("pack.yes" if line.word else "pack.no"),
            line.pictures,
            self._say("pack.part", have=line.captions, need=line.pictures) if line.pictures else "",
            "\n".join(materials),
            self._say("pack.part", have=sure, need=asked) if asked else "",
            self._say("pack.sealed", count=line.sealed) if line.sealed else self._say("pack.no"),
            self._told(line.gaps) or self._say("pack.fine"),
            line.folder,
        ]

    def _table(
        self,
        which: str,
        note: str,
        columns: list[Column],
        rows: list[list[str | int]],
        flagged: set[int] | None = None,
    ) -> Table:
        return Table(
            name=self._say(f"pack.{which}.name"),
            title=self._say(f"pack.{which}.title", edition=self.edition.title),
            note=note,
            page=self._say("pack.page"),
            font=self._say("pack.font"),
            columns=columns,
            rows=rows,
            flagged=flagged or set(),
        )

    def _heads(self, key: str) -> dict[str, str]:
        """Heads by their names: a line of the wording has them as name=head."""
        return dict(pair.split("=") for pair in self._say(key).split("|"))

    def _told(self, says: Sequence[Say]) -> str:
        return "\n".join(self.wording.text(say) for say in says)

    def _say(self, key: str, **params: object) -> str:
        return self.wording.say(key, **params)

    def _unit_levels(self, lines: Sequence[Line]) -> list[str]:
        """The levels of the tree that the units' paths pass, from the top down."""
        seen = {name for line in lines for name in _named(line.chosen.case, self.levels)}
        return [name for name in self.levels if name in seen]

    def _unit(self, case: PackCase, units: Sequence[str]) -> list[str]:
        own = _named(case, self.levels)
        return [own.get(name, "") for name in units]

    def _ranking(self, lines: Sequence[Line], call: Call) -> list[tuple[str, str]]:
        """The levels that have recommended any of the cases: id and title."""
        seen = {level for line in lines for level in line.chosen.standing}
        return [(level.id, level.title) for level in call.levels if level.id in seen]

    def _rank(self, line: Line, level: str) -> str | int:
        done = line.chosen.standing.get(level)
        if done is None:
            return ""
        return done.rank or self._say("pack.unranked")

    def _state(self, case: PackCase) -> str:
        """Where it is now: what a level has recommended waits at the next one."""
        level = level_of(self.edition.call, case.level)
        state = self._say(f"cli.cases.state.{case.state}")
        return self._say("pack.state", level=level.title if level else "", state=state)

    def _note(self, line: Line) -> str:
        """How it came, where that was not the usual way."""
        case = line.chosen.case
        kinds = (("entered", case.origin == "entered"), ("nominated", case.nominated))
        came = [kind for kind, is_so in kinds if is_so] + ([f"late.{case.late}"] if case.late else [])
        return "\n".join(self._say(f"pack.{kind}") for kind in came)

    def _day(self, line: Line) -> str:
        """When the level it is filed under recommended it; else the last day that one did."""
        standing = line.chosen.standing
        done = standing.get(line.chosen.level) or max(standing.values(), key=lambda d: d.at, default=None)
        if done is None:
            return ""
        zone = self.edition.call.zone
        return self.wording.say("pack.day", at=Moment(at=done.at.astimezone(ZoneInfo(zone)), zone=zone))


def _named(case: PackCase, levels: tuple[str, ...]) -> dict[str, str]:
    """The names on the way to a unit, by their levels; its own level is the last one's."""
    path = case.path.split("/")
    last = levels.index(case.unit_level) if case.unit_level in levels else len(levels) - 1
    first = max(0, last - len(path) + 1)
    return dict(zip(levels[first : last + 1], path[-(last - first + 1) :], strict=False))
