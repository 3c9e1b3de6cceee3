"""Changing what was written: one sentence, the whole, an edit in the messenger, two devices at once."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.engine.answers import measure, pieces
from bot.engine.asking import LEAD, command, on, show, where
from bot.engine.definition import Question, Section
from bot.engine.messages import Button
from bot.engine.model import Answer, Focus, Fragment, Texts
from bot.engine.pictures import recaption
from bot.engine.progress import captioned
from bot.engine.sources import changed, span
from bot.engine.work import Work


def two_versions(w: Work, section: Section, question: Question, other: Answer, text: str) -> None:
    """The same answer was changed on another device meanwhile: both stay, and the person says which stands."""
    focus = w.focus
    assert focus is not None
    fragment = w.add_fragment(focus.draft, question.id, text, flowing=True)
    mine = w.write(focus.draft, question.id, "closed", [fragment.id])
    w.remember("text")
    buttons = [
        Button(press=on("keep", focus.draft, question.id, mine.n), key="keep_this", strong=True),
        Button(press=on("keep", focus.draft, question.id, other.n), key="keep_other"),
    ]
    lead = "".join(f.text for f in pieces(w.texts(focus.draft), other))[:LEAD]
    w.say("edit.two", where=where(w, focus), lead=lead, buttons=buttons)


def keep(w: Work, draft: int, question: str, n: int) -> None:
    """Which of two versions stands."""
    answer = w.answer(draft, question)
    older = next(
        (
            a
            for u in reversed(w.conversation.undo)
            for a in u.answers
            if (a.draft, a.question, a.n) == (draft, question, n)
        ),
        None,
    )
    if answer is not None and answer.n != n and older is not None:
        w.write(draft, question, "closed", older.parts, older.picks)
        w.remember("text")
    w.say("edit.kept", buttons=[command("undo")])
    w.then("resume", draft)


def find_sentence(w: Work, section: Section, question: Question, text: str) -> None:
    """The old sentence was copied: it must be found exactly once."""
    focus = w.focus
    assert focus is not None
    wanted = text.strip().strip('。.，,“”"')
    hits: list[tuple[int, int]] = []
    for fragment in pieces(w.texts(focus.draft), w.answer(focus.draft, question.id)):
        hits += [(fragment.id, m.start()) for m in re.finditer(re.escape(wanted), fragment.text)] if wanted else []
    if len(hits) != 1:
        if hits:
            w.say("edit.many", count=len(hits))
        else:
            w.say("edit.not_found", buttons=[Button(press=on("ask", focus.draft, question.id), key="leave")])
        return
    fragment_id, start = hits[0]
    w.refocus(replace(focus, mode="replace", at=f"{fragment_id}.{start}.{start + len(wanted)}"))
    w.say("edit.found", quote=wanted)


def replace_sentence(w: Work, question: Question, text: str) -> None:
    """The new sentence: takes the place of the old one, word for word."""
    focus = w.focus
    assert focus is not None
    fragment_id, start, end = (int(n) for n in focus.at.split("."))
    draft, answer = focus.draft, w.answer(focus.draft, question.id)
    old = w.texts(draft).fragments.get(fragment_id)
    if old is None or answer is None or fragment_id not in answer.parts:
        w.say("edit.gone")
        w.then("resume", draft)
        return
    tail = old.text[end:]
    new = text.strip()
    if tail[:1] and tail[0] in "。，；" and new[-1:] in "。，；.,;":
        new = new[:-1]  # the old mark stands; two in a row were not meant
    fragment = w.add_fragment(draft, question.id, old.text[:start] + new + tail, flowing=True)
    parts = [fragment.id if i == fragment_id else i for i in answer.parts]
    w.write(draft, question.id, answer.state, parts)
    w.refocus(replace(focus, mode="edit", at=""))
    w.remember("sentence")
    near = fragment.text[max(0, start - 8) : start + len(new) + 8].replace("\n", " ")
    buttons = [Button(press=on("next", draft, question.id), key="right", strong=True), command("undo")]
    w.say("edit.replaced", quote=near, buttons=buttons)


def edited(w: Work, source: str, text: str) -> None:
    """The person changed a message in the messenger: the paragraph or the caption that it became follows."""
    for draft in sorted(w.drafts, reverse=True):
        if w.drafts[draft].state in ("writing", "returned") and _follow(w, draft, source, text):
            return
    if text:  # else it was no words that changed: a place that moves on is edited every few seconds
        w.say("edit.followed_not")


def _follow(w: Work, draft: int, source: str, text: str) -> bool:
    """Changes what came with a message, where it still stands in the draft. False: nothing there follows."""
    texts = w.texts(draft)
    old = next((f for f in texts.fragments.values() if span(f.source, f.text, source) and _stands(texts, f)), None)
    picture = captioned(old.question) if old else None
    if old is None and text.strip():
        picture = next((a.id for a in texts.attachments.values() if a.source == source), None)
    if picture is not None:
        return recaption(w, draft, picture, " ".join(text.split()), source)
    if old is None:
        return False
    found, answer = w.call(draft).find(old.question), texts.answers[old.question]
    if found is None or found[1].kind != "text" or not text.strip():
        return False  # a short answer was read and checked when it came; it is changed where it is asked
    start, end = span(old.source, old.text, source) or (0, 0)
    whole, flowing = old.text[:start] + text + old.text[end:], old.words == measure(old.text)
    origin = changed(old.source, source, len(text))
    fragment = w.add_fragment(draft, old.question, whole, flowing=flowing, source=origin)
    parts = [fragment.id if i == old.id else i for i in answer.parts]
    now = w.write(draft, old.question, answer.state, parts, answer.picks)
    w.remember("sentence")
    w.say("edit.followed", words=now.words, to=source)  # no buttons: those of the question stay where they are
    return True


def _stands(texts: Texts, fragment: Fragment) -> bool:
    """Whether a fragment is part of the answer as it is now."""
    answer = texts.answers.get(fragment.question)
    return answer is not None and fragment.id in answer.parts


def add(w: Work, draft: int, question: str) -> None:
    """[在后面补充], [补一句]: what comes is put behind what is there."""
    focus = w.focus
    assert focus is not None
    thin = "thin" if focus.mode == "thin" else ""
    w.refocus(Focus(draft=draft, section=focus.section, question=question, mode="gather", at=thin))
    w.remember("jump")
    w.say("gather.add", slot="question")


def rewrite(w: Work, draft: int, question: str) -> None:
    """[重写]: the next text takes the place of the old one, which stays until then."""
    found = w.call(draft).find(question)
    assert found is not None
    section, q = found
    if q.kind == "text":
        w.refocus(Focus(draft=draft, section=section.id, question=question, mode="gather", at="redo"))
    else:
        w.refocus(Focus(draft=draft, section=section.id, question=question, mode="ask"))
    w.remember("jump")
    if q.kind == "text":
        w.say("gather.redo", slot="question")
    else:
        show(w)
