"""One case: as it will print, with comments, what is new, checks, what may be done; the difference; the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.doors import Scope
from bot.engine import diff
from bot.engine.content import Content
from bot.engine.ids import b36
from bot.engine.route import Stop, stop_before, stops
from bot.workbench.base import Sight, masked
from bot.workbench.books import row
from bot.workbench.checking import checks
from storage import audit, console_rows, posts, workbench
from storage.console_rows import Choice
from storage.workbench import CaseHead, CommentSeen

OPEN = ("waiting", "opened")
LONGEST = timedelta(days=730)  # until which a case may be returned


def read(s: Sight, id: int, n: int) -> Mapping[str, Any] | None:
    """A submission of a case (n = 0: the last one) as its reader sees it; None outside the scope."""
    head = workbench.case(s.connection, s.scope, id)
    if head is None:
        return None
    s.edition = s.known[head.edition]
    n = n or head.n
    content = workbench.content(s.connection, id, n)
    if content is None:
        return None
    before = workbench.content(s.connection, id, n - 1) if n > 1 else None
    noted = workbench.comments_of(s.connection, id)
    versions = workbench.versions(s.connection, id)
    at = next(at for number, at, _ in versions if number == n)
    following, previous = _neighbours(s, head)
    return {
        "case": b36(head.id),
        "edition": b36(head.edition),
        "n": n,
        "last": head.n,
        "title": content.title,
        "unit": head.unit,
        "number": head.number,
        "state": head.state,
        "state_text": s.say(f"state.{head.state}"),
        "origin_text": s.say("tag.entered") if head.origin else (s.say("tag.nominated") if head.nominated else ""),
        "late_text": s.say(f"tag.late.{late}")
        if (late := workbench.came(s.connection, [head.id])[head.id].late)
        else "",
        "deaf_text": "" if posts.is_reached(s.connection, head.person) else s.say("tag.deaf"),
        "head": _head(s, head, n, at),
        "phone": head.phone,
        "category": next((f.value for f in content.fields if f.id == "category"), ""),
        "words": content.words(),
        "holder": head.holder_path.rpartition("/")[2],
        "level": s.level_title(head.level),
        "mine": s.holds(head.holder_path),
        "versions": [{"n": k, "label": s.say("version", n=k), "at": s.when(when)} for k, when, _ in versions],
        "paper": _paper(s, content),
        "marks": [mark._asdict() | {"kind": "new"} for mark in (diff.marks(before, content) if before else ())],
        "comments": _comments(s, content, noted, n),
        "checks": checks(s, s.edition, content),
        "enclosures": [
            {"id": b36(i), "file": file, "name": name, "kind_text": s.say(f"enclosure.{kind}"), "at": s.when(when)}
            for i, kind, file, name, when in workbench.enclosed(s.connection, id)
        ],
        "sent_down": _sent_down(s, head),
        "can": _can(s, head, n),
        "return": _return(s, head),
        "next": following,
        "prev": previous,
    }


def _head(s: Sight, head: CaseHead, n: int, at: Any) -> str:
    """石桥镇槐树村　李建国（村党支部书记）　今天09:42重新提交; the number stands beside it, to be called."""
    name = s.say("head.erased") if head.erased or not head.name else head.name
    who = s.say("head.post", name=name, post=head.post) if head.post and not head.erased else name
    key = "head.first" if n == 1 else "head.again"
    parts = (s.short(head.unit), who, s.say(key, at=s.when(at)))
    return "\u3000".join(part for part in parts if part)


def _paper(s: Sight, content: Content) -> Mapping[str, Any]:
    return {
        "title": content.title,
        "unit": content.unit,
        "sections": [
            {
                "id": section.id,
                "n": section.n,
                "heading": s.say("heading", n=section.n, heading=section.heading),
                "blocks": [{"id": b.id, "text": b.text, "level": b.level} for b in section.blocks],
            }
            for section in content.sections
        ],
        "pictures": [
            {"id": p.id, "n": p.n, "file": p.file, "caption": p.caption, "width": p.width, "height": p.height}
            for p in content.pictures
        ],
        "materials": [{"file": m.file, "name": m.name, "label": m.label} for m in content.materials],
        "fields": [
            {"label": f.label, "value": masked(f.value) if f.id == "phone" else f.value} for f in content.fields
        ],
    }


def _comments(s: Sight, content: Content, noted: Sequence[CommentSeen], n: int) -> list[Mapping[str, Any]]:
    """Those on this submission and, answered or not, those of the round before it."""
    earlier = max((c.n for c in noted if c.n < n and c.sent_at is not None), default=0)
    shown = [c for c in noted if c.n == n or (c.n == earlier and c.sent_at is not None)]
    blocks = {b.id: b.text for section in content.sections for b in section.blocks}
    out: list[Mapping[str, Any]] = []
    for i, c in enumerate(shown, 1):
        stands = bool(c.quote) and blocks.get(c.block, "")[c.start : c.start + len(c.quote)] == c.quote
        answer = "" if c.n == n else s.say(f"answer.{c.answer or 'none'}", text=c.explained)
        out.append(
            {
                "id": b36(c.id),
                "i": i,
                "n": c.n,
                "section": c.section,
                "question": c.question,
                "block": c.block if stands else "",
                "picture": c.block if any(p.id == c.block for p in content.pictures) else "",
                "start": c.start,
                "quote": c.quote,
                "title": _title(s, content, c),
                "text": c.text,
                "change": c.change,
                "author": c.name or s.say("head.office"),
                "at": s.when(c.at),
                "own": c.author == s.visitor.person,
                "sent": c.sent_at is not None,
                "answer": c.answer if c.n < n else "",
                "answer_text": answer,
                "old": c.n < n,
            }
        )
    return out


def _title(s: Sight, content: Content, comment: CommentSeen) -> str:
    picture = next((p for p in content.pictures if p.id == comment.block), None)
    if picture is not None:
        return s.say("place.picture", n=picture.n)
    section = comment.section
    found = next((one for one in content.sections if one.id == section), None)
    if found is not None:
        return s.say("place.section", n=found.n, heading=found.heading)
    return s.say(f"place.{section}" if section in ("pictures", "head") else "place.whole")


def _sent_down(s: Sight, head: CaseHead) -> Mapping[str, str] | None:
    """Who handed the case back to the level that has it now, and why: what is to be done stands above everything."""
    decided = workbench.decisions_of(s.connection, head.id)
    if not decided or decided[-1].kind != "handed_down" or head.state not in (*OPEN, "passed"):
        return None
    last = decided[-1]
    unit = last.unit.rpartition("/")[2]
    who = s.say("sent_down.by", unit=unit, name=last.name) if last.name else unit
    return {"title": s.say("sent_down.title", who=who, at=s.when(last.at)), "text": last.reason}


def _can(s: Sight, head: CaseHead, n: int) -> Mapping[str, bool]:
    holds, last = s.holds(head.holder_path), n == head.n
    open_, passed = holds and last and head.state in OPEN, holds and last and head.state == "passed"
    return {
        "open": holds and last and head.state == "waiting",
        "comment": open_,
        "return": open_,
        "return_below": open_ and _below(s, head) is not None,
        "return_writer": open_,
        "pass": open_,
        "reopen": passed or (holds and last and head.state == "not_recommended"),
        "recommend": passed and s.in_time(head.level, head.holder),
        "not_recommend": passed,
        "correct": open_,
        "enclose": holds or any(s.holds("/".join(stop.path)) for stop in _way(s, head)),
        "rank": passed,
    }


def _below(s: Sight, head: CaseHead) -> str | None:
    """The unit below the holder that had the case before."""
    below = stop_before(_way(s, head), head.level)
    return below.path[-1] if below else None


def _way(s: Sight, head: CaseHead) -> tuple[Stop, ...]:
    assert s.edition is not None
    return stops(s.edition.call, tuple(head.unit.split("/")), s.tools.root, s.tools.levels)


def _return(s: Sight, head: CaseHead) -> Mapping[str, Any]:
    here, below = s.now.astimezone(ZoneInfo(s.zone())).date(), _below(s, head)
    return {
        "until": (here + timedelta(days=7)).isoformat(),
        "least": here.isoformat(),
        "most": (here + LONGEST).isoformat(),
        "routes": [
            {"id": id, "label": s.say(f"route.{id}.label"), "note": s.say(f"route.{id}.note")}
            # At the first level both ways lead to the same desk.
            for id in (("direct", "again") if below else ("direct",))
        ],
        "below": below or "",
    }


def _neighbours(s: Sight, head: CaseHead) -> tuple[str, str]:
    """The case after and before this one in what waits for the viewer."""
    assert s.edition is not None
    choice = Choice(edition=s.edition.id, queue="mine", own=s.own)
    ids, _ = console_rows.case_ids(s.connection, s.scope, choice, "changed")
    if head.id not in ids:
        return (b36(ids[0]) if ids else ""), ""
    at = ids.index(head.id)
    return (b36(ids[at + 1]) if at + 1 < len(ids) else ""), (b36(ids[at - 1]) if at else "")


# ---------------------------------------------------------------- the difference, the history


def compare(s: Sight, id: int, old: int, new: int) -> Mapping[str, Any] | None:
    """Two submissions of a case, section by section; None outside the scope or where one of them is not there."""
    head = workbench.case(s.connection, s.scope, id)
    before = workbench.content(s.connection, id, old) if head else None
    after = workbench.content(s.connection, id, new) if head else None
    if before is None or after is None:
        return None
    changed, sections = 0, []
    for _, heading, rows in diff.sections(before, after):
        changed += sum(row.kind != "same" and not (row.moved and row.kind == "removed") for row, _ in rows)
        told = [{"kind": row.kind, "moved": row.moved, "ops": [list(op) for op in row.ops]} for row, _ in rows]
        sections.append({"heading": heading, "rows": told})
    more = after.words() - before.words()
    key = "more" if more > 0 else ("less" if more < 0 else "same")
    return {
        "from": old,
        "to": new,
        "title": {
            "changed": before.title != after.title,
            "ops": [list(op) for op in diff.changes(before.title, after.title)],
        },
        "sections": sections,
        "summary": s.say(f"compare.{key}" if changed else "compare.none", count=changed, words=abs(more)),
    }


def history(s: Sight, id: int) -> Mapping[str, Any] | None:
    """Who did what with a case and why, the newest first."""
    head = workbench.case(s.connection, s.scope, id)
    if head is None:
        return None
    s.edition = s.known[head.edition]
    lines = audit.seen(s.connection, Scope(person=0, units=("",)), case=id, limit=300)
    why = {one.id: one.reason for one in workbench.decisions_of(s.connection, id)}
    return {"rows": [{**row(s, line), "reason": why.get(line.params.get("decision", 0), "")} for line in lines]}
