"""The overview: how far a draft has got, as a card, and the card that is pinned in a messenger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.engine.asking import NOTHING, command, on, where
from bot.engine.definition import Call, Limit, Section
from bot.engine.findings import is_advised
from bot.engine.ids import b36
from bot.engine.messages import Button, Moment, Say
from bot.engine.model import PROFILE, Draft, Focus, SectionState, Texts
from bot.engine.progress import (
    first_open,
    pictures_of,
    section_state,
    section_words,
    sections_done,
    total_words,
    touched,
)
from bot.engine.suggesting import findings_of
from bot.engine.work import Work


def limit_words(limit: Limit) -> Say:
    """A length as it is said: 2000到3000字, 2500字以内, 300字左右."""
    if limit.min and limit.max:
        return Say(key="limit.between", params={"min": limit.min, "max": limit.max})
    if limit.max:
        return Say(key="limit.max", params={"max": limit.max})
    if limit.min:
        return Say(key="limit.min", params={"min": limit.min})
    return Say(key="limit.about", params={"about": limit.about}) if limit.about else Say(key="limit.free")


def days_left(w: Work, due: Moment) -> Say:
    """还有23天, 今天截止, 已截止."""
    seconds = (due.at - w.now).total_seconds()
    if seconds <= 0:
        return Say(key="due.over")
    days = int(seconds // 86400)
    return Say(key="due.days", params={"days": days}) if days else Say(key="due.today")


def rows_of(w: Work, draft: int) -> tuple[Mapping[str, Any], ...]:
    """The lines of the overview: n, heading, state, label, note and the button's id."""
    call, texts = w.call(draft), w.texts(draft)
    advised = {f.place.section for f in findings_of(w, draft)}
    focus = w.focus
    out = []
    for n, section in enumerate(call.sections, 1):
        state = section_state(section, texts, section.id in advised)
        if focus and focus.draft == draft and focus.section == section.id and _is_told(w, focus):
            state = "now"
        out.append(
            {
                "n": n,
                "heading": section.heading,
                "state": state,
                "label": Say(key=f"state.{state}"),
                "note": _note(section, texts, call),
                "press": on("go", draft, section.id),
            }
        )
    return tuple(out)


def _is_told(w: Work, focus: Focus) -> bool:
    """Whether 正在写 is shown; not on a card that stands in a messenger and hears nothing of where the person goes."""
    return focus.mode not in ("review", "confirm") and not w.view.caps.edits


def _note(section: Section, texts: Any, call: Any) -> Say:
    rule = next((q.pictures for q in section.questions if q.pictures is not None), None)
    if rule is not None:
        have = len(pictures_of(call, texts))
        key = ("note.pictures" if have < rule.min else "note.pictures_any") if have else "note.pictures_wanted"
        key = "note.pictures_most" if not have and not rule.min else key
        return Say(key=key, params={"have": have, "min": rule.min, "max": rule.max})
    words = section_words(section, texts)
    questions = len(section.questions)
    if words:
        return Say(key="note.words", params={"words": words})
    if section.limit.goal:
        key = "note.about_questions" if questions > 1 else "note.about"
        return Say(key=key, params={"about": section.limit.goal, "questions": questions})
    return Say(key="note.questions", params={"questions": questions})


def card(w: Work, draft: int) -> None:
    """The status card, kept in its slot."""
    call, due = w.call(draft), w.due(draft)
    params: dict[str, Any] = {
        "done": sections_done(call, w.texts(draft)),  # first: it is all that a messenger's pinned line has room for
        "sections": len(call.sections),
        "title": w.title(draft) or call.title,
        "due": due,
        "at": due.at.isoformat() if due else "",
        "left": days_left(w, due) if due else NOTHING,
        "back": _back(w, draft),
        "words": total_words(call, w.texts(draft)),
        "limit": limit_words(call.limit),
        "rows": rows_of(w, draft),
        "draft": b36(draft),
    }
    w.say("overview.card", card="overview", slot="card", **params)


def _back(w: Work, draft: int) -> Say:
    """That the case was sent back, and how many of the office's comments wait for an answer."""
    if w.drafts[draft].state != "returned":
        return NOTHING
    comments = w.comments(draft)
    if not comments:
        return Say(key="overview.back_reason")
    open_ = sum(not c.answer for c in comments)
    return Say(key="overview.back", params={"open": open_}) if open_ else Say(key="overview.back_all")


def overview(w: Work, draft: int, *, intro: bool = False) -> None:
    """The status card and what to do next."""
    call = w.call(draft)
    words = total_words(call, w.texts(draft))
    card(w, draft)
    target = first_open(call, w.texts(draft))
    if intro:
        buttons = []
        if call.sections:
            buttons.append(Button(press=on("go", draft, call.sections[0].id), key="start_first", strong=True))
            longest = max(call.sections, key=lambda s: s.limit.goal)
            if longest.id != call.sections[0].id:
                buttons.append(
                    Button(press=on("go", draft, longest.id), key="start_at", params={"heading": longest.heading})
                )
        if call.sample:
            buttons.append(Button(press=on("sample", draft), key="sample"))
        w.say("overview.intro", sections=len(call.sections), minutes=call.minutes or 40, buttons=buttons)
    elif target:
        resume = Button(press=on("resume", draft), key="resume", strong=True)
        buttons = [resume, *section_buttons(w, draft), command("preview"), *head_buttons(w, draft)]
        spot = Focus(draft=draft, section=target[0].id, question=target[1].id)
        if w.focus is not None and w.focus.draft == draft and w.here() is not None:
            spot = w.focus
        w.say(
            "overview.next",
            done=sections_done(call, w.texts(draft)),
            words=words,
            where=where(w, spot),
            buttons=buttons,
        )
    else:
        buttons = [*section_buttons(w, draft), command("preview"), command("submit"), *head_buttons(w, draft)]
        if any(not c.answer for c in w.comments(draft)):  # a returned case: what the office asked for comes first
            buttons.insert(0, Button(press=on("mends", draft), key="mend_rest", strong=True))
        w.say("overview.all", words=words, buttons=buttons)


def section_buttons(w: Work, draft: int) -> tuple[Button, ...]:
    """A way to each section; on the page the card's own lines are that."""
    if w.view.caps.page:
        return ()
    sections = enumerate(w.call(draft).sections, 1)
    return tuple(
        Button(press=on("go", draft, s.id), key="section_n", params={"n": n, "heading": s.heading}) for n, s in sections
    )


def head_buttons(w: Work, draft: int) -> tuple[Button, ...]:
    """Back to what was asked before the first section: 改标题, 改类别."""
    call, texts = w.call(draft), w.texts(draft)
    return tuple(
        Button(press=on("ask", draft, question.id), key="change_head", params={"label": question.label})
        for question in call.head
        if question.label and touched(texts.answers.get(question.id))
    )


# ---------------------------------------------------------------- pinned in a messenger


def follow(w: Work) -> None:
    """Says the card anew, behind all else, when what it shows of the draft in focus has changed in this turn.

    字数 alone is no such change: the card is edited seldom. Before the first overview there is no card to follow.
    """
    focus = w.focus
    row = w.drafts.get(focus.draft) if focus is not None and focus.section != "head" else None
    if row is None or row.call == PROFILE or row.state not in ("writing", "returned") or not row.title:
        return
    if not any(reply.slot == "card" for reply in w.replies) and (_came_to(w, row) or _changed(w, row)):
        card(w, row.id)


def _came_to(w: Work, row: Draft) -> bool:
    """Whether the draft was taken up, its title and what else is asked at its head was left, or the person has come
    from another channel, where nothing was said of it here."""
    before, spoke = w.before.focus, w.before.spoke
    moved = spoke not in ("", w.view.caps.name) and w.conversation.spoke != spoke
    return before is None or before.draft != row.id or before.section == "head" or moved


def _changed(w: Work, row: Draft) -> bool:
    """Whether its title, its track, the state of a section or of a comment is another one than before this turn."""
    if w.noted(row.id):
        return True
    call, old = w.call(row.id), w.view.drafts[row.id]
    questions = w.rewritten(row.id)
    if not questions:
        return False
    if row.track != old.track or w.title(row.id) != old.title:
        return True
    before, now = w.view.text_of(row.id), w.texts(row.id)
    slow = {finding.place.section for finding in w.view.findings.get(row.id, ())}
    return any(
        _state(section, before, section.id in slow) != _state(section, now, section.id in slow)
        for section in _met(call, questions)
    )


def _met(call: Call, questions: tuple[str, ...]) -> list[Section]:
    """The numbered sections that these questions belong to; what is said of a picture belongs to all that have some."""
    if any("#" in question for question in questions):
        return [section for section in call.sections if any(q.id in questions or q.pictures for q in section.questions)]
    found = {place[0].id: place[0] for question in questions if (place := call.find(question)) is not None}
    return [section for section in found.values() if section.numbered]


def _state(section: Section, texts: Texts, advised: bool) -> SectionState:
    plain = section_state(section, texts)
    return "advice" if plain == "done" and (advised or is_advised(section, texts)) else plain
