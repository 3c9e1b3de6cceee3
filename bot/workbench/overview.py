"""Queues with their counts, squares by town, dates, places: all that stands around the list; and the list itself."""

from __future__ import annotations

import base64
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.acts import ADMINISTRATOR
from bot.engine.definition import Edition
from bot.engine.ids import b36
from bot.engine.route import LEVEL_IDS, TOTAL, level_of, places_of
from bot.workbench.base import LATE, Sight, newest
from storage import console, console_rows, console_squares, quotas, workbench
from storage.console_rows import CaseRow, Choice, DraftRow, UnitRow
from storage.console_squares import Seen, Square
from storage.workbench import Came

QUEUES = ("mine", "again", "returned", "writing", "todo", "passed", "up", "not", "all")
RULED, INDENTED = ("writing",), ("again",)
OPEN = ("waiting", "opened")
MOST_SQUARES = 60  # in one town
LEGEND = ("p", "w", "r", "u", "o", "n")
_KINDS: Mapping[str, tuple[str, ...]] = {
    "writing": ("draft",),
    "todo": ("unit",),
    "all": ("case", "draft", "unit"),
}
SORTS: Mapping[str, tuple[str, ...]] = {
    "passed": ("rank", "new", "unit"),
    "writing": ("new", "waited", "unit"),
    "todo": ("unit",),
}


def choose_edition(s: Sight, wanted: int) -> None:
    """The edition that was asked for, else the newest open one with anything in scope, else the newest."""
    if wanted and wanted in s.known:
        s.edition = s.known[wanted]
        return
    around = newest(s.known)
    busy = (e for e in around if not e.closed and console_squares.has_any(s.connection, s.scope, e.id))
    s.edition = next(busy, None) or next(iter(around), None)


def overview(s: Sight) -> Mapping[str, Any]:
    """Everything around the list."""
    edition = s.edition
    towns = console.towns(s.connection, s.own) if edition else []
    seen = _seen(s, towns) if edition else None
    counts = _counts(s, seen) if seen else dict.fromkeys(QUEUES, 0)
    acts = bool(s.levels)
    queues = [
        {"id": q, "label": s.say(f"queue.{q}"), "count": counts[q], "indent": q in INDENTED, "rule": q in RULED}
        for q in QUEUES
        if acts or q not in ("mine", "again")
    ]
    level, unit = next(((level, unit) for unit, level in s.levels.items()), ("", 0))
    until = s.level_due(level, unit) if level else None
    idle = counts["writing"] + counts["todo"] + counts["returned"]
    return {
        "me": _me(s, acts),
        "editions": [{"id": b36(e.id), "title": e.title, "open": not e.closed} for e in newest(s.known)],
        "edition": b36(edition.id) if edition else None,
        "title": edition.title if edition else "",
        "due": _writers(s, edition) if edition else None,
        "level_due": s.due(until, s.level_title(level), after="level") if until else None,
        "queues": queues,
        "towns": _towns(s, towns, seen.squares) if seen else [],
        "legend": [{"s": one, "label": s.say(f"square.{one}")} for one in LEGEND],
        "quota": _quota(s, edition, level, unit, counts["passed"]) if edition and level else None,
        "nudge": {"count": idle, "label": s.say("nudge.label", count=idle)},
        "can": {"pack": acts, "enter": bool(s.posts), "people": bool(s.posts), "extend": bool(s.posts)},
        "phrases": _phrases(s),
        "categories": _categories(edition),
        "now": s.now.isoformat(),
        "seq": str(console.happened(s.connection, -1)[0]),
    }


def _writers(s: Sight, edition: Edition) -> Mapping[str, str]:
    """The writers' date; drafts of a call that rolls by month go on in the next round."""
    after = "next" if edition.call.monthly else "writers"
    return s.due(s.writers_due(edition), s.say("due.writer"), after=after)


def _me(s: Sight, acts: bool) -> Mapping[str, Any]:
    name, post, phone, pin = workbench.person_of(s.connection, s.visitor.person)
    return {
        "person": b36(s.visitor.person),
        "name": name,
        "post": post,
        "phone": phone,
        "pin": bool(pin),
        "unit": s.posts[0].path.rpartition("/")[2],
        "roles": [s.say(f"role.{post.role}") for post in s.posts],
        "named": bool(name),
        "admin": any(post.role == ADMINISTRATOR for post in s.posts),
        "acts": acts,
    }


def _seen(s: Sight, towns: Sequence[str] = ()) -> Seen:
    assert s.edition is not None
    return console_squares.squares(s.connection, s.scope, s.edition.id, s.own, towns)


def _counts(s: Sight, seen: Seen) -> dict[str, int]:
    """How much there is in each queue."""
    squares = seen.squares
    found = [one for one in squares if one.state not in ("", "writing")]
    acts, above = bool(s.levels), _above(s)
    total = sum(one.many for one in found)

    def of(*states: str, mine: bool = False) -> int:
        return sum(one.many for one in found if one.state in states and (one.holder in s.own or not mine))

    writing = sum(one.many for one in squares if one.state == "writing")
    todo = sum(one.many for one in squares if not one.state)
    gone = ("returned", "not_recommended", "out_of_time")
    up = sum(one.many for one in found if (one.level in above or one.state == "recommended") and one.state not in gone)
    return {
        "mine": of(*OPEN, mine=True),
        "again": seen.again,
        "returned": of("returned"),
        "writing": writing,
        "todo": todo,
        "passed": of("passed", mine=acts),
        "up": up,
        "not": of("not_recommended", "out_of_time"),
        "all": total + writing + todo,
    }


def _count(s: Sight, choice: Choice) -> int:
    """How much there is in one queue."""
    counts = _counts(s, _seen(s))
    if not choice.category:
        return counts[choice.queue]
    of_cases = console_rows.count_cases(s.connection, s.scope, choice) if choice.queue not in ("writing", "todo") else 0
    return of_cases + sum(counts[kind] for kind in ("writing", "todo") if choice.queue in (kind, "all"))


def _above(s: Sight) -> tuple[str, ...]:
    """The levels above those that the viewer's units hold."""
    own = [LEVEL_IDS.index(level) for level in s.levels.values() if level in LEVEL_IDS]
    return tuple(LEVEL_IDS[: min(own)]) if own else ()


def _towns(s: Sight, towns: Sequence[str], squares: Sequence[Square]) -> list[Mapping[str, Any]]:
    under: dict[str, Counter[str]] = defaultdict(Counter)
    above, labels = _above(s), {k: s.say(f"square.{k}") for k in "pwruon"}
    faces = {k: {"s": k, "label": label, "id": ""} for k, label in labels.items()}
    out: list[Mapping[str, Any]] = []
    for square in squares:
        under[square.town][_square(square.state, square.level, above)] += square.many
    for path in towns:
        many = under[path]
        shown = [faces[k] for k in labels for _ in range(min(many[k], MOST_SQUARES))][:MOST_SQUARES]
        told = [s.say("square.count", what=label, count=many[k]) for k, label in labels.items() if many[k]]
        name = path.rpartition("/")[2]
        text = s.say("square.town", name=name, parts=tuple(told) or (s.say("square.nothing"),))
        out.append({"path": path, "name": name, "squares": shown, "text": text})
    return out


def _square(state: str, level: str, above: Sequence[str]) -> str:
    if state == "returned":
        return "r"
    if state in ("not_recommended", "out_of_time"):
        return "u"
    if state in ("passed", "recommended") or level in above:
        return "p"
    return {"writing": "o", "": "n"}.get(state, "w")


def _quota(s: Sight, edition: Edition, level: str, unit: int, pending: int) -> Mapping[str, Any] | None:
    known = {key: (p.used, p.most) for key, p in quotas.of(s.connection, edition.id, level, unit).items()}
    rule = level_of(edition.call, level)
    if rule is not None:
        for key, most in places_of(rule).items():
            known.setdefault(key, (0, most))
    if not known:
        return None
    until = s.level_due(level, unit)
    total = known.get(TOTAL)
    keys = [{"label": label(s, key), "used": u, "most": m} for key, (u, m) in known.items() if key != TOTAL]
    parts = [s.say("quota.key", label=k["label"], used=k["used"], most=k["most"]) for k in keys]
    head = s.say("quota.text", used=total[0], most=total[1], left=total[1] - total[0]) if total else ""
    days = max(0, (until - s.now).days) if until else 0
    rest = s.say("quota.rest" if until else "quota.pending", pending=pending, days=days)
    text = s.say("quota.all", parts=tuple(p for p in (head, *parts, rest) if p))
    return {"text": text, "used": total[0] if total else 0, "most": total[1] if total else None, "keys": keys}


def label(s: Sight, key: str) -> str:
    """What a quota's key counts."""
    kind, _, id = key.partition(":")
    question = next((q for q in s.edition.call.head if q.id == "category"), None) if s.edition else None
    option = question.option(id) if kind == "category" and question else None
    return option.label if option else id


def _categories(edition: Edition | None) -> list[Mapping[str, str]]:
    """What the list can be narrowed by."""
    question = next((q for q in edition.call.head if q.id == "category"), None) if edition else None
    return [{"id": option.id, "label": option.label} for option in question.options] if question else []


def _phrases(s: Sight) -> list[Mapping[str, str]]:
    own = [{"id": b36(p.id), "label": p.text[:12], "text": p.text} for p in console.phrases_of(s.connection, s.own)]
    stock = [
        {"id": "", "label": s.say(f"phrase.{key}.label"), "text": s.say(f"phrase.{key}.text")}
        for key in ("numbers", "detail", "captions", "private", "plain", "shorter")
    ]
    return [*stock, *own]


# ---------------------------------------------------------------- the list


def listing(s: Sight, wanted: Mapping[str, str]) -> Mapping[str, Any]:
    """A page of the queue that is asked for. Raises ValueError for a queue, an order or a cursor that there is not."""
    queue, text = wanted.get("queue") or "mine", (wanted.get("q") or "").strip()[:60]
    if queue not in QUEUES:
        raise ValueError(queue)
    sorts = SORTS.get(queue, ("changed", "waited", "new", "unit"))
    sort = wanted.get("sort") or sorts[0]
    if sort not in sorts:
        raise ValueError(sort)
    told = {"sort": sort, "sorts": [{"id": one, "label": s.say(f"sort.{one}")} for one in sorts]}
    if s.edition is None:
        return {**told, "title": s.say("list.nothing"), "rows": [], "more": ""}
    choice = Choice(
        edition=s.edition.id,
        queue="all" if text else queue,
        own=s.own,
        acts=bool(s.levels),
        above=_above(s),
        town=wanted.get("town") or "",
        category=wanted.get("category") or "",
        text=text,
    )
    if text:
        choice = replace(choice, sought=console.sought(s.connection, s.edition.id, text))
    rows, more = _page(s, choice, sort, _cursor(wanted.get("after") or ""), queue)
    if text:
        title = s.say("list.found", text=text)
    elif choice.town:
        title = s.say("list.town", town=choice.town.rpartition("/")[2])
    else:
        title = s.say("list.title", queue=s.say(f"queue.{queue}"), count=_count(s, choice))
    return {**told, "title": title, "rows": rows, "more": more}


def _page(s: Sight, choice: Choice, sort: str, after: list[Any], queue: str) -> tuple[list[Mapping[str, Any]], str]:
    """Rows of one kind after the other: cases, then drafts, then units, as far as the queue has them."""
    kinds = _KINDS.get(choice.queue, ("case",))
    at, cursor = (after[0], after[1:]) if after else (kinds[0], [])
    if at not in kinds:
        raise ValueError("cursor")
    rows: list[Mapping[str, Any]] = []
    for kind in kinds[kinds.index(at) :]:
        found, more = _some(s, choice, kind, sort, cursor if kind == at else [])
        rows += found
        if more:
            return rows, _packed([kind, *more])
        if len(rows) >= console_rows.PAGE and kind != kinds[-1]:
            return rows, _packed([kinds[kinds.index(kind) + 1]])
    return rows, ""


def _some(s: Sight, choice: Choice, kind: str, sort: str, after: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    if kind == "case":
        cases, more = console_rows.case_page(s.connection, s.scope, choice, _known(sort, "changed"), after)
        ids = [row.id for row in cases]
        noted, came = console_rows.noted(s.connection, ids), workbench.came(s.connection, ids)
        return [_case(s, row, noted.get(row.id, 0), came[row.id]) for row in cases], more
    if kind == "draft":
        order = sort if sort in console_rows.DRAFT_SORTS else "new"
        found, more = console_rows.draft_page(s.connection, s.scope, choice, order, after)
        return [_draft(s, row) for row in found], more
    some, more = console_rows.unit_page(s.connection, s.scope, choice, after)
    return [_unit(s, row) for row in some], more


def _known(sort: str, other: str) -> str:
    return sort if sort in (*console_rows.CASE_SORTS, "changed") else other


def _cursor(text: str) -> list[Any]:
    if not text:
        return []
    try:
        found = json.loads(base64.urlsafe_b64decode(text.encode() + b"=="))
    except (ValueError, UnicodeError) as error:
        raise ValueError("cursor") from error
    if not isinstance(found, list) or not found:
        raise ValueError("cursor")
    return found


def _packed(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _case(s: Sight, row: CaseRow, noted: int, came: Came) -> Mapping[str, Any]:
    since = max(row.submitted_at, came.at or row.submitted_at)
    days, open_ = s.days_since(since), row.state in OPEN
    late = open_ and days >= LATE
    note = s.say("note.waited", days=days) if open_ and days >= 2 else s.when(since)
    return {
        "id": f"c{b36(row.id)}",
        "kind": "case",
        "case": b36(row.id),
        "n": row.n,
        "title": row.title,
        "unit": s.short(row.path),
        "name": row.name,
        "note": note,
        "late": late,
        "number": row.number,
        "state": row.state,
        "rank": row.rank,
        "mine": row.holder in s.own,
        "tags": _tags(s, row, noted, came),
    }


def _tags(s: Sight, row: CaseRow, noted: int, came: Came) -> list[Mapping[str, str]]:
    """Where it stands, as far as its queue does not say so, and what is to be known of it."""
    open_, elsewhere = row.state in OPEN, row.holder not in s.own
    tags: list[Mapping[str, str]] = []
    if row.again and open_:
        tags.append({"text": s.say("tag.again"), "tone": "pine"})
    if not open_:
        tone = {"returned": "amber", "not_recommended": "plain", "out_of_time": "brick"}.get(row.state, "pine")
        state, level = s.say(f"state.{row.state}"), s.level_title(row.level)
        known = elsewhere and level and row.state != "returned"
        tags.append({"text": s.say("tag.state", level=level, state=state) if known else state, "tone": tone})
    elif elsewhere:
        tags.append({"text": s.say("tag.level", level=s.level_title(row.level)), "tone": "plain"})
    if row.state == "returned" and row.back_by is not None and row.back_by <= s.now:
        tags.append({"text": s.say("tag.overdue"), "tone": "brick"})
    if noted:
        tags.append({"text": s.say("tag.noted", count=noted), "tone": "amber"})
    if row.origin:
        tags.append({"text": s.say("tag.entered"), "tone": "plain"})
    if came.late:
        tags.append({"text": s.say(f"tag.late.{came.late}"), "tone": "amber"})
    if came.nominated:
        tags.append({"text": s.say("tag.nominated"), "tone": "plain"})
    return tags


def _draft(s: Sight, row: DraftRow) -> Mapping[str, Any]:
    seen = s.when(row.seen_at) if row.seen_at else s.say("note.never")
    note = s.say("note.draft", done=row.sections_done, words=row.words, seen=seen)
    return {**_empty("draft", f"d{b36(row.id)}"), "unit": s.short(row.path), "name": row.name, "note": note}


def _unit(s: Sight, row: UnitRow) -> Mapping[str, Any]:
    return {**_empty("unit", f"u{b36(row.id)}"), "unit": s.short(row.path), "note": s.say("note.todo")}


def _empty(kind: str, id: str) -> dict[str, Any]:
    row = {"id": id, "kind": kind, "case": "", "n": 0, "title": "", "name": "", "late": False}
    return {**row, "number": "", "state": kind, "rank": 0, "mine": False, "tags": []}
