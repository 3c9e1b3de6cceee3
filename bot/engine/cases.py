"""The states of a case and the moves between them: the one table. `storage.cases.move` carries moves out.

A case stands at a level. The writer's moves are submit, resubmit, take_back and, where the call allows it, nominate;
the others are the office's.
通过 (pass) says that the text is fit, 推荐 (recommend) uses a quota place and makes the case wait one level
up. A case is taken back only while it waits at the first level, was never opened, and before the writer's
date. Each move holds for the version n that the mover has seen: who saw an older one has lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.engine.content import Content
from bot.engine.definition import TRACK, Call

CaseState = Literal[
    "waiting", "opened", "returned", "taken_back", "passed", "recommended", "not_recommended", "out_of_time"
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """`frm`: the states it starts from. `unopened`: only while nobody of this level has read it.

    `ups`: the submission's number grows by one. `event`: what the books call it.
    """

    frm: tuple[CaseState, ...]
    to: CaseState
    event: str
    unopened: bool = False
    ups: bool = False


# "correct" stays where it is but for the submission; "raise" and "hand_down" change the level as well, up and down;
# "unrecommend" and "unraise" give a place back, the second from the level above, while nobody there has read it.
MOVES: Mapping[str, Move] = {
    "resubmit": Move(frm=("returned", "taken_back"), to="waiting", event="case.submitted", ups=True),
    "take_back": Move(frm=("waiting",), to="taken_back", event="case.taken_back", unopened=True),
    "nominate": Move(frm=("not_recommended", "out_of_time"), to="waiting", event="case.nominated"),
    "open": Move(frm=("waiting",), to="opened", event="case.opened"),
    "return": Move(frm=("waiting", "opened"), to="returned", event="case.returned"),
    "pass": Move(frm=("waiting", "opened"), to="passed", event="case.passed"),
    "recommend": Move(frm=("passed",), to="recommended", event="case.recommended"),
    "raise": Move(frm=("passed",), to="waiting", event="case.recommended"),
    "not_recommend": Move(frm=("passed",), to="not_recommended", event="case.not_recommended"),
    "reopen": Move(frm=("passed", "not_recommended"), to="opened", event="case.reopened"),
    "correct": Move(frm=("waiting", "opened"), to="opened", event="case.corrected", ups=True),
    "hand_down": Move(frm=("waiting", "opened", "passed"), to="opened", event="case.handed_down"),
    "unrecommend": Move(frm=("recommended",), to="passed", event="case.unrecommended"),
    "unraise": Move(frm=("waiting",), to="passed", event="case.unrecommended", unopened=True),
    "time_out": Move(frm=("waiting", "opened", "passed"), to="out_of_time", event="case.out_of_time"),
    # To where it was: the mover names "passed" or "waiting" where it was not "opened".
    "bring_back": Move(frm=("out_of_time",), to="opened", event="case.brought_back"),
}
OPEN_TO_WRITER: frozenset[str] = frozenset({"returned", "taken_back"})


def case_number(pattern: str, county: str, year: int, last: int) -> str:
    """A number by the call's pattern: {县} without its 县/市/区, {年} two digits, {号} three (云溪26-017)."""
    short = county[:-1] if len(county) > 2 and county[-1] in "县市区" else county
    return pattern.replace("{县}", short).replace("{年}", f"{year % 100:02d}").replace("{号}", f"{last:03d}")


def category_id(call: Call, content: Content) -> str:
    """The id of the first category a case was put under; "" where there is none, or it is one of the writer's own."""
    question = next((q for q in call.head if q.id == "category"), None)
    told = next((f.value for f in content.fields if f.id == "category"), "")
    if question is None:
        return ""
    return next((o.id for o in question.options if told == o.label or told.startswith(f"{o.label}、")), "")


def track_id(call: Call, content: Content) -> str:
    """The id of the track a case was written in; "" where the call has none."""
    question = next((q for q in call.head if q.id == TRACK), None)
    told = next((f.value for f in content.fields if f.id == TRACK), "")
    return next((o.id for o in question.options if o.label == told), "") if question else ""
