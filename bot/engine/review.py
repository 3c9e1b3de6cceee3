"""The look at the whole, what blocks, the confirmation, the hand-in, and taking it back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.engine import nominating
from bot.engine.asking import command, on, show
from bot.engine.content import PICTURE, Content
from bot.engine.going import focus_on
from bot.engine.ids import b36
from bot.engine.messages import Button, Moment, Say, Submitted, TakenBack, Want
from bot.engine.model import PROFILE, CaseView, Draft, Focus
from bot.engine.printing import make_content
from bot.engine.progress import Blocker, blockers, is_open, number_of, pictures_of, total_words, unchecked
from bot.engine.suggesting import findings_of
from bot.engine.work import Work

LINES = 6  # paragraphs shown on the preview card


def writable(w: Work) -> Draft | None:
    """The draft in focus if it is a case still being written, else the only or latest such draft."""
    focus = w.focus
    if focus is not None and focus.draft in w.drafts and w.drafts[focus.draft].call != PROFILE:
        return w.drafts[focus.draft]
    rows = [d for d in w.drafts.values() if d.call != PROFILE and d.state in ("writing", "returned")]
    return max(rows, key=lambda d: (d.seen_at or w.now, d.id), default=None)


def all_written(w: Work, draft: int) -> None:
    """Every question has been met: the look at the whole, or what is still open."""
    blocked = _blockers(w, draft, declarations=False)
    w.refocus(Focus(draft=draft, mode="review"))
    if any(b.kind in ("question", "section", "pictures", "files") for b in blocked):
        _say_blocker(w, draft, blocked[0], key="all.but")
        return
    preview(w, draft, first=True)


def preview(w: Work, draft: int, first: bool = False) -> None:
    """What it looks like now, with what blocks and what is advised."""
    call, texts = w.call(draft), w.texts(draft)
    blocked = _blockers(w, draft, declarations=False)
    advice = findings_of(w, draft)
    content = make_content(call, w.drafts[draft], texts, w.person, w.view.profile)
    w.refocus(Focus(draft=draft, mode="review"))
    lines = tuple(b.text for s in content.sections for b in s.blocks)[:LINES]
    findings: tuple[dict[str, Any], ...] = tuple(
        {"i": i, "say": f.say, "press": on("see", draft, f.id), "label": Say(key="button.go_mend")}
        for i, f in enumerate(advice, 1)
    )
    missing: tuple[dict[str, Any], ...] = tuple(
        {"say": blocker_say(w, draft, b), "press": _blocker_press(w, draft, b)} for b in blocked
    )
    if unchecked(call, texts) is not None:  # asked on the way to the hand-in
        missing = (*missing, {"say": Say(key="blocks.private"), "press": on("submit", draft)})
    params: dict[str, Any] = {
        "draft": b36(draft),
        "title": content.title,
        "unit": content.unit,
        "sections": len(call.sections),
        "words": total_words(call, texts),
        "pictures": len(pictures_of(call, texts)),
        "lines": lines,
        "first_heading": content.sections[0].heading if content.sections else "",
        "findings": findings,
        "missing": missing,
    }
    buttons = [Button(press=m["press"], key="go_fill") for m in missing[:1]]
    if not missing:
        buttons = [Button(press=f["press"], key="go_fill_n", params={"i": f["i"]}) for f in findings[:4]]
    buttons.append(Button(press=on("change", draft), key="change_more"))
    if not missing:
        buttons.append(Button(press=on("submit", draft), key="submit_case", strong=True))
    key = "review.missing" if missing else ("review.advice" if findings else "review.clean")
    if not w.view.caps.page:  # on the page it is opened and read there
        _say_text(w, content)
    w.say(key, card="preview", buttons=buttons, slot="question", **params)
    if not w.view.caps.page:
        w.wants.append(Want(job="paper", args={"draft": draft, "submission": 0}))


def _say_text(w: Work, content: Content) -> None:
    """What is written, to be read in the conversation: not every phone opens a Word file."""
    sections = tuple(
        {"n": s.n, "heading": s.heading, "text": "".join(f"{b.text}\n" for b in s.blocks)} for s in content.sections
    )
    if sections:
        w.say("review.text", title=content.title, sections=sections)


def _blockers(w: Work, draft: int, *, declarations: bool) -> tuple[Blocker, ...]:
    unit = w.person.unit is not None or w.unit is not None
    return blockers(w.call(draft), w.texts(draft), unit=unit, declarations=declarations)


def blocker_say(w: Work, draft: int, blocker: Blocker) -> Say:
    """One blocker as half a sentence: 第6节“经验启示”还没写."""
    call = w.call(draft)
    section, question = blocker.section, blocker.question
    params: dict[str, Any] = {"have": blocker.have, "need": blocker.need, "left": max(0, blocker.need - blocker.have)}
    if section is not None:
        params |= {"n": number_of(call, section), "heading": section.heading}
    if question is not None:
        params |= {"label": question.label or question.ask}
    kind: str = blocker.kind
    if kind == "question":
        kind = (
            "question_head"
            if section is None or not number_of(call, section)
            else ("section" if section is not None and len(section.questions) == 1 else "question")
        )
    elif kind == "long" and section is not None:
        kind = "long_section"
    return Say(key=f"blocks.{kind}", params=params)


def _blocker_press(w: Work, draft: int, blocker: Blocker) -> str:
    if blocker.question is not None:
        return on("ask", draft, blocker.question.id)
    if blocker.section is not None:
        return on("go", draft, blocker.section.id)
    profile = w.profile()
    if blocker.kind == "unit" and profile is not None:
        return on("ask", profile.id, "unit")
    return "cmd:progress"


def _say_blocker(w: Work, draft: int, blocker: Blocker, key: str) -> None:
    w.say(
        key,
        what=blocker_say(w, draft, blocker),
        buttons=[Button(press=_blocker_press(w, draft, blocker), key="go_write", strong=True), command("progress")],
    )


def submit(w: Work, draft: int) -> None:
    """提交: first what blocks, then the declarations, then the question; never handed in directly."""
    row = w.drafts[draft]
    if row.state not in ("writing", "returned"):
        show_handed_in(w, draft)
        return
    if _too_late(w, draft):
        return
    blocked = _blockers(w, draft, declarations=False)
    if blocked:
        w.refocus(Focus(draft=draft, mode="review"))
        _say_blocker(w, draft, blocked[0], key="blocks.one" if len(blocked) == 1 else "blocks.first")
        return
    if (pictures := unchecked(w.call(draft), w.texts(draft))) is not None:
        w.then("private", draft, *pictures)
        return
    tail = w.call(draft).section("tail")
    texts = w.texts(draft)
    target = next((q for q in tail.questions if is_open(q, texts)), None) if tail else None
    if tail is not None and target is not None:
        focus_on(w, draft, tail, target)
        show(w)
        return
    confirm(w, draft)


def confirm(w: Work, draft: int) -> None:
    """The question that everything hangs on."""
    office = w.office(draft)
    assert office is not None
    w.refocus(Focus(draft=draft, mode="confirm"))
    buttons = [
        Button(press=on("confirm", draft), key="submit", strong=True),
        Button(press=on("change", draft), key="look_more"),
    ]
    open_ = [c for c in w.comments(draft) if not c.answer] if w.drafts[draft].state == "returned" else []
    if open_:
        buttons.insert(1, Button(press=on("mends", draft), key="mend_rest"))
    w.say(
        "confirm.open" if open_ else "confirm.ask",
        unit=office.unit,
        contact=office.contact,
        due=w.due(draft),
        open=len(open_),
        buttons=buttons,
        slot="question",
    )


def _too_late(w: Work, draft: int) -> bool:
    due, office = w.due(draft), w.office(draft)
    if due is None or office is None or not _over(w, draft):
        return False
    w.refocus(Focus(draft=draft, mode="review"))
    w.say("due.passed", due=due, contact=office.contact, phone=office.phone, buttons=[command("preview")])
    return True


def hand_in(w: Work, draft: int) -> None:
    """The confirming 提交: the content is frozen, the number is drawn by the desk."""
    row, focus = w.drafts[draft], w.focus
    if row.state not in ("writing", "returned"):
        show_handed_in(w, draft)
        return
    if focus is None or focus.draft != draft or focus.mode != "confirm":
        submit(w, draft)
        return
    late = _late(w, draft)
    if not late and _too_late(w, draft):
        return
    if _blockers(w, draft, declarations=True):
        submit(w, draft)
        return
    office = w.office(draft)
    assert office is not None
    call, n, comments = w.call(draft), row.n + 1, w.comments(draft)
    content = make_content(call, row, w.texts(draft), w.person, w.view.profile)
    w.submitted = Submitted(draft=draft, n=n, content=content, late=late)
    w.change(draft, state="handed_in", n=n)
    w.refocus(None)
    w.set(undo=())
    w.event("case.submitted", draft, n=n, words=row.words, **({"late": late} if late else {}))
    w.wants.append(Want(job="paper", args={"draft": draft, "submission": n}))
    changed, explained = (sum(c.answer == answer for c in comments) for answer in ("changed", "explained"))
    key = "submitted.done" if n == 1 else ("submitted.mended" if changed or explained else "submitted.again")
    w.say(
        key,
        n=n,
        number="",
        what=_mended(changed, explained),
        at=Moment(at=w.now, zone=call.zone),
        days=office.answer_days,
        buttons=[
            Button(press=on("recall", draft), key="take_back"),
            Button(press="cmd:another", key="another"),
        ],
    )


def _mended(changed: int, explained: int) -> Say:
    """What became of the comments: 改了1处、说明了1处."""
    counts = (("changed", changed), ("explained", explained))
    parts = [Say(key=f"submitted.{key}", params={"count": n}) for key, n in counts if n]
    return Say(key="submitted.what", params={"parts": tuple(parts)})


def resend(w: Work, draft: int) -> None:
    """[重新提交]: at once where every comment is answered and nothing blocks, else as 提交 does."""
    row = w.drafts[draft]
    ready = row.state == "returned" and all(c.answer for c in w.comments(draft))
    if not ready or _blockers(w, draft, declarations=True) or unchecked(w.call(draft), w.texts(draft)) is not None:
        submit(w, draft)
        return
    w.refocus(Focus(draft=draft, mode="confirm"))
    hand_in(w, draft)


def recall(w: Work, draft: int) -> None:
    """[撤回修改]: only while nobody has opened it, at the first level, before the writer's date."""
    row = w.drafts[draft]
    if row.state != "handed_in":
        w.then("resume", draft)
        return
    case, office = w.view.cases.get(draft), w.office(draft)
    assert office is not None
    if case is None or not _unread(case):
        w.say("recall.opened", contact=office.contact, phone=office.phone)
        return
    if _over(w, draft):
        w.say("recall.late", contact=office.contact, phone=office.phone)
        return
    w.taken_back = TakenBack(draft=draft, case=case.id, n=case.n)
    w.change(draft, state="writing")
    w.refocus(Focus(draft=draft, mode="review"))
    w.event("case.taken_back", draft, case=case.id, n=case.n)
    w.say(
        "recall.done",
        number=case.number,
        buttons=[command("progress"), Button(press=on("submit", draft), key="submit_case")],
    )


def _unread(case: CaseView) -> bool:
    """Whether nobody of the office has opened it yet."""
    return not case.opened and case.first and case.state == "waiting"


def _late(w: Work, draft: int) -> str:
    """How something may be handed in after the date: "grace", "key"; "" in time, or where it may not be."""
    if _on_its_way(w, draft):
        return "grace"
    plain = w.due(draft, keys=False)
    return "key" if plain is not None and w.now >= plain.at and not _over(w, draft) else ""


def _on_its_way(w: Work, draft: int) -> bool:
    """Whether a confirmation comes within the minutes of grace, and was asked for before the date."""
    due, seen = w.due(draft), w.before.seen_at
    if due is None or seen is None or not _over(w, draft):
        return False
    return seen < due.at and w.now < due.at + timedelta(minutes=w.call(draft).grace)


def _over(w: Work, draft: int) -> bool:
    """Whether the writer's date has passed."""
    due = w.due(draft)
    return due is not None and w.now >= due.at


def show_handed_in(w: Work, draft: int) -> None:
    """A handed-in case: where it is, and what can still be done with it."""
    case = w.view.cases.get(draft)
    if w.focus is not None and w.focus.draft == draft:
        w.refocus(None)
    buttons = [Button(press="cmd:another", key="another"), command("cases")]
    if case is not None and _unread(case) and not _over(w, draft):
        buttons.insert(0, Button(press=on("recall", draft), key="take_back"))
    buttons = [*nominating.offered(w, draft), *buttons]
    w.say(
        "handed_in.where",
        number=case.number if case else "",
        title=w.drafts[draft].title,
        state=Say(key=case_state(w, draft)),
        buttons=buttons,
    )


def case_state(w: Work, draft: int) -> str:
    """The wording key that says where a draft stands."""
    row, case = w.drafts[draft], w.view.cases.get(draft)
    if row.state == "handed_in" and case is not None:
        return "case.opened" if case.opened and case.state == "waiting" else f"case.{case.state}"
    return f"draft.{row.state}"


def see(w: Work, draft: int, finding_id: str) -> None:
    """[去补]: to the place a piece of advice speaks of."""
    finding = next((f for f in findings_of(w, draft) if f.id == finding_id), None)
    if finding is None:
        preview(w, draft)
        return
    if finding.place.block.startswith(PICTURE):
        w.then("rename", draft, int(finding.place.block.split("/")[1]))
    elif finding.place.question:
        w.then("question", draft, finding.place.question)
    elif finding.place.section:
        w.then("section", draft, finding.place.section)
    else:
        w.then("overview", draft)
