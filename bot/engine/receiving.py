"""Pictures and other files as they come: into the question that asks for them, each of them once."""

from __future__ import annotations

from bot.engine.answers import plain
from bot.engine.asking import command, on
from bot.engine.definition import Question, Section
from bot.engine.messages import Button, Sent, SentFile, Want
from bot.engine.model import PROFILE, Attachment, Focus
from bot.engine.pictures import CAPTION_MAX, checks, is_unnamed, name, next_caption
from bot.engine.progress import caption_key, pictures_of, unnamed, walk
from bot.engine.values import evolve
from bot.engine.work import Work

EXTRA = "extra"  # files that no question asked for are kept under this name, for the office


def taking(w: Work) -> int | None:
    """The draft that files are for now: the one in focus, as long as it is a case being written."""
    row = w.drafts.get(w.focus.draft) if w.focus is not None else None
    return row.id if row is not None and row.call != PROFILE and row.state in ("writing", "returned") else None


def too_early(w: Work) -> None:
    """There is no case yet that files could be for."""
    w.say("file.too_early")
    w.then("resume")


def sent(w: Work, incoming: Sent, draft: int | None = None) -> None:
    """Files came. They are kept wherever the conversation stands, in `draft` if they were meant for one."""
    draft = draft or taking(w)
    if draft is None:
        too_early(w)
        return
    pictures = [f for f in incoming.files if f.kind == "picture"]
    files = [f for f in incoming.files if f.kind == "file"]
    voices = [f for f in incoming.files if f.kind == "voice"]
    if voices:
        here = _here(w, draft)
        for f in voices:
            _attach(w, draft, here[1].id if here else EXTRA, f)
        w.remember("files")
        w.say("voice.kept")
    elif pictures and not files:
        _take_pictures(w, draft, pictures, incoming.caption)
    else:
        _take_files(w, draft, files, pictures)


def _here(w: Work, draft: int) -> tuple[Section, Question] | None:
    """What is in focus, if it is of this draft."""
    return w.here() if w.focus is not None and w.focus.draft == draft else None


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
        source=file.source or w.incoming.ref,
    )


def _home(w: Work, draft: int, kind: str) -> tuple[Section, Question] | None:
    """The question that takes pictures (or files): the focused one if it does, else the first."""
    here = _here(w, draft)
    if here is not None and here[1].kind == kind:
        return here
    return next(((s, q) for s, q in walk(w.call(draft)) if q.kind == kind), None)


def _take_pictures(w: Work, draft: int, files: list[SentFile], caption: str) -> None:
    here, home = _here(w, draft), _home(w, draft, "pictures")
    if home is None or (here is not None and here[1].kind == "files"):
        _take_files(w, draft, [], files)
        return
    section, question = home
    rule = question.pictures
    answer = w.answer(draft, question.id)
    parts = list(answer.parts) if answer else []
    at = w.focus.at if w.focus is not None and here is not None else ""
    if at.startswith("swap") and len(files) == 1 and int(at[4:]) in parts:
        _swap(w, draft, section, question, int(at[4:]), evolve(files[0], caption=files[0].caption or caption))
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
        fresh[0] = evolve(fresh[0], caption=fresh[0].caption or caption)
    _name_all(w, draft, [(a, f.caption) for a, f in zip(kept, fresh, strict=False)])
    w.remember("pictures")
    if len(kept) < len(files):
        _say_left_over(w, again, len(fresh) - len(kept), rule.max if rule else 0)
        if not kept:
            return
    _after_pictures(w, draft, section, question, len(kept), here)


def _name_all(w: Work, draft: int, captions: list[tuple[Attachment, str]]) -> None:
    """The captions that came with pictures; one that is too long is asked for again, as any other."""
    for attachment, caption in captions:
        text = " ".join(caption.split())
        if len(text) > CAPTION_MAX:
            w.say("picture.caption_long")
        elif text:
            name(w, draft, attachment.id, text, attachment.source)


def _say_left_over(w: Work, again: int, over: int, top: int) -> None:
    if over:
        w.say("picture.too_many", max=top, over=over)
    else:
        w.say("picture.again", count=again)


def _after_pictures(
    w: Work, draft: int, section: Section, question: Question, count: int, here: tuple[Section, Question] | None
) -> None:
    """Thanks once, and asks for the first caption that is missing, unless the person was busy elsewhere."""
    n, rule = len(pictures_of(w.call(draft), w.texts(draft))), question.pictures
    if here is None or here[1].id != question.id:
        named = unnamed(question, w.texts(draft)) is None and bool(rule and rule.caption)
        look = "see_them" if named else "name_them"
        w.say(
            "picture.elsewhere_named" if named else "picture.elsewhere",
            count=count,
            n=n,
            heading=section.heading,
            buttons=[Button(press=on("ask", draft, question.id), key=look), *_and_on(w), command("undo")],
        )
        return
    missing = unnamed(question, w.texts(draft))
    if missing is None:
        w.say("picture.got", count=count)
        checks(w, draft, section, question)
        return
    w.refocus(Focus(draft=draft, section=section.id, question=question.id, mode="caption", at=str(missing)))
    ids = [a.id for a in pictures_of(w.call(draft), w.texts(draft))]
    buttons = [
        Button(press=on("nocap", draft, missing), key="no_caption"),
        Button(press=on("drop", draft, missing), key="drop"),
    ]
    picture = w.texts(draft).attachments[missing]
    w.say(
        "picture.got_first",
        count=count,
        n=ids.index(missing) + 1,
        buttons=buttons,
        slot="question",
        card="picture",
        file=picture.file,
        to=picture.source,
    )


def _and_on(w: Work) -> list[Button]:
    """The way back to the question in focus, where its own buttons go when others come; the page keeps them."""
    return [] if w.view.caps.page or w.here() is None else [command("resume")]


def _swap(w: Work, draft: int, section: Section, question: Question, old: int, file: SentFile) -> None:
    answer = w.answer(draft, question.id)
    assert answer is not None
    new = _attach(w, draft, question.id, file)
    w.wants.append(Want(job="picture", args={"file": file.file}))
    w.write(draft, question.id, answer.state, [new.id if i == old else i for i in answer.parts])
    named = plain(w.texts(draft), caption_key(old))
    if file.caption:
        _name_all(w, draft, [(new, file.caption)])
    elif named:
        name(w, draft, new.id, named)
    elif not is_unnamed(w, draft, old):
        w.write(draft, caption_key(new.id), "skipped")
    w.remember("pictures")
    w.say("picture.swapped", n=answer.parts.index(old) + 1)
    next_caption(w, draft, section, question)


def _take_files(w: Work, draft: int, files: list[SentFile], pictures: list[SentFile]) -> None:
    """Other material: into the question that asks for files, else kept beside the draft for the office."""
    here = _here(w, draft)
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
    done = Button(press=on("done", draft, question.id), key="files_done", strong=True)
    buttons = [done] if at_home else _and_on(w)
    key = "file.got" if at_home else "file.elsewhere"
    w.say(key, count=len(parts) + len(kept), label=question.label, buttons=[*buttons, command("undo")])
