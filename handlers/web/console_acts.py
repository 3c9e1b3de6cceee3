"""From the JSON of a command to the office's value: every field looked at for its type and length."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, cast

from bot import acts
from bot.channel import clean
from bot.engine.ids import from36
from handlers.web.guard import number_in, text_in
from handlers.web.problems import Problem

_ID = re.compile(r"[0-9a-z]{1,13}")
_PLACES = re.compile(r"[0-9]{1,9}")
_PATH, _TEXT, _NAME = 400, 4000, 200
_WHOLE = 120_000  # characters of a case that is entered
_MOST = 500  # cases in one command


def _form() -> Problem:
    return Problem(400, "web.error.form")


class Fields:
    """The fields of a command. Every reader raises Problem 400 or 413 for what does not fit."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = dict(data)

    def has(self, name: str) -> bool:
        """Whether a field is there at all."""
        return self._data.get(name) is not None

    def text(self, name: str, most: int = _TEXT) -> str:
        """A text, cleaned; "" where it is missing."""
        return clean(text_in(self._data, name, most)) if self.has(name) else ""

    def texts(self, name: str, most: int) -> list[str]:
        """A list of short texts."""
        found = self._data.get(name, [])
        if (
            not isinstance(found, list)
            or len(found) > most
            or not all(isinstance(x, str) and len(x) < 100 for x in found)
        ):
            raise _form()
        return found

    def id(self, name: str) -> int:
        """An id; 0 for "" or none."""
        return _id(self._data.get(name) or "")

    def ids(self, name: str) -> tuple[int, ...]:
        """A list of ids."""
        return tuple(_id(text) for text in self.texts(name, _MOST))

    def number(self, name: str, default: int = 0) -> int:
        """A whole number."""
        return number_in(self._data, name, default)

    def maybe(self, name: str) -> int | None:
        """A whole number, or none."""
        return self.number(name) if self.has(name) else None

    def places(self, name: str) -> int | None:
        """How many places; "" leaves it to the call's rules. What is no number is never taken for that."""
        value = self._data.get(name)
        text = unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else value
        if text == "":
            return None
        if isinstance(text, str):
            if not _PLACES.fullmatch(text):
                raise Problem(422, "office.bad_places")
            return int(text)
        if text is None:
            raise _form()
        return self.number(name)

    def day(self, name: str) -> date | None:
        """A day, or none."""
        text = self.text(name, 10)
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise _form() from None

    def one_of(self, name: str, *known: str) -> Any:
        """One of some words, the first where it is missing."""
        text = self.text(name, 40) or known[0]
        if text not in known:
            raise _form()
        return text

    def cases(self) -> tuple[tuple[int, int], ...]:
        """Cases with the submissions that were seen."""
        found = self._data.get("cases", [])
        if not isinstance(found, list) or len(found) > _MOST or not all(isinstance(one, dict) for one in found):
            raise _form()
        return tuple((_id(one.get("case") or ""), number_in(one, "n", 0)) for one in found)

    def place(self) -> acts.Place:
        """What a comment speaks of."""
        return acts.Place(
            section=self.text("section", 100),
            question=self.text("question", 100),
            block=self.text("block", 300),
            start=max(0, self.number("start")),
            quote=self.text("quote", _TEXT),
        )


def _id(text: Any) -> int:
    if text == "":
        return 0
    if not isinstance(text, str) or not _ID.fullmatch(text) or from36(text) >= 2**63:
        raise _form()
    return from36(text)


def given(command: object, files: tuple[acts.Entered, ...]) -> object:
    """An entered case with its files. Raises Problem 400 for a command that takes none."""
    if not isinstance(command, acts.EnterCase):
        raise _form()
    return replace(command, files=files)


def _return(f: Fields) -> acts.ReturnCase:
    return acts.ReturnCase(
        case=f.id("case"),
        n=f.number("n"),
        to=f.one_of("to", "writer", "below"),
        route=f.one_of("route", "direct", "again"),
        until=f.day("until"),
        reason=f.text("reason"),
    )


def _enter(f: Fields) -> acts.EnterCase:
    return acts.EnterCase(
        edition=f.id("edition"),
        unit=f.text("unit", _PATH),
        name=f.text("name", _NAME),
        post=f.text("post", _NAME),
        phone=f.text("phone", 40),
        title=f.text("title", _NAME),
        category=f.text("category", 64),
        text=f.text("text", _WHOLE),
    )


def _change(f: Fields) -> str | None:
    return f.text("change", 6000) if f.has("change") else None


def _correct(f: Fields) -> acts.Correct:
    at = {"block": f.text("block", 300), "start": max(0, f.number("start"))}
    return acts.Correct(case=f.id("case"), n=f.number("n"), quote=f.text("quote"), to=f.text("to"), **cast(Any, at))


def _invite(f: Fields) -> acts.MakeInvite:
    role = f.one_of("role", *acts.ROLES)
    return acts.MakeInvite(
        unit=f.text("unit", _PATH),
        role=role,
        uses=f.maybe("uses"),
        days=f.number("days", 30),
        note=f.text("note", _NAME),
    )


def _quota(f: Fields) -> acts.SetQuota:
    where = {"edition": f.id("edition"), "level": f.text("level", 64), "unit": f.text("unit", _PATH)}
    return acts.SetQuota(most=f.places("most"), key=f.text("key", 100), **cast(Any, where))


def _extend(f: Fields) -> acts.Extend:
    where = {"edition": f.id("edition"), "level": f.text("level", 64), "unit": f.text("unit", _PATH)}
    return acts.Extend(until=f.day("until"), reason=f.text("reason"), **cast(Any, where))


def _uses(f: Fields) -> int:
    uses = f.places("uses")
    return 1 if uses is None else uses


def _needed_day(f: Fields, name: str) -> date:
    day = f.day(name)
    if day is None:
        raise _form()
    return day


# What a command is called on the wire, and the value that it becomes.
COMMANDS: Mapping[str, Callable[[Fields], object]] = {
    "open": lambda f: acts.MarkOpened(case=f.id("case")),
    "comment": lambda f: acts.AddComment(
        case=f.id("case"), n=f.number("n"), text=f.text("text"), place=f.place(), change=_change(f)
    ),
    "recomment": lambda f: acts.ChangeComment(comment=f.id("comment"), text=f.text("text"), change=_change(f)),
    "uncomment": lambda f: acts.DropComment(comment=f.id("comment")),
    "return": _return,
    "pass": lambda f: acts.PassCases(cases=f.cases()),
    "reopen": lambda f: acts.Reopen(case=f.id("case"), n=f.number("n")),
    "rank": lambda f: acts.Rank(edition=f.id("edition"), cases=f.ids("cases")),
    "recommend": lambda f: acts.Recommend(
        case=f.id("case"), n=f.number("n"), swap=f.id("swap"), reason=f.text("reason")
    ),
    "not_recommend": lambda f: acts.NotRecommend(case=f.id("case"), n=f.number("n"), reason=f.text("reason")),
    "correct": _correct,
    "enter": _enter,
    "enclose": lambda f: acts.Enclose(case=f.id("case"), kind=f.one_of("kind", "sealed", "source"), file="", name=""),
    "unenclose": lambda f: acts.DropEnclosure(enclosure=f.id("enclosure")),
    "extend": _extend,
    "late_key": lambda f: acts.MakeLateKey(
        edition=f.id("edition"), unit=f.text("unit", _PATH), until=_needed_day(f, "until"), uses=_uses(f)
    ),
    "no_late_key": lambda f: acts.RevokeLateKey(key=f.id("key")),
    "quota": _quota,
    "invite": _invite,
    "links": lambda f: acts.LinkAll(edition=f.id("edition")),
    "revoke": lambda f: acts.RevokeInvite(invite=f.id("invite")),
    "hand_over": lambda f: acts.HandOver(person=f.id("person"), unit=f.text("unit", _PATH)),
    "stand_in": lambda f: acts.StandIn(
        person=f.id("person"), unit=f.text("unit", _PATH), until=_needed_day(f, "until")
    ),
    "dismiss": lambda f: acts.Dismiss(
        person=f.id("person"), role=f.one_of("role", *acts.ROLES), unit=f.text("unit", _PATH)
    ),
    "phrase": lambda f: acts.KeepPhrase(text=f.text("text", 400)),
    "unphrase": lambda f: acts.DropPhrase(phrase=f.id("phrase")),
    "profile": lambda f: acts.NameMyself(
        name=f.text("name", _NAME), post=f.text("post", _NAME), phone=f.text("phone", 40)
    ),
    "pin": lambda f: acts.SetPin(pin=f.text("pin", 40)),
    "confirm_unit": lambda f: acts.ConfirmUnit(unit=f.text("unit", _PATH)),
    "merge_unit": lambda f: acts.MergeUnit(unit=f.text("unit", _PATH), into=f.text("into", _PATH)),
}
