"""Captions and what else is said about pictures and files that are there: naming, checking, changing, closing."""

from __future__ import annotations

from dataclasses import replace

from bot.engine.asking import ask_caption, chooser, command, on, show, show_pictures
from bot.engine.definition import Question, Section
from bot.engine.going import advance, come_back, left_for
from bot.engine.messages import Button
from bot.engine.model import Focus
from bot.engine.progress import caption_key, is_cleared, pictures_of, private_key, unnamed, walk
from bot.engine.values import evolve
from bot.engine.work import Work

CAPTION_MAX = 100  # characters: what stands under a picture is a sentence

HANDING_IN = "hand_in"  # where a picture question's focus is when its last check is asked on the way to a hand-in


def is_unnamed(w: Work, draft: int, attachment: int) -> bool:
    """Whether nothing was said of a picture, not even that it needs no caption."""
    caption = w.answer(draft, caption_key(attachment))
    return caption is None or caption.state == "none"


def name(w: Work, draft: int, attachment: int, text: str, source: str = "") -> None:
    """Writes a picture's caption; `source` is the ref of the message it came with, if that is not this update's."""
    key = caption_key(attachment)
    fragment = w.add_fragment(draft, key, " ".join(text.split()), flowing=False, source=source)
    w.write(draft, caption_key(attachment), "closed", [fragment.id])


def caption(w: Work, attachment: int, text: str | None) -> None:
    """A caption, or (None) the word that there shall be none; then the next picture."""
    focus, here = w.focus, w.here()
    if focus is None or here is None:
        w.then("resume")
        return
    draft, (section, question) = focus.draft, here
    if attachment not in w.texts(draft).attachments:
        w.then("resume")
        return
    if text is None:
        w.write(draft, caption_key(attachment), "skipped")
    elif len(text) > CAPTION_MAX:
        w.say("picture.caption_long")
        return
    else:
        name(w, draft, attachment, text)
    w.remember("caption")
    next_caption(w, draft, section, question)


def next_caption(w: Work, draft: int, section: Section, question: Question) -> None:
    """On to the next picture without a caption, else to the checks."""
    missing = unnamed(question, w.texts(draft))
    if missing is not None:
        w.refocus(Focus(draft=draft, section=section.id, question=question.id, mode="caption", at=str(missing)))
        ask_caption(w, missing)
        return
    if not come_back(w, draft):  # what else is to be asked is asked in its own turn
        checks(w, draft, section, question)


def checks(w: Work, draft: int, section: Section, question: Question) -> None:
    """Too small for print? Then, once: is anything on them that must not be public?"""
    texts = w.texts(draft)
    answer = texts.answers.get(question.id)
    w.refocus(Focus(draft=draft, section=section.id, question=question.id, mode="ask"))
    rule = question.pictures
    for n, i in enumerate(answer.parts if answer else (), 1):
        a = texts.attachments.get(i)
        small = a is not None and rule is not None and max(a.width, a.height) < rule.min_width
        if small and texts.answers.get(f"small#{i}") is None and a is not None:
            buttons = [
                Button(press=on("swap", draft, i), key="send_again"),
                Button(press=on("small", draft, i), key="use_it", strong=True),
            ]
            w.say("picture.small", n=n, width=a.width, buttons=buttons, slot="question")
            return
    if is_cleared(question, texts):  # nothing new is on them
        files_done(w, question.id)
    else:
        ask_private(w, draft, question)


def check_private(w: Work, draft: int, section: Section, question: Question) -> None:
    """Before a hand-in: the same question, when the pictures were left before it could be asked."""
    w.refocus(Focus(draft=draft, section=section.id, question=question.id, mode="ask", at=HANDING_IN))
    ask_private(w, draft, question, key="picture.private_first")


def ask_private(w: Work, draft: int, question: Question, key: str = "picture.private") -> None:
    """Papers, illness and children's faces must be kept out of what will be public."""
    buttons = [
        Button(press=on("clear", draft, question.id), key="nothing_private", strong=True),
        Button(press=on("which", draft, question.id), key="swap_one"),
    ]
    w.say(key, buttons=buttons, slot="question")


def cleared(w: Work, draft: int, question_id: str) -> None:
    """[都没有]: kept for just these pictures, a new one is asked about again; during a hand-in it goes on there."""
    answer, focus = w.answer(draft, question_id), w.focus
    w.write(draft, private_key(question_id), "closed", answer.parts if answer else (), ("ok",))
    if answer is not None and focus is not None and focus.at == HANDING_IN:
        w.write(draft, question_id, "closed", answer.parts)
        w.remember("done")
        w.then("submit", draft)
        return
    files_done(w, question_id)


def small_ok(w: Work, draft: int, attachment: int) -> None:
    """[就用它]: the small picture stays."""
    found = question_of(w, draft, attachment)
    if found is None:
        w.then("resume")
        return
    w.write(draft, f"small#{attachment}", "closed", (), ("ok",))
    checks(w, draft, *found)


def which(w: Work, draft: int, question_id: str) -> None:
    """[有，换一张]: which one?"""
    answer = w.answer(draft, question_id)
    buttons = [
        Button(press=on("swap", draft, i), key="picture_n", params={"n": n})
        for n, i in enumerate(answer.parts if answer else (), 1)
    ]
    w.say("picture.which", buttons=buttons, slot="question")


def swap(w: Work, draft: int, attachment: int) -> None:
    """The next picture takes this one's place."""
    found = question_of(w, draft, attachment)
    if found is None:
        w.then("resume")
        return
    section, question = found
    w.refocus(Focus(draft=draft, section=section.id, question=question.id, mode="ask", at=f"swap{attachment}"))
    answer = w.answer(draft, question.id)
    n = (answer.parts.index(attachment) + 1) if answer and attachment in answer.parts else 0
    w.say(
        "picture.send_again",
        n=n,
        buttons=[*chooser(w, question), Button(press=on("clear", draft, question.id), key="leave_it")],
    )


def recaption(w: Work, draft: int, attachment: int, text: str, source: str) -> bool:
    """The caption that stands with a picture was changed at the messenger. False: the picture is in no answer."""
    found, focus = question_of(w, draft, attachment), w.focus
    if found is None or found[1].kind != "pictures":
        return False
    if focus is not None and (focus.draft, focus.mode, focus.at) == (draft, "caption", str(attachment)):
        caption(w, attachment, text or None)
        return True
    if len(text) > CAPTION_MAX:
        w.say("picture.caption_long")
        return True
    if text:
        name(w, draft, attachment, text, source)
    else:
        w.write(draft, caption_key(attachment), "skipped")
    w.remember("caption")
    n = [a.id for a in pictures_of(w.call(draft), w.texts(draft))].index(attachment) + 1
    w.say("picture.renamed" if text else "picture.unnamed", n=n, text=text, to=source)
    return True


def drop(w: Work, draft: int, attachment: int) -> None:
    """Takes a picture or file out of the draft; 撤销 brings it back."""
    found = question_of(w, draft, attachment)
    if found is None:
        w.then("resume")
        return
    section, question = found
    answer, left = w.answer(draft, question.id), left_for(w, draft, question)
    assert answer is not None
    n = answer.parts.index(attachment) + 1
    rest = [i for i in answer.parts if i != attachment]
    w.write(draft, question.id, answer.state if rest else "none", rest)
    w.refocus(Focus(draft=draft, section=section.id, question=question.id, mode="ask", back=left))
    w.remember("drop")
    key = "picture.dropped" if question.kind == "pictures" else "file.dropped"
    w.say(key, n=n, left=len(rest), buttons=[command("undo")])
    if rest and question.kind == "pictures" and unnamed(question, w.texts(draft)) is not None:
        next_caption(w, draft, section, question)
    elif rest:
        show_pictures(w, draft, question)
    elif not come_back(w, draft):
        show(w)


def rename(w: Work, draft: int, attachment: int) -> None:
    """A new caption for a picture that has one."""
    found = question_of(w, draft, attachment)
    if found is None:
        w.then("resume")
        return
    section, question = found
    place = Focus(draft=draft, section=section.id, question=question.id, mode="caption", at=str(attachment))
    w.refocus(evolve(place, back=left_for(w, draft, question)))
    ask_caption(w, attachment)


def question_of(w: Work, draft: int, attachment: int) -> tuple[Section, Question] | None:
    """Where an attachment stands, if it is part of an answer."""
    for section, question in walk(w.call(draft)):
        if question.kind in ("pictures", "files"):
            answer = w.answer(draft, question.id)
            if answer is not None and attachment in answer.parts:
                return section, question
    return None


def files_done(w: Work, question_id: str) -> None:
    """写完了 at a picture or file question: enough, or how many are still wanted."""
    focus, here = w.focus, w.here()
    if focus is None or here is None:
        w.then("resume")
        return
    draft, (section, question) = focus.draft, here
    answer = w.answer(draft, question_id)
    have = len(answer.parts) if answer else 0
    rule = question.pictures
    need = rule.min if rule else (question.files.min if question.files else 0)
    if have == 0:
        w.say("done.nothing_sent", buttons=[Button(press=on("skip", draft, question.id), key="skip")])
        return
    assert answer is not None
    if come_back(w, draft):  # its own turn is still to come
        return
    if answer.state == "open":
        w.write(draft, question_id, "closed", answer.parts)
    w.remember("done")
    if have < need:
        buttons = [*chooser(w, question), Button(press=on("next", draft, question_id), key="go_on")]
        w.refocus(replace(focus, mode="ask", at=""))
        key = "picture.more_wanted" if rule else "file.more_wanted"
        w.say(key, have=have, need=need, left=need - have, buttons=buttons)
        return
    w.say("picture.stored" if rule else "file.stored", count=have, buttons=[command("undo")])
    advance(w, draft, section.id, question.id)
