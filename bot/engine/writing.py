"""What a person writes: gathering a text, closing it, changing it, and the short answers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from zlib import crc32

from bot.engine import editing, sources
from bot.engine.asking import command, is_guessed, on, question_buttons, show, units_shown, where
from bot.engine.commands import is_doubtful, looks_unsure, name_in, normal
from bot.engine.count import count, count_han
from bot.engine.definition import SHORT, Question, Section
from bot.engine.going import advance
from bot.engine.messages import Button, Said
from bot.engine.model import PROFILE, Answer, Focus
from bot.engine.opening import set_unit, title_set
from bot.engine.places import chosen
from bot.engine.progress import has_content, section_words
from bot.engine.values import evolve
from bot.engine.work import Work

_PHONE = re.compile(r"(?:\+?86)?(1\d{10}|0\d{2,3}\d{7,8}|[2-9]\d{6,7})")
UNIT_MIN = 2  # Han characters: 1 or ？？ is no village
NAMES_MAX = 400  # 字 of a list of people
_BETWEEN_NAMES = re.compile(r"[、,，;；/\n]+")
DOUBTED = "doubted:"  # where a question's focus is after an answer was asked about; which one follows
FAR = 3  # times the length wanted: so long a text is spoken of while it is still being written
UNBOUND = 1 << 31
LINE_MAX = 60  # a title or a name is no paragraph; what is longer is asked back, not cut


def write(w: Work, said: Said, text: str, closes: bool) -> None:
    """A text for the question in focus."""
    focus, here = w.focus, w.here()
    assert focus is not None and here is not None
    section, question = here
    if not text.strip():
        w.say("empty.say")
        show(w)
        return
    if focus.mode == "caption":
        w.then("caption", int(focus.at), text.strip())
    elif focus.mode == "find":
        editing.find_sentence(w, section, question, text)
    elif focus.mode == "replace":
        editing.replace_sentence(w, question, text)
    elif question.kind == "text":
        write_text(w, said, section, question, text, closes)
    elif question.kind in ("pictures", "files"):
        w.say("picture.words_instead" if question.kind == "pictures" else "file.words_instead")
        show(w)
    elif question.kind == "unit":
        name = " ".join(text.split())
        if is_guessed(w) and normal(name) in w.view.vocabulary.yes:
            pick(w, focus.draft, question.id, "yes")
            return
        shown = () if is_guessed(w) else units_shown(w)
        if n := chosen(name, len(shown), w.view.vocabulary):
            name = shown[n - 1]
        if count_han(name) < UNIT_MIN:
            w.say("unit.unclear")
            show(w)
            return
        if len(name) > LINE_MAX:
            w.say("line.too_long", label=question.label, max=LINE_MAX)
            show(w)
            return
        if _doubted(w, question, name):
            return
        set_unit(w, focus.draft, name, False)
        w.remember("answer")
        advance(w, focus.draft, section.id, question.id)
    elif question.kind in ("choice", "declare"):
        _typed_choice(w, section, question, text)
    else:
        write_line(w, section, question, text)


def write_line(w: Work, section: Section, question: Question, text: str) -> None:
    """A short answer: a line, a place, a phone."""
    focus = w.focus
    assert focus is not None
    value = " ".join(text.split())
    if question.kind == "phone":
        found = _PHONE.fullmatch(re.sub(r"[\s\-—()（）]", "", value))
        if found is None:
            w.say("phone.unclear", buttons=question_buttons(w, focus.draft, section, question))
            return
        value = found[1]
    if question.id == "name" and w.drafts[focus.draft].call == PROFILE:
        value = name_in(value, w.view.vocabulary)
    if question.kind != "phone" and not any(letter.isalpha() for letter in value):
        w.say("line.unclear", label=question.label or question.ask)
        return
    if question.kind == "names":
        names = _names(text)
        if not question.least <= len(names) <= (question.most or len(names)):
            key = "names.few" if len(names) < question.least else "names.many"
            w.say(key, count=len(names), least=question.least, most=question.most)
            return
        value = "、".join(names)
    limit = question.limit.max or (NAMES_MAX if question.kind == "names" else LINE_MAX)
    if count(value) > limit or len(value) > limit * 4:
        w.say("line.too_long", label=question.label or question.ask, max=limit)
        return
    if question.kind != "phone" and _doubted(w, question, value):
        return
    fragment = w.add_fragment(focus.draft, question.id, value, flowing=False)
    picks = ("other",) if question.kind == "choice" else ()
    w.write(focus.draft, question.id, "closed", [fragment.id], picks)
    if question.id == "title" and section.id == "head":
        w.refocus(replace(focus, mode="edit", at=""))
        w.remember("answer")
        title_set(w, focus.draft, value)
        return
    w.remember("answer")
    advance(w, focus.draft, section.id, question.id)


def _doubted(w: Work, question: Question, value: str) -> bool:
    """Asks about an answer that is hardly meant as one; sent again, the same is taken as it is."""
    focus = w.focus
    assert focus is not None
    profile, words = w.drafts[focus.draft].call == PROFILE, w.view.vocabulary
    unit = value.endswith(words.unit_ends)
    other = (question.kind == "unit" and not unit and value not in w.view.units) or (
        profile and question.id == "name" and unit and len(value) > 2
    )
    asked = f"{DOUBTED}{crc32(value.encode()):08x}"
    if focus.at == asked or not (other or is_doubtful(value, words, profile=profile)):
        return False
    w.refocus(evolve(focus, at=asked))
    choice = question.kind == "choice"
    w.say("choice.doubt" if choice else "line.doubt", text=value, label=question.label or question.ask)
    if choice:
        show(w)
    return True


def _names(text: str) -> list[str]:
    """The people named, each once, in their order; spaces part them only where nothing else does."""
    found = [name.strip() for name in _BETWEEN_NAMES.split(text)]
    if len(found) == 1 and len(parts := found[0].split()) > 1 and all(count_han(p) == len(p) > 1 for p in parts):
        found = parts
    return list(dict.fromkeys(name for name in found if name))


def _typed_choice(w: Work, section: Section, question: Question, text: str) -> None:
    """A choice that was typed: a label, or an answer of one's own where that is allowed; else asked anew."""
    focus = w.focus
    assert focus is not None
    key = text.strip().rstrip("。.")
    option = next((o for o in question.options if key in (o.label, o.id)), None)
    if option is None and (n := chosen(key, len(question.options), w.view.vocabulary)):
        option = question.options[n - 1]
    if option is not None:
        pick(w, focus.draft, question.id, option.id)
    elif question.kind == "declare" and not question.options:
        _typed_declaration(w, focus.draft, question, key)
    elif question.other:
        write_line(w, section, question, text)
    else:
        w.say("choice.again")
        show(w)


def _typed_declaration(w: Work, draft: int, question: Question, key: str) -> None:
    if normal(key) in w.view.vocabulary.yes | w.view.vocabulary.agree:
        pick(w, draft, question.id, "yes")
        return
    w.say("declare.again")
    show(w)


def pick(w: Work, draft: int, question_id: str, option: str) -> None:
    """An option was chosen; with several allowed it is put on or taken off."""
    found = w.call(draft).find(question_id)
    assert found is not None
    section, question = found
    if question.kind == "unit":
        set_unit(w, draft, "", True)
    else:
        if question.kind != "declare" and question.option(option) is None:
            show(w)
            return
        answer = w.answer(draft, question_id)
        if question.most > 1:
            chosen = answer.picks if answer else ()
            chosen = tuple(p for p in chosen if p != option) if option in chosen else (*chosen, option)
            if len(chosen) > question.most:
                w.say("choice.most", most=question.most)
                show(w)
                return
            w.write(draft, question_id, "open", (), chosen)
            w.remember("answer")
            labels = tuple(o.label for o in question.options if o.id in chosen)
            w.say("choice.so_far" if labels else "choice.none", labels=labels)
            show(w)
            return
        w.write(draft, question_id, "closed", (), (option,))
    w.remember("answer")
    advance(w, draft, section.id, question_id)


# ---------------------------------------------------------------- gathering


def write_text(w: Work, said: Said, section: Section, question: Question, text: str, closes: bool) -> None:
    """A piece of a paragraph: kept at once, acknowledged in one line that grows."""
    focus = w.focus
    assert focus is not None
    draft, answer = focus.draft, w.answer(focus.draft, question.id)
    rewriting = said.editing or (focus.mode == "gather" and focus.at == "redo")
    if said.editing and said.base >= 0 and answer is not None and answer.n > said.base:
        editing.two_versions(w, section, question, answer, text)
        return
    kept: tuple[int, ...] = () if rewriting or answer is None or answer.state == "skipped" else answer.parts
    whole, source, kept = _mended(w, draft, said, text, kept)
    fragment = w.add_fragment(draft, question.id, whole, flowing=True, source=source)
    now = w.write(draft, question.id, "open", (*kept, fragment.id))
    thin = "thin" if focus.mode == "thin" or focus.at == "thin" else ""
    w.refocus(evolve(focus, mode="gather", at=thin))
    w.remember("text", further=bool(source))
    w.set(typing=("", ""))
    if closes or said.done:
        close(w)
        return
    if not kept and looks_unsure(text, w.view.vocabulary):
        w.say("gather.unsure", buttons=[command("undo"), command("help")])
        return
    buttons = [
        Button(press=on("done", draft, question.id), key="done", strong=True),
        Button(press="cmd:undo", key="undo_this"),
    ]
    key = "gather.kept" if w.kept else ("gather.first" if len(now.parts) == 1 else "gather.more")
    added: dict[str, Any] = {}
    if focus.mode == "edit" and not rewriting and not w.kept:
        key, added = "gather.added", {"where": where(w, focus)}
    beyond = {} if w.kept else _beyond(w, draft, section, question, now.words)
    key = beyond.pop("key", key)
    w.say(key, words=now.words, kept=w.kept, **added, **beyond, buttons=buttons, slot="gather")


def _beyond(w: Work, draft: int, section: Section, question: Question, words: int) -> dict[str, Any]:
    """The sentence for a text that has gone far beyond what its question or its section is meant for; {} if not."""
    limit, all_words = question.limit, section_words(section, w.texts(draft))
    if words > (limit.max or limit.goal * FAR or words):
        wanted, key = limit.max or limit.goal, "gather.beyond"
        return {"key": key, "wanted": wanted, "over": words - wanted}
    if all_words > longest(section):
        wanted = section.limit.max or section.limit.goal
        return {"key": "gather.beyond_section", "whole": all_words, "wanted": wanted, "over": all_words - wanted}
    return {}


def longest(section: Section) -> int:
    """From how many 字 on a section is too long."""
    return section.limit.max or (section.limit.goal * 13 // 10) or UNBOUND


def write_elsewhere(w: Work, said: Said, draft: int, question_id: str, text: str) -> bool:
    """A text for a question that is not in focus any more: written on another device, or waiting for the net.

    It goes where it was written for; the conversation stays where it is. False: it belongs nowhere now.
    """
    found = w.call(draft).find(question_id) if draft in w.drafts else None
    if found is None or found[1].kind != "text" or w.drafts[draft].state not in ("writing", "returned"):
        return False
    section, question = found
    place = Focus(draft=draft, section=section.id, question=question_id)
    if said.editing:
        w.refocus(replace(place, mode="edit"))
        write_text(w, said, section, question, text, False)
        return True
    answer = w.answer(draft, question_id)
    kept = answer.parts if answer else ()
    fragment = w.add_fragment(draft, question_id, text, flowing=True)
    closed = said.done or (answer is not None and answer.state == "closed")
    now = w.write(draft, question_id, "closed" if closed else "open", (*kept, fragment.id))
    w.remember("text")
    w.say("gather.elsewhere", where=where(w, place), words=now.words, buttons=[command("undo")])
    return True


def _mended(w: Work, draft: int, said: Said, text: str, kept: tuple[int, ...]) -> tuple[str, str, tuple[int, ...]]:
    """A part that a messenger cut off the one before is put back to it without anything between.

    Returns the text, its source and what is kept before it.
    """
    if said.cut and kept and (before := w.texts(draft).fragments.get(kept[-1])) is not None:
        return before.text + text, sources.joined(before.source, before.text, said.ref, text), kept[:-1]
    return text, "", kept


def close(w: Work) -> None:
    """写完了: the question is closed; a thin answer gets its one follow-up, else on to the next."""
    focus, here = w.focus, w.here()
    if focus is None or here is None:
        w.then("resume")
        return
    section, question = here
    answer = w.answer(focus.draft, question.id)
    if question.kind in ("pictures", "files"):
        w.then("files_done", question.id)
        return
    if not has_content(answer) and question.required and question.kind in (*SHORT, "choice", "declare"):
        key = "skip.needed_choice" if question.kind == "choice" else "skip.needed"
        w.say(key, label=question.label or question.ask)
        show(w)
        return
    if not has_content(answer):
        w.say("done.nothing", buttons=[Button(press=on("skip", focus.draft, question.id), key="skip")])
        return
    assert answer is not None
    if answer.state == "open":
        answer = w.write(focus.draft, question.id, "closed", answer.parts, answer.picks)
    thin = question.followup
    asked = focus.at == "thin" or focus.mode in ("thin", "edit")  # asked for more once, 写完了 means enough
    if thin and question.kind == "text" and answer.words < thin.below and not asked:
        w.refocus(replace(focus, mode="thin", at=""))
        w.remember("done")
        buttons = [
            Button(press=on("add", focus.draft, question.id), key="add_one"),
            Button(press=on("next", focus.draft, question.id), key="enough", strong=True),
        ]
        w.say("done.thin", words=answer.words, ask=thin.ask, buttons=buttons)
        return
    w.remember("done")
    if question.kind == "text":
        note_closed(w, focus.draft, section, question, answer)
    advance(w, focus.draft, section.id, question.id)


def note_closed(w: Work, draft: int, section: Section, question: Question, answer: Answer) -> None:
    """存好了, with the section's length where it has become too long."""
    words = section_words(section, w.texts(draft))
    limit, top = section.limit, longest(section)
    if words > top >= words - answer.words:  # said once, when the section outgrows its length
        key = "done.long_max" if limit.max else "done.long"
        w.say(key, words=words, goal=limit.max or limit.goal, buttons=[command("undo")])
        return
    w.say("done.stored", words=answer.words, buttons=[command("undo")])


def as_text(w: Work) -> None:
    """[这是正文]: the words that waited are text after all."""
    pending = w.conversation.pending
    if pending is None or pending.kind != "ambiguous":
        w.then("resume")
        return
    w.set(pending=None)
    here = w.here()
    if here is None or here[1].kind != "text":
        w.then("resume")
        return
    write_text(w, Said(at=w.now, ref=pending.source, text=pending.text), *here, pending.text, False)
