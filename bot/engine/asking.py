"""How a question, an answer to be edited, or the overview is put to the person: from focus to reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.engine.answers import plain, printed
from bot.engine.definition import Question, Section
from bot.engine.ids import b36
from bot.engine.messages import Button, Say
from bot.engine.model import Focus
from bot.engine.progress import (
    caption_key,
    has_content,
    number_of,
    pictures_of,
)
from bot.engine.tree import TOWNSHIP, above
from bot.engine.work import Work

NOTHING = Say(key="none")
LEAD = 80  # characters of an answer quoted where the whole is not shown


def on(verb: str, draft: int, *args: str | int) -> str:
    """A button's id that belongs to a draft: `verb:<draft>:…`."""
    return ":".join([verb, b36(draft), *map(str, args)])


def command(name: str) -> Button:
    """The button of a word that counts at any time."""
    return Button(press=f"cmd:{name}", key=name)


def anew(w: Work) -> Say:
    """How one comes back who has gone: by the link, or, where the chat stays, by speaking."""
    return Say(key="come.link" if w.view.caps.page else "come.here")


def next_time(w: Work) -> Say:
    """How one goes on another day."""
    return Say(key="come.next_link" if w.view.caps.page else "come.next_here")


def mending_key(focus: Focus) -> str:
    """The key of the comment in focus, as a page sends it back with what was typed under it."""
    return f"{b36(focus.draft)}/mend.{focus.at}"


def where(w: Work, focus: Focus) -> Say:
    """The place as it is said in a sentence: 【4 主要做法】第2问, or the question's own name."""
    if focus.mode == "mend":
        return Say(key="where.mend")
    if focus.mode in ("review", "confirm") or not focus.question:
        return Say(key="where.review")
    call = w.call(focus.draft)
    found = call.find(focus.question)
    if found is None:
        return Say(key="where.review")
    section, question = found
    n = number_of(call, section)
    if not n:
        return Say(key="where.plain", params={"label": question.label or question.ask})
    if len(section.questions) == 1:
        return Say(key="where.section", params={"n": n, "heading": section.heading})
    at = [q.id for q in section.questions].index(question.id) + 1
    return Say(key="where.question", params={"n": n, "heading": section.heading, "i": at})


def show(w: Work) -> None:
    """Puts the focus before the person: one reply."""
    focus = w.focus
    here = w.here()
    if focus is None or here is None:
        raise ValueError("nothing is in focus")
    if focus.mode == "caption":
        ask_caption(w, int(focus.at))
    elif focus.mode == "edit":
        show_written(w, *here)
    elif focus.mode == "find":
        w.say("edit.find", buttons=[Button(press=on("ask", focus.draft, focus.question), key="leave")])
    elif focus.mode == "replace":
        w.say("edit.replace", buttons=[Button(press=on("ask", focus.draft, focus.question), key="leave")])
    elif focus.mode in ("gather", "thin"):
        show_gathering(w, *here)
    elif here[1].kind in ("pictures", "files") and has_content(w.answer(focus.draft, here[1].id)):
        show_pictures(w, focus.draft, here[1])
    else:
        ask(w, *here)


def ask(w: Work, section: Section, question: Question) -> None:
    """The question itself."""
    focus = w.focus
    assert focus is not None
    draft, call = focus.draft, w.call(focus.draft)
    n = number_of(call, section)
    of = len(section.questions)
    params: dict[str, Any] = {
        "ask": question.ask,
        "hint": _hint(question),
        "example": question.example,
        "i": [q.id for q in section.questions].index(question.id) + 1,
        "of": of,
        "question": f"{b36(draft)}/{question.id}",
    }
    if question.kind == "unit":
        _ask_unit(w, draft, question, params)
        return
    key = "question.plain"
    if n:
        key = "question.section" if of == 1 else "question.one_of"
        params |= {"n": n, "heading": section.heading}
    elif question.kind == "declare" and section.id == "tail":
        key = "question.declare"
    w.say(key, buttons=question_buttons(w, draft, section, question), card="question", slot="question", **params)


def _hint(question: Question) -> Say | str:
    """The hint with the length wanted, where the call gives one."""
    limit = question.limit
    if not limit.goal or question.kind != "text":
        return Say(key="hint.plain", params={"hint": question.hint}) if question.hint else NOTHING
    return Say(key="hint.about" if question.hint else "hint.only", params={"hint": question.hint, "words": limit.goal})


def question_buttons(w: Work, draft: int, section: Section, question: Question) -> list[Button]:
    """The buttons under a question, by its kind."""
    skip = Button(press=on("skip", draft, question.id), key="skip")
    if question.kind == "text":
        out = [Button(press=on("example", draft, question.id), key="example")] if question.example else []
        return [*out, skip, Button(press="cmd:voice", key="voice")]
    if question.kind in ("choice", "declare"):
        options = [
            Button(
                press=on("pick", draft, question.id, o.id),
                label=o.label,
                strong=question.kind == "declare",
                note=o.note,
            )
            for o in question.options
        ]
        if question.kind == "declare" and not options:
            options = [Button(press=on("pick", draft, question.id, "yes"), key="declare", strong=True)]
        if question.other:
            options.append(Button(press=on("other", draft, question.id), key="other"))
        if question.most > 1:
            options.append(Button(press=on("done", draft, question.id), key="chosen", strong=True))
        if question.kind == "declare":
            options.append(Button(press="cmd:preview", key="look_again"))
        return options if question.required else [*options, skip]
    if question.kind in ("pictures", "files"):
        return [*chooser(w, question), skip]
    share = [Button(press=f"share:{question.kind}", key=f"share_{question.kind}")] if _is_shared(w, question) else []
    return share if question.required else [*share, skip]


def _is_shared(w: Work, question: Question) -> bool:
    """Whether the messenger has a button of its own that gives the answer."""
    return w.view.caps.shares and question.kind in ("phone", "place")


def chooser(w: Work, question: Question) -> list[Button]:
    """The page's own button that opens the album or the files; other channels have theirs."""
    if not w.view.caps.page:
        return []
    return [Button(press="page:choose", key="choose" if question.kind == "pictures" else "choose_file")]


def is_guessed(w: Work) -> bool:
    """Whether the unit is asked for by naming the invited one, to which one may say yes."""
    changing = w.focus is not None and w.focus.at != ""
    return w.person.invited.level == w.view.levels[-1] and not changing


def _ask_unit(w: Work, draft: int, question: Question, params: Mapping[str, Any]) -> None:
    """Is this your unit? Above village level: which one below it?"""
    invited = w.person.invited
    if is_guessed(w):
        buttons = [
            Button(press=on("pick", draft, question.id, "yes"), key="yes_unit", strong=True),
            Button(press=on("other", draft, question.id), key="no_unit"),
        ]
        w.say("unit.is_it", name=w.person.name, unit=short_unit(invited.path), buttons=buttons, slot="question")
        return
    names = units_shown(w)
    buttons = [Button(press=on("unit", draft, u), label=u) for u in names]
    base = above(invited.path, invited.level, TOWNSHIP, w.view.levels)
    w.say("unit.which" if names else "unit.write", unit=base[-1], buttons=buttons, slot="question")


def units_shown(w: Work) -> tuple[str, ...]:
    """The units that one can pick, as they stand on the buttons."""
    return tuple([u for u in w.view.units if len(u.encode()) <= 40][:12])


def short_unit(path: tuple[str, ...]) -> str:
    """A unit as it is spoken: the last two names of its path (石桥镇槐树村)."""
    return "".join(path[-2:])


def show_gathering(w: Work, section: Section, question: Question) -> None:
    """A question with something in it already, not closed."""
    focus = w.focus
    assert focus is not None
    answer = w.answer(focus.draft, question.id)
    words = answer.words if answer else 0
    buttons = [Button(press=on("done", focus.draft, question.id), key="done", strong=True)]
    key = "gather.again" if words else "gather.rewrite"
    w.say(key, where=where(w, focus), ask=question.ask, words=words, buttons=buttons, slot="question")


def show_written(w: Work, section: Section, question: Question) -> None:
    """An answer that was closed before, brought out for editing."""
    focus = w.focus
    assert focus is not None
    draft, texts = focus.draft, w.texts(focus.draft)
    if question.kind == "text":
        text = printed(texts, question.id)
        answer = texts.answers.get(question.id)
        lead = text if len(text) <= LEAD else text[:LEAD] + "……"
        buttons = [
            Button(press=on("add", draft, question.id), key="add"),
            Button(press=on("redo", draft, question.id), key="rewrite"),
            Button(press=on("fix", draft, question.id), key="fix"),
        ]
        if len(text) > LEAD and not w.view.caps.page:
            buttons.append(Button(press=on("full", draft, question.id), key="full"))
        buttons.append(Button(press=on("next", draft, question.id), key="fine"))
        key = "edit.page" if w.view.caps.page else "edit.written"
        w.say(
            key,
            where=where(w, focus),
            ask=question.ask,
            words=answer.words if answer else 0,
            lead=lead.replace("\n", " "),
            buttons=buttons,
            slot="question",
        )
    elif question.kind in ("pictures", "files"):
        show_pictures(w, draft, question)
    else:
        told = given(w, draft, question)
        buttons = [
            Button(press=on("redo", draft, question.id), key="change"),
            Button(press=on("next", draft, question.id), key="keep", strong=True),
        ]
        w.say("edit.short", label=question.label or question.ask, told=told, buttons=buttons, slot="question")


def given(w: Work, draft: int, question: Question) -> str:
    """A short answer as a person reads it; a phone is masked."""
    texts = w.texts(draft)
    answer = texts.answers.get(question.id)
    labels = [o.label for o in question.options if answer and o.id in answer.picks]
    text = plain(texts, question.id) if question.kind not in ("pictures", "files") else ""
    if question.kind == "phone":
        text = masked(text)
    return "、".join([*labels, *([text] if text else [])])


def masked(phone: str) -> str:
    """A phone number that may be shown: 139****2217."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****"


def ask_caption(w: Work, attachment: int) -> None:
    """What is on picture n?"""
    focus = w.focus
    assert focus is not None
    draft = focus.draft
    ids = [a.id for a in pictures_of(w.call(draft), w.texts(draft))]
    n = ids.index(attachment) + 1 if attachment in ids else 0
    buttons = [
        Button(press=on("nocap", draft, attachment), key="no_caption"),
        Button(press=on("drop", draft, attachment), key="drop"),
    ]
    before = w.before.focus
    goes_on = before is not None and (before.mode, before.question) == ("caption", focus.question)
    key = "picture.caption" if goes_on and n > 1 else "picture.caption_first"
    picture = w.texts(draft).attachments[attachment]
    w.say(key, n=n, buttons=buttons, slot="question", card="picture", file=picture.file, to=picture.source)


def show_pictures(w: Work, draft: int, question: Question) -> None:
    """The pictures or files of a question that are there, with what can be done about each."""
    texts = w.texts(draft)
    answer = texts.answers.get(question.id)
    parts = [texts.attachments[i] for i in (answer.parts if answer else ()) if i in texts.attachments]
    rows = tuple(
        {"n": n, "caption": plain(texts, caption_key(a.id)) or Say(key="picture.none"), "file": a.file, "name": a.name}
        for n, a in enumerate(parts, 1)
    )
    picture = question.kind == "pictures"
    buttons: list[Button] = []
    for n, a in enumerate(parts, 1):
        if picture:
            buttons.append(Button(press=on("cap", draft, a.id), key="caption_n", params={"n": n}))
        buttons.append(Button(press=on("drop", draft, a.id), key="drop_n", params={"n": n}))
    buttons += chooser(w, question)
    buttons.append(Button(press=on("done", draft, question.id), key="fine", strong=True))
    key = "picture.all" if picture else "file.all"
    face = Say(key="button.fine")
    w.say(key, count=len(parts), rows=rows, on=face, buttons=buttons, slot="question", card="pictures")
