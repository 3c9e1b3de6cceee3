"""The state beside the messages: what a page shows in its header, chips, box and overview.

Plain data with sentences still to be rendered (`Wording.render_values`). See docs/http.md for the shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.engine.answers import plain
from bot.engine.asking import NOTHING, mending_key, on
from bot.engine.card import head_buttons, limit_words, rows_of
from bot.engine.countdown import counting
from bot.engine.definition import Call, Question, Section
from bot.engine.ids import b36
from bot.engine.messages import Button, Incoming, Say
from bot.engine.model import PROFILE, Conversation, Draft, Focus, View
from bot.engine.progress import first_open, has_content, number_of, pictures_of, sections_done, total_words
from bot.engine.review import case_state
from bot.engine.work import Work

NO_PICTURES: Mapping[str, Any] = {"on": False, "files": False, "original": False, "left": 0}
WRITING = ("ask", "gather", "thin", "edit")  # the modes in which a text question takes a paragraph
EMPTY_BOX: Mapping[str, Any] = {
    "mode": "none",
    "question": "",
    "version": 0,
    "placeholder": Say(key="box.free"),
    "text": "",
    "editing": False,
    "base": 0,
    "goal": 0,
    "max": 0,
}


def board(view: View, conversation: Conversation) -> Mapping[str, Any]:
    """The board of a conversation. Raises NotLoaded when the texts of the shown draft are missing."""
    w = Work(view, conversation, Incoming(at=view.now))
    draft = _draft(w)
    row = w.drafts.get(draft)
    edition = w.edition(draft) if row else None
    if edition is None and len(view.open_editions()) == 1:
        edition = view.open_editions()[0]
    here = w.here() if conversation.consent else None
    is_case = row is not None and row.call != PROFILE
    writing = is_case and row is not None and row.state in ("writing", "returned")
    return {
        "call": edition.title if edition else Say(key="board.calls"),
        "ring": _ring(w, draft) if is_case else None,
        "where": _where(w, draft, here),
        "sub": _sub(w, draft) if is_case else NOTHING,
        "due": _due(w, draft) if writing else None,
        "chips": _chips(w, here),
        "box": _box(w, here),
        "pictures": _pictures(w, draft, here)
        if writing
        else {"on": False, "files": False, "original": False, "left": 0},
        "tasks": _tasks(w, draft) if writing else None,
        "draft": b36(draft) if is_case else "",
        "questionnaire": not is_case,
        "agreed": bool(conversation.consent),
    }


def _draft(w: Work) -> int:
    """The draft the page is about: the focused one, else the one seen last."""
    focus = w.focus
    if focus is not None and focus.draft in w.drafts:
        return focus.draft
    rows = [d for d in w.drafts.values() if d.call != PROFILE and d.state != "closed"]
    return max(rows, key=lambda d: (d.seen_at or w.now, d.id)).id if rows else 0


def _ring(w: Work, draft: int) -> Mapping[str, Any]:
    call = w.call(draft)
    done, total = sections_done(call, w.texts(draft)), len(call.sections)
    return {"done": done, "total": total, "label": Say(key="board.ring", params={"done": done, "total": total})}


def _where(w: Work, draft: int, here: tuple[Section, Question] | None) -> Say:
    row = w.drafts.get(draft)
    if row is None:
        known = (profile := w.profile()) is not None and profile.state == "handed_in"
        return Say(key="board.choose" if known else "board.start")
    if row.call == PROFILE:
        return Say(key="board.profile")
    if row.state == "handed_in":
        case = w.view.cases.get(draft)
        return Say(key="board.handed_in", params={"number": case.number if case else ""})
    call, focus = w.call(draft), w.focus
    if focus is not None and focus.draft == draft and focus.mode == "mend" and row.state == "returned":
        return Say(key="board.mend")
    picking = call.section(focus.section) if focus is not None and focus.draft == draft else None
    section = here[0] if here else picking
    if section is None:
        return Say(key="board.review" if row.words or row.sections_done else "board.overview")
    if n := number_of(call, section):
        return Say(key="board.section", params={"n": n, "heading": section.heading})
    return Say(key="board.head", params={"label": (here[1].label if here else "") or Say(key="board.title")})


def _sub(w: Work, draft: int) -> Say:
    row = w.drafts[draft]
    if row.state == "handed_in":
        state = case_state(w, draft)
        return Say(key="board.sub_handed_in" if state == "case.waiting" else state)
    if row.state == "returned" and (comments := w.comments(draft)):
        rest = sum(not c.answer for c in comments)
        return Say(key="board.sub_mend" if rest else "board.sub_mended", params={"open": rest})
    open_ = len(w.call(draft).sections) - sections_done(w.call(draft), w.texts(draft))
    return Say(key="board.sub" if open_ else "board.sub_done", params={"open": open_})


def _due(w: Work, draft: int) -> Mapping[str, Any] | None:
    due = w.due(draft)
    return counting(due, w.now) if due else None


def _chips(w: Work, here: tuple[Section, Question] | None) -> tuple[Button, ...]:
    """The row above the box: what makes sense now, the most likely first."""
    focus = w.focus
    if not w.conversation.consent:
        return (Button(press="cmd:help", key="help"),)
    if focus is None or here is None:
        return _idle_chips(w)
    draft, question = focus.draft, here[1]
    chips = []
    content = has_content(w.answer(draft, question.id))
    paragraph = question.kind == "text" and focus.mode in WRITING
    collected = question.kind in ("pictures", "files") and content and focus.mode != "caption"
    if paragraph or collected:
        chips.append(Button(press=on("done", draft, question.id), key="done", strong=True))
    if question.kind in ("text", "pictures", "files") or not question.required:
        chips.append(Button(press=on("skip", draft, question.id), key="skip_first"))
    if w.drafts[draft].call == PROFILE:
        return (*chips, *(Button(press=f"cmd:{word}", key=word) for word in ("undo", "privacy", "help")))
    chips += [
        Button(press="cmd:back", key="back"),
        Button(press="cmd:undo", key="undo"),
        Button(press="cmd:preview", key="preview"),
        Button(press="cmd:help", key="help"),
        *(Button(press=f"cmd:{word}", key=word) for word in ("later", "cases", "privacy")),
    ]
    return tuple(chips)


def _idle_chips(w: Work) -> tuple[Button, ...]:
    """Where no question stands: on with the draft or hand it in, but nothing beside the confirmation's own buttons."""
    row = w.drafts.get(_draft(w))
    mine = [Button(press=f"cmd:{word}", key=word) for word in ("help", "cases", "privacy")]
    if row is None or row.call == PROFILE or row.state not in ("writing", "returned"):
        return tuple(mine)
    if w.focus is not None and w.focus.mode == "confirm":
        return (Button(press="cmd:progress", key="progress"), *mine)
    if w.focus is not None and w.focus.mode == "mend" and w.comments(row.id):
        words = ("back", "skip", "undo") if w.focus.at else ("undo",)
        faces = {"back": "mend_list", "skip": "skip_first"}
        own = [Button(press=f"cmd:{word}", key=faces.get(word, word)) for word in (*words, "preview", "submit")]
        return (*own, *mine)
    on_with = [Button(press=on("resume", row.id), key="resume", strong=True)]
    whole = [Button(press=f"cmd:{word}", key=word) for word in ("preview", "submit", "word")]
    return (*(on_with if first_open(w.call(row.id), w.texts(row.id)) else []), *whole, *mine)


def _box(w: Work, here: tuple[Section, Question] | None) -> Mapping[str, Any]:
    """What the box is for: a paragraph, a line, or just a word to the assistant."""
    focus = w.focus
    if focus is not None and focus.mode == "mend" and focus.at:
        return _mending_box(w, focus)
    if focus is None or here is None:
        return EMPTY_BOX
    question, draft = here[1], focus.draft
    answer = w.answer(draft, question.id)
    key = f"{b36(draft)}/{question.id}"
    editing = question.kind == "text" and focus.mode == "edit" and has_content(answer)
    paragraph = question.kind == "text" and focus.mode in WRITING
    typed = w.conversation.typing
    text = typed[1] if typed[0] == key and typed[1] else ("\n".join(_written(w, focus)) if editing else "")
    redo = focus.mode == "gather" and focus.at == "redo"
    base = 0 if editing or redo or not paragraph or answer is None else answer.words
    return {
        "mode": "text" if paragraph else ("none" if question.kind == "declare" else "line"),
        "question": key,
        "version": answer.n if answer else 0,
        "placeholder": Say(key=_placeholder(question, focus, paragraph)),
        "text": text,
        "editing": editing,
        "base": base,
        "goal": question.limit.goal if paragraph else 0,
        "max": question.limit.max if paragraph else 0,
    }


def _mending_box(w: Work, focus: Focus) -> Mapping[str, Any]:
    """A line about the comment in focus; each comment has its own, so that what is half typed stays with it."""
    key, typed = mending_key(focus), w.conversation.typing
    what = focus.at.partition(".")[2] or "any"
    text = typed[1] if typed[0] == key else ""
    return {**EMPTY_BOX, "mode": "line", "question": key, "placeholder": Say(key=f"box.mend_{what}"), "text": text}


def _written(w: Work, focus: Focus) -> list[str]:
    """An answer's own text for the box: fragments as sent, a line each; joining them is the paper's business."""
    texts = w.texts(focus.draft)
    answer = texts.answers.get(focus.question)
    parts = [texts.fragments[i].text for i in (answer.parts if answer else ()) if i in texts.fragments]
    return parts if len(parts) > 1 else [plain(texts, focus.question)]


def _placeholder(question: Question, focus: Focus, paragraph: bool) -> str:
    if focus.mode == "caption":
        return "box.caption"
    if paragraph:
        return "box.text"
    kinds = {"choice": "box.choice", "declare": "box.choice", "pictures": "box.pictures", "files": "box.files"}
    return kinds.get(question.kind, "box.line")


def _pictures(w: Work, draft: int, here: tuple[Section, Question] | None) -> Mapping[str, Any]:
    call = w.call(draft)
    rule = next((q.pictures for s in call.sections for q in s.questions if q.pictures is not None), None)
    files = here is not None and here[1].kind == "files"
    have = len(pictures_of(call, w.texts(draft)))
    return {
        "on": files or (rule is not None and here is not None and here[1].kind in ("text", "pictures")),
        "files": files,
        "original": bool(rule and rule.original),
        "left": max(0, (rule.max if rule else 0) - have),
    }


def _after(row: Draft, call: Call) -> str:
    """What comes of it when the date has passed; drafts of a call that rolls by month go on in the next round."""
    if row.state == "returned":
        return "board.after_back"
    return "board.after_next" if call.monthly else "board.after"


def _tasks(w: Work, draft: int) -> Mapping[str, Any]:
    row, call = w.drafts[draft], w.call(draft)
    target = first_open(call, w.texts(draft))
    if target is None:
        go = Button(press="cmd:preview", key="look_whole", strong=True)
    elif n := number_of(call, target[0]):
        go = Button(press=on("resume", draft), key="go_on_section", params={"n": n}, strong=True)
    else:
        go = Button(press=on("resume", draft), key="resume", strong=True)
    rest = {
        "words": total_words(call, w.texts(draft)),
        "limit": limit_words(call.limit),
    }
    return {
        "title": row.title or call.title,
        "due": _due(w, draft),
        "after": Say(key=_after(row, call)),
        "rest": Say(key="board.rest", params=rest),
        "rows": rows_of(w, draft),
        "go": go,
        "head": head_buttons(w, draft),
    }
