"""The books, as an office reads them: who did what and when, never what a text says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.engine.ids import b36
from bot.wording import Wording
from bot.workbench.base import Sight
from storage import audit
from storage.audit import EventSeen

PAGE = 100


def who(line: EventSeen, wording: Wording) -> str:
    """Who did it, as somebody of the office knows them."""
    if not line.actor:
        return wording.say("audit.command_line")
    if line.erased or not (line.name or line.home):
        return wording.say("audit.erased")
    return line.name or wording.say("audit.unnamed", unit=line.home.rpartition("/")[2])


def what(kind: str, wording: Wording) -> str:
    """What was done; the kind itself where there is no word for it."""
    key = f"audit.kind.{kind}"
    return wording.say(key) if key in wording.sentences else kind


def row(s: Sight, line: EventSeen) -> dict[str, Any]:
    """An event as the workbench shows it."""
    return {
        "at": s.when(line.at),
        "who": who(line, s.tools.wording),
        "what": what(line.kind, s.tools.wording),
        "detail": s.say("version", n=line.params["n"]) if "n" in line.params else "",
    }


def books(s: Sight, before: int) -> Mapping[str, Any]:
    """All that was noted of the viewer's units before an event (0: from the newest on)."""
    lines = audit.seen(s.connection, s.scope, before=before, limit=PAGE + 1)
    more = b36(lines[PAGE - 1].id) if len(lines) > PAGE else ""
    rows = [{**row(s, line), "number": line.number, "unit": s.short(line.unit)} for line in lines[:PAGE]]
    return {"rows": rows, "more": more}
