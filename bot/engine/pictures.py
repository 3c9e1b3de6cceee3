"""Pictures, captions and other files: taking them in, naming them, changing and closing."""

from __future__ import annotations

from dataclasses import replace

from bot.engine.answers import plain
from bot.engine.asking import ask_caption, chooser, command, on, show, show_pictures
from bot.engine.definition import Question, Section
from bot.engine.going import advance
from bot.engine.messages import Button, Sent, SentFile, Want
from bot.engine.model import PROFILE, Attachment, Focus
from bot.engine.progress import caption_key, pictures_of, private_key, unnamed, walk
from bot.engine.work import Work

EXTRA = "extra"  # files that no question asked for are kept under this name, for the office

HANDING_IN = "hand_in"  # where a picture question's focus is when its last check is asked on the way to a hand-in


def sent(w: Work, incoming: Sent) -> None:
    """Files came. They are kept wherever the conversation stands."""
    focus = w.focus
    draft = focus.draft if focus and focus.draft in w.drafts and w.drafts[focus.draft].call != PROFILE else None
    if draft is None or w.drafts[draft].state not in ("writing", "returned"):
        w.say("file.too_early")
        w.then("resume")
        return
    pictures = [f for f in incoming.files if f.kind == "picture"]
    files = [f for f in incoming.files if f.kind == "file"]
    voices = [f for f in incoming.files if f.kind == "voice"]
    if voices:
        here = w.here()
        for f in voices:
            _attach(w, draft, here[1].id if here else EXTRA, f)
        w.remember("files")
        w.say("voice.kept")
    elif pictures and not files:
        _take_pictures(w, draft, pictures, incoming.caption)
    else:
        _take_files(w, draft, files, pictures)


def _attach(w: Work, draft: int, question: str, file: SentFile) -> Attachment:
    return w.add_attachment(
        draft,
        question=question,
        kind=file.kind,
        file=file.file,
        name=file.name,
        mime=file.mime,
        size=file.size,
        width=file.width,
        height=file.height,
    )


def _home(w: Work, draft: int, kind: str) -> tuple[Section, Question] | None:
    """The question that takes pictures (or files): the focused one if it does, else the first."""
    here = w.here()
    if here is not None and here[1].kind == kind:
        return here
    return next(((s, q) for s, q in walk(w.call(draft)) if q.kind == kind), None)


def _take_pictures(w: Work, draft: int, files: list[SentFile], caption: str) -> None:
    focus, here, home = w.focus, w.here(), _home(w, draft, "pictures")
    if here is not None and here[1].kind == "files":
        _take_files(w, draft, [], files)
        return
    if home is None:
        _take_files(w, draft, [], files)
        return
    assert focus is not None
    section, question = home
    rule = question.pictures
    answer = w.answer(draft, question.id)
    parts = list(answer.parts) if answer else []
    if focus.at.startswith("swap") and len(files) == 1 and int(focus.at[4:]) in parts:
        _swap(w, draft, section, question, int(focus.at[4:]), files[0])
        return
    have = {w.texts(draft).attachments[i].file for i in parts if i in w.texts(draft).attachments}
    fresh: list[SentFile] = []
    for f in files:
        if f.file not in have and f.file not in {x.file for x in fresh}:
            fresh.append(f)
    again = len(files) - len(fresh)
    room = (rule.max if rule and rule.max else 99) - len(parts)
    new = [_attach(w, draft, question.id, f) for f in fresh]
    kept = new[: max(room, 0)]
    for a in kept:
        w.wants.append(Want(job="picture", args={"file": a.file}))
    if kept:
        w.write(draft, question.id, "open", (*parts, *(a.id for a in kept)))
    if caption.strip() and kept:
        _name(w, draft, kept[0].id, caption.strip())
    w.remember("pictures")
    if len(kept) < len(files):
        _say_left_over(w, again, len(fresh) - len(kept), rule.max if rule else 0)
        if not kept:
            return
    _after_pictures(w, draft, section, question, len(kept), here)


def _say_left_over(w: Work, again: int, over: int, top: int) -> None:
    if over:
        w.say("picture.too_many", max=top, over=over)
    else:
        w.say("picture.again", count=again)


def _after_pictures(
    w: Work, draft: int, section: Section, question: Question, count: int, here: tuple[Section, Question] | None
) -> None:
    """Thanks once, and asks for the first caption that is missing, unless the person was busy elsewhere."""
    n = len(pictures_of(w.call(draft), w.texts(draft)))
    if here is None or here[1].id != question.id:
        w.say(
            "picture.elsewhere",
            count=count,
            n=n,
            heading=section.heading,
            buttons=[Button(press=on("ask", draft, question.id), key="name_them"), command("undo")],
        )
        return
    missing = unnamed(question, w.texts(draft))
    if missing is None:
        w.say("picture.got", count=count)
        _checks(w, draft, section, question)
        return
    w.refocus(Focus(draft=draft, section=section.id, question=question.id, mode="caption", at=str(missing)))
    ids = [a.id for a in pictures_of(w.call(draft), w.texts(draft))]
    buttons = [
        Button(press=on("nocap", draft, missing), key="no_caption"),
        Button(press=on("drop", draft, missing), key="drop"),
    ]
    file = w.texts(draft).attachments[missing].file
    n = ids.index(missing) + 1
    w.say("picture.got_first", count=count, n=n, buttons=buttons, slot="question", card="picture", file=file)


def _unnamed(w: Work, draft: int, attachment: int) -> bool:
    caption = w.answer(draft, caption_key(attachment))
    return caption is None or caption.state == "none"


def _name(w: Work, draft: int, attachment: int, text: str) -> None:
    fragment = w.add_fragment(draft, caption_key(attachment), " ".join(text.split()), flowing=False)
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
    elif len(text) > 100:
        w.say("picture.caption_long")
        return
    else:
        _name(w, draft, attachment, text)
    w.remember("caption")
    _next_caption(w, draft, section, question)


def _next_caption(w: Work, draft: int, section: Section, question: Question) -> None:
    missing = unnamed(question, w.texts(draft))
    if missing is not None:
        w.refocus(Focus(draft=draft, section=section.id, question=question.id, mode="caption", at=str(missing)))
        ask_caption(w, missing)
        return
    _checks(w, draft, section, question)


def _checks(w: Work, draft: int, section: Section, question: Question) -> None:
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
    found = _question_of(w, draft, attachment)
    if found is None:
        w.then("resume")
        return
    w.write(draft, f"small#{attachment}", "closed", (), ("ok",))
    _checks(w, draft, *found)


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
    found = _question_of(w, draft, attachment)
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


def _swap(w: Work, draft: int, section: Section, question: Question, old: int, file: SentFile) -> None:
    answer = w.answer(draft, question.id)
    assert answer is not None
    new = _attach(w, draft, question.id, file)
    w.wants.append(Want(job="picture", args={"file": file.file}))
    w.write(draft, question.id, answer.state, [new.id if i == old else i for i in answer.parts])
    named = plain(w.texts(draft), caption_key(old))
    if named:
        _name(w, draft, new.id, named)
    elif not _unnamed(w, draft, old):
        w.write(draft, caption_key(new.id), "skipped")
    w.remember("pictures")
    w.say("picture.swapped", n=answer.parts.index(old) + 1)
    _next_caption(w, draft, section, question)


def drop(w: Work, draft: int, attachment: int) -> None:
    """Takes a picture or file out of the draft; 撤销 brings it back."""
    found = _question_of(w, draft, attachment)
    if found is None:
        w.then("resume")
        return
    section, question = found
    answer = w.answer(draft, question.id)
    assert answer is not None
    n = answer.parts.index(attachment) + 1
    rest = [i for i in answer.parts if i != attachment]
    w.write(draft, question.id, answer.state if rest else "none", rest)
    w.refocus(Focus(draft=draft, section=section.id, question=question.id, mode="ask"))
    w.remember("drop")
    key = "picture.dropped" if question.kind == "pictures" else "file.dropped"
    w.say(key, n=n, left=len(rest), buttons=[command("undo")])
    if rest and question.kind == "pictures" and unnamed(question, w.texts(draft)) is not None:
        _next_caption(w, draft, section, question)
    elif rest:
        show_pictures(w, draft, question)
    else:
        show(w)


def rename(w: Work, draft: int, attachment: int) -> None:
    """A new caption for a picture that has one."""
    found = _question_of(w, draft, attachment)
    if found is None:
        w.then("resume")
        return
    section, question = found
    w.refocus(Focus(draft=draft, section=section.id, question=question.id, mode="caption", at=str(attachment)))
    ask_caption(w, attachment)


def _question_of(w: Work, draft: int, attachment: int) -> tuple[Section, Question] | None:
    """Where an attachment stands, if it is part of an answer."""
    for section, question in walk(w.call(draft)):
        if question.kind in ("pictures", "files"):
            answer = w.answer(draft, question.id)
            if answer is not None and attachment in answer.parts:
                return section, question
    return None


def _take_files(w: Work, draft: int, files: list[SentFile], pictures: list[SentFile]) -> None:
    """Other material: into the question that asks for files, else kept beside the draft for the office."""
    here = w.here()
    home = _home(w, draft, "files")
    everything = [*files, *pictures]
    if home is None:
        for f in everything:
            _attach(w, draft, EXTRA, f)
        w.remember("files")
        w.say("file.extra", count=len(everything))
        return
    question = home[1]
    rule = question.files
    answer = w.answer(draft, question.id)
    parts = list(answer.parts) if answer else []
    wrong = [f for f in everything if rule and rule.kinds and f.name.rsplit(".", 1)[-1].lower() not in rule.kinds]
    good = [f for f in everything if f not in wrong]
    room = (rule.max if rule and rule.max else 99) - len(parts)
    kept = [_attach(w, draft, question.id, f) for f in good[: max(room, 0)]]
    if kept:
        w.write(draft, question.id, "open", (*parts, *(a.id for a in kept)))
        w.remember("files")
    if wrong and rule:
        w.say("file.kind_wanted", name=wrong[0].name, kinds=rule.kinds)
        return
    if not kept:
        w.say("file.too_many", max=rule.max if rule else 0)
        return
    at_home = here is not None and here[1].id == question.id
    buttons = [Button(press=on("done", draft, question.id), key="files_done", strong=True)] if at_home else []
    key = "file.got" if at_home else "file.elsewhere"
    w.say(key, count=len(parts) + len(kept), label=question.label, buttons=[*buttons, command("undo")])


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
