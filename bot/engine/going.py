"""Moving: on after an answer, back, to a section, to a draft, and back in after a while."""

from __future__ import annotations

from bot.engine import places
from bot.engine.answers import measure
from bot.engine.asking import NOTHING, command, on, show, where
from bot.engine.card import overview
from bot.engine.definition import SHORT, TRACK, Question, Section
from bot.engine.messages import Button, Said, Say
from bot.engine.model import PROFILE, Draft, Focus, Mode, Pending
from bot.engine.places import Place
from bot.engine.progress import before, first_open, has_content, next_question, number_of, settled, unnamed, walk
from bot.engine.values import evolve
from bot.engine.work import Work

FILED = ("pictures", "files")  # the kinds of questions that are answered by sending something


def focus_on(w: Work, draft: int, section: Section, question: Question) -> None:
    """Puts a question in focus in the mode its answer calls for."""
    answer, at = w.answer(draft, question.id), ""
    mode: Mode = "ask"
    if question.kind == "pictures" and (waiting := unnamed(question, w.texts(draft))) is not None:
        mode, at = "caption", str(waiting)
    elif has_content(answer) and answer is not None:
        mode = "gather" if answer.state == "open" and question.kind == "text" else "edit"
    w.refocus(Focus(draft=draft, section=section.id, question=question.id, mode=mode, at=at))


def left_for(w: Work, draft: int, question: Question) -> str:
    """The question that is left in its middle for a look at pictures or files: one comes back to it."""
    focus, here = w.focus, w.here()
    if question.kind not in FILED or focus is None or here is None or focus.draft != draft:
        return ""
    if here[1].kind in FILED or focus.mode == "edit":
        return focus.back
    return here[1].id


def come_back(w: Work, draft: int) -> bool:
    """Back to the question that was left, if one was."""
    found = w.call(draft).find(w.focus.back) if w.focus is not None and w.focus.back else None
    if found is None:
        return False
    focus_on(w, draft, *found)
    show(w)
    return True


def advance(w: Work, draft: int, section: str, question: str) -> None:
    """To the next question, with its reply; at the end of the head the overview, at the end of all the review."""
    call = w.call(draft)
    if w.drafts[draft].call == PROFILE:
        w.then("profile_done", draft, question)
        return
    if section == "tail":
        w.then("submit", draft)
        return
    target = next_question(call, w.texts(draft), section, question)
    if _ends_head(section, target):
        w.refocus(Focus(draft=draft, section="", mode="review"))
        overview(w, draft, intro=True)
        return
    if target is None:
        w.then("all_written", draft)
        return
    focus_on(w, draft, *target)
    show(w)


def _ends_head(section: str, target: tuple[Section, Question] | None) -> bool:
    """Whether a step from this section to that question leaves the head behind."""
    return section == "head" and (target is None or target[0].id != "head")


def resume(w: Work, draft: int | None = None) -> None:
    """Back to where the person was: the focus if it still stands, else the first open question."""
    focus = w.focus
    if focus is not None and draft in (None, focus.draft) and w.here() is not None:
        show(w)
        return
    if focus is not None and draft in (None, focus.draft) and focus.mode == "mend" and w.comments(focus.draft):
        w.then("mend_again")
        return
    row = _current(w, draft)
    if row is None:
        w.then("begin")
        return
    if row.state == "returned" and any(not c.answer for c in w.comments(row.id)):
        w.then("mending", row.id)
        return
    if row.state == "handed_in" and row.call != PROFILE:
        w.then("handed_in", row.id)
        return
    call, texts = w.call(row.id), w.texts(row.id)
    spot = call.find(row.at) if row.at else None
    if spot is None or spot[0].id == "tail" or settled(texts.answers.get(row.at)):
        spot = first_open(call, texts)
    if spot is None and row.call == PROFILE:
        w.refocus(Focus(draft=row.id, mode="review"))
        w.then("profile", row.id)
        return
    if spot is None:
        w.then("all_written", row.id)
        return
    focus_on(w, row.id, *spot)
    show(w)


def _current(w: Work, draft: int | None) -> Draft | None:
    """The draft to go on with: the named one, the focused one, an unfinished profile, the last one seen."""
    if draft is not None:
        return w.drafts.get(draft)
    profile = w.profile()
    if profile is not None and profile.state != "handed_in":
        return profile
    if w.focus is not None and w.focus.draft in w.drafts and w.drafts[w.focus.draft].call != PROFILE:
        return w.drafts[w.focus.draft]
    rows = [d for d in w.drafts.values() if d.call != PROFILE and d.state != "closed"]
    return max(rows, key=lambda d: (d.state != "handed_in", d.seen_at or w.now, d.id), default=None)


def go_section(w: Work, draft: int, section_id: str) -> None:
    """Opens a section: its first untouched question, or what is written there for editing."""
    section = w.call(draft).section(section_id)
    if section is None or not section.questions:
        resume(w, draft)
        return
    texts = w.texts(draft)
    target = next((q for q in section.questions if not settled(texts.answers.get(q.id))), None)
    if target is None and len(section.questions) > 1:
        n = number_of(w.call(draft), section)
        buttons = [
            Button(press=on("ask", draft, q.id), key="question_n", params={"i": i, "label": q.label or q.ask})
            for i, q in enumerate(section.questions, 1)
        ]
        w.refocus(Focus(draft=draft, section=section.id, mode="review"))  # no question yet: nothing typed goes to one
        w.remember("jump")
        w.say("section.pick", n=n, heading=section.heading, count=len(section.questions), buttons=buttons)
        return
    focus_on(w, draft, section, target or section.questions[0])
    w.remember("jump")
    show(w)


def go_question(w: Work, draft: int, question_id: str) -> None:
    """Opens one question, whatever its state."""
    found = w.call(draft).find(question_id)
    if found is None:
        resume(w, draft)
        return
    left = left_for(w, draft, found[1])
    focus_on(w, draft, *found)
    if left and w.focus is not None:
        w.refocus(evolve(w.focus, back=left))
    if w.drafts[draft].call == PROFILE and w.focus is not None and w.focus.mode == "edit":
        # Whoever taps 改姓名 wants to change it: it is asked again at once, a unit by its name.
        at = "other" if found[1].kind == "unit" else ""
        w.refocus(Focus(draft=draft, section=found[0].id, question=question_id, mode="ask", at=at))
    w.remember("jump")
    show(w)


def place_in(w: Work, text: str) -> tuple[int, Place] | None:
    """The draft and the place that a whole message names: of the case in hand, or a part of the profile (改电话)."""
    focus, profile = w.focus, w.profile()
    row = w.drafts.get(focus.draft) if focus is not None else None
    if focus is None or row is None or row.state not in ("writing", "returned", "handed_in"):
        return None
    if row.call != PROFILE and row.state != "handed_in":
        place = places.find(text, w.call(row.id), w.view.vocabulary, focus.section)
        if place is not None:
            return row.id, place
    if profile is None:
        return None
    place = places.find(text, w.view.profile, w.view.vocabulary, "")
    return (profile.id, place) if place is not None and place.sure and not place.missing else None


def go_place(w: Work, draft: int, place: Place) -> None:
    """Goes where somebody said they want to go."""
    if place.missing:
        w.say("go.missing", n=place.missing, of=len(w.call(draft).sections), buttons=[command("progress")])
        return
    if place.question:
        go_question(w, draft, place.question)
    else:
        go_section(w, draft, place.section)


def ask_place(w: Work, said: Said, draft: int, place: Place) -> None:
    """The bare name of a section may be content: it waits until that is said."""
    w.set(pending=Pending(kind="ambiguous", text=said.text, source=said.ref))
    found = w.call(draft).find(place.question)
    section = w.call(draft).section(place.section)
    assert section is not None
    if found is not None:
        face = Button(press="cmd:place", key="change_label", params={"label": found[1].label}, strong=True)
    else:
        face = Button(press="cmd:place", key="go_section_n", params={"n": place.n}, strong=True)
    w.say(
        "asked.place_head" if found else "asked.place",
        n=place.n,
        heading=section.heading,
        label=found[1].label if found else "",
        buttons=[face, Button(press="cmd:text", key="is_text")],
    )


def go_waiting(w: Work) -> None:
    """[去第3节]: the words that waited were no text."""
    waiting = w.before.pending
    found = place_in(w, waiting.text) if waiting is not None and waiting.kind == "ambiguous" else None
    if found is None:
        resume(w)
        return
    go_place(w, *found)


def back(w: Work) -> None:
    """To the question before, its text brought along."""
    focus = w.focus
    if focus is None or focus.draft not in w.drafts:
        resume(w)
        return
    call = w.call(focus.draft)
    if focus.mode in ("find", "replace", "caption", "thin") and focus.question:
        here = call.find(focus.question)
        if here is not None:
            focus_on(w, focus.draft, *here)
            w.remember("back")
            show(w)
            return
    steps = list(walk(call))
    if focus.section and not focus.question:  # which question of a section was to be picked
        overview(w, focus.draft)
        return
    left = call.find(w.drafts[focus.draft].at)
    left = left if left in steps else None  # what is declared at the end is no place to go back to
    target = before(call, focus.question) if focus.question else (left or (steps[-1] if steps else None))
    if target is None:
        w.say("back.first")
        if w.here() is not None:
            show(w)
        return
    focus_on(w, focus.draft, *target)
    w.remember("back")
    assert w.focus is not None
    if not has_content(w.answer(focus.draft, target[1].id)) and target[1].kind == "text":
        buttons = [Button(press=on("skip", focus.draft, target[1].id), key="skip"), command("undo")]
        w.say("back.to", where=where(w, w.focus), ask=target[1].ask, buttons=buttons, slot="question")
    else:
        show(w)


def skip(w: Work) -> None:
    """Passes a question over; a required one is marked 没写完."""
    focus, here = w.focus, w.here()
    if focus is None or here is None:
        resume(w)
        return
    section, question = here
    if focus.mode == "caption":
        w.then("caption", int(focus.at), None)
        return
    if come_back(w, focus.draft):
        return
    answer = w.answer(focus.draft, question.id)
    if question.kind == "declare" or (
        question.required and (question.kind in SHORT or question.id == TRACK) and not has_content(answer)
    ):
        key = "skip.needed_choice" if question.kind == "choice" else "skip.needed"
        w.say(key, label=question.label or question.ask)
        show(w)
        return
    if has_content(answer):
        assert answer is not None
        if answer.state == "open":
            w.write(focus.draft, question.id, "closed", answer.parts, answer.picks)
        # At the end of the head two messages come that say as much.
        target = next_question(w.call(focus.draft), w.texts(focus.draft), section.id, question.id)
        if not _ends_head(section.id, target) or w.drafts[focus.draft].call == PROFILE:
            w.say("skip.kept", buttons=[command("undo")])
    else:
        w.write(focus.draft, question.id, "skipped")
        key = "skip.open" if question.required else "skip.optional"
        if not question.required and (section.id == "head" or w.drafts[focus.draft].call == PROFILE):
            key = "skip.short"
        buttons = [Button(press=on("ask", focus.draft, question.id), key="go_back"), command("undo")]
        w.say(key, next=_next_name(w, focus.draft, section, question), buttons=buttons)
    w.remember("skip")
    advance(w, focus.draft, section.id, question.id)


def _next_name(w: Work, draft: int, section: Section, question: Question) -> Say:
    call = w.call(draft)
    target = next_question(call, w.texts(draft), section.id, question.id)
    if target is None or target[0].id == section.id:
        return NOTHING
    n = number_of(call, target[0])
    return Say(key="skip.next", params={"n": n, "heading": target[0].heading}) if n else NOTHING


def welcome_back(w: Work) -> None:
    """Said when a known person opens the link again."""
    focus = w.focus
    if not w.conversation.consent:
        w.then("greet")
        return
    key, text = w.conversation.typing
    if focus is None or w.here() is None or w.drafts[focus.draft].call == PROFILE:
        if w.person.name:
            w.say("welcome.name", name=w.person.name)
        resume(w)
        return
    typed = measure(text) if text and key.endswith(f"/{focus.question}") else 0
    w.say(
        "welcome.typed" if typed else "welcome.at",
        name=w.person.name,
        where=where(w, focus),
        typed=typed,
        buttons=[Button(press=on("resume", focus.draft), key="resume", strong=True), command("progress")],
    )
