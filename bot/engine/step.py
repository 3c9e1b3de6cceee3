"""The conversation's one function: `step(view, conversation, incoming) -> Turn`.

It is total for whatever a person does, pure, and never silent except where silence is the answer (half a
text being typed, a picture that was prepared or is on its way, a place that moves on, a button tapped twice). It
raises only NotLoaded, when the view lacks a draft's texts: the caller loads them and steps again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.engine import (
    arriving,
    card,
    controls,
    desk,
    editing,
    going,
    latekeys,
    mending,
    mending_words,
    news,
    nudging,
    opening,
    pictures,
    pressing,
    receiving,
    review,
    telling,
    typed,
    writing,
)
from bot.engine.asking import mending_key, on, show, where
from bot.engine.commands import hear
from bot.engine.count import count
from bot.engine.definition import SHORT
from bot.engine.ids import b36, from36
from bot.engine.messages import (
    Arrived,
    Button,
    Done,
    Edited,
    Incoming,
    Joined,
    Pressed,
    Reach,
    Said,
    Say,
    Sent,
    Shared,
    Told,
    Turn,
    Typing,
    Unreadable,
    Woke,
)
from bot.engine.model import PROFILE, Conversation, Focus, Pending, View
from bot.engine.pressing import keep_waiting
from bot.engine.progress import first_open, has_content, total_words
from bot.engine.work import Work

Act = Callable[..., None]

# The ways on that one room of the conversation names for another: see Work.then.
MOVES: Mapping[str, Act] = {
    "advance": going.advance,
    "resume": going.resume,
    "section": going.go_section,
    "question": going.go_question,
    "begin": opening.begin,
    "greet": opening.greet,
    "profile": opening.show_profile,
    "profile_done": opening.profile_done,
    "all_written": review.all_written,
    "submit": review.submit,
    "handed_in": review.show_handed_in,
    "overview": controls.change_more,
    "contact": controls.contact,
    "open_draft": controls.open_draft,
    "caption": pictures.caption,
    "rename": pictures.rename,
    "files_done": pictures.files_done,
    "private": pictures.check_private,
    "mend": mending.returned,
    "mending": mending.listing,
    "mend_show": mending.show,
    "mend_again": lambda w: mending.again(w),
}


BEGUN = 8  # 字 from which on a text that nobody asked for is taken for a beginning


def step(view: View, conversation: Conversation, incoming: Incoming) -> Turn:
    """One turn. Raises NotLoaded and nothing else that a person could cause."""
    w = Work(view, conversation, incoming)
    handler = _HANDLERS[type(incoming)]
    handler(w, incoming)
    for _ in range(8):  # no chain of moves is longer; a loop would be a bug, and is one that shows
        if w.move is None:
            break
        name, args = w.move
        w.move = None
        MOVES[name](w, *args)
    else:
        raise RuntimeError("moves without an end")
    if type(incoming) not in _UNSPOKEN:
        if conversation.spoke != view.caps.name:
            w.set(spoke=view.caps.name)
        if conversation.pressed and type(incoming) is not Pressed:
            w.set(pressed="")  # what is tapped after something else was said is no second tap
    if view.caps.edits:
        card.follow(w)
    return w.turn()


def _said(w: Work, said: Said) -> None:
    focus, here = w.focus, w.here()
    if not w.conversation.consent:
        _before_consent(w, said)
        return
    waiting = w.conversation.pending
    if waiting is not None and waiting.kind == "ambiguous" and here is not None and here[1].kind == "text":
        keep_waiting(w, waiting)
        focus = w.focus
    elif waiting is not None:
        w.set(pending=None)
    writing_now = (
        here is not None
        and here[1].kind == "text"
        and focus is not None
        and focus.mode in ("ask", "gather", "thin", "edit")
    )
    content = bool(here and focus and has_content(w.answer(focus.draft, here[1].id)))
    if latekeys.entered(w, said.text) or typed.pressed_in_words(w, said.text):
        return
    heard = hear(said.text, w.view.vocabulary, writing=writing_now, content=content)
    if heard.kind == "command" and focus is not None and focus.mode == "confirm" and heard.command == "submit":
        review.hand_in(w, focus.draft)
    elif heard.kind == "command":
        pressing.COMMANDS[heard.command](w)
    elif heard.kind == "asked":
        w.set(pending=Pending(kind="ambiguous", text=said.text, source=said.ref))
        buttons = [Button(press=f"cmd:{heard.command}", key=heard.command), Button(press="cmd:text", key="is_text")]
        w.say(f"asked.{heard.command}", buttons=buttons)
    elif _went(w, said, asked=writing_now):
        return
    elif mending.is_mending(w) and focus is not None and said.about in ("", mending_key(focus)):
        mending_words.said(w, heard.text)
    elif said.about and said.about != _key(focus):
        draft, _, question = said.about.partition("/")
        if not heard.text.strip() or not writing.write_elsewhere(w, said, from36(draft), question, heard.text):
            _not_now(w)
    elif here is not None or _begins(w, heard.text):
        writing.write(w, said, heard.text, heard.closes)
    else:
        _not_now(w)


def _begins(w: Work, text: str) -> bool:
    """Whether somebody simply begins to write where nothing is written yet: then it is the first question's."""
    focus = w.focus
    row = w.drafts.get(focus.draft) if focus is not None else None
    if focus is None or row is None or focus.mode != "review" or focus.section or row.call == PROFILE:
        return False
    call, texts = w.call(row.id), w.texts(row.id)
    target = first_open(call, texts)
    if count(text) < BEGUN or target is None or target[1].kind != "text" or total_words(call, texts):
        return False
    going.focus_on(w, row.id, *target)
    assert w.focus is not None
    w.say("not_now.begun", where=where(w, w.focus))
    return True


def _went(w: Work, said: Said, *, asked: bool) -> bool:
    """Whether a message only names a place (第3节, 改标题) and has led there; what may be content is asked about first
    where a text is written (`asked`)."""
    focus, here = w.focus, w.here()
    if focus is None or focus.mode in ("find", "replace", "caption"):
        return False
    found = going.place_in(w, said.text)
    if found is None or (not found[1].sure and not asked and here is not None and here[1].kind in SHORT):
        return False
    if found[1].sure or not asked:
        going.go_place(w, *found)
    else:
        going.ask_place(w, said, *found)
    return True


def _key(focus: Focus | None) -> str:
    """The key of the question in focus, as a page sends it back."""
    return f"{b36(focus.draft)}/{focus.question}" if focus is not None and focus.question else ""


def _before_consent(w: Work, said: Said) -> None:
    """Nothing is kept before the consent; help is given all the same."""
    heard = hear(said.text, w.view.vocabulary, writing=False, content=False)
    if heard.command == "help":
        controls.help_me(w)
    elif heard.command == "progress" and w.person.oversees:
        desk.ask(w)
    elif typed.before_consent(w, said.text):
        return
    elif opening.greeted(w) and w.office() is not None:
        opening.insist(w)
    else:
        opening.greet(w)


def _not_now(w: Work) -> None:
    """A text where no question stands: nothing of it is kept, and the person hears what to do."""
    focus = w.focus
    if focus is not None and w.here() is not None:
        w.say("not_now.elsewhere")
        show(w)
    elif focus is not None and focus.mode in ("review", "confirm") and focus.draft in w.drafts:
        w.say("not_now.pick" if focus.section else "not_now.review")
        if w.drafts[focus.draft].call == PROFILE:
            opening.show_profile(w, focus.draft)
        elif focus.mode == "confirm":
            review.confirm(w, focus.draft)
        return
    w.then("resume")


def _sent(w: Work, sent: Sent) -> None:
    if not w.conversation.consent:
        w.say("file.before_consent")
        opening.ask_consent(w)
        return
    receiving.sent(w, sent)


def _unreadable(w: Work, incoming: Unreadable) -> None:
    w.say(incoming.key, **incoming.params)


def _edited(w: Work, edited: Edited) -> None:
    editing.edited(w, edited.source, edited.text)


def _shared(w: Work, shared: Shared) -> None:
    here, kind = w.here(), "phone" if shared.phone else "place"
    if here is None or here[1].kind != kind:
        w.then("resume")
        return
    writing.write_line(w, *here, shared.phone or shared.place)


def _typing(w: Work, typing: Typing) -> None:
    w.set(typing=(typing.question, typing.text))


def _joined(w: Work, joined: Joined) -> None:
    if joined.by_code:
        w.say("code.used")
    if joined.role != "writer" and not w.conversation.consent:
        opening.greet_office(w, joined.role)
    elif w.conversation.consent:
        going.welcome_back(w)
    else:
        opening.greet(w)


def _told(w: Work, told: Told) -> None:
    telling.tell(w, told)


def _done(w: Work, done: Done) -> None:
    """A job is finished. A document is handed over; a picture is spoken of only if it cannot be used."""
    if done.job == arriving.FETCH:
        arriving.fetched(w, done)
        return
    if done.job == news.DESK:
        desk.tell(w, done)
        return
    draft = int(done.args.get("draft", 0))
    if done.job == "picture":
        if not done.result.get("ok", False):
            w.say("picture.unusable", buttons=[])
        return
    if not done.result:
        w.say("document.trouble" if done.job == "paper" else "privacy.trouble")
        return
    submission = int(done.args.get("submission", 0))
    key = "privacy.exported" if done.job == "export" else ("document.final" if submission else "document.draft")
    w.say(key, card="document", draft=b36(draft), n=submission, **done.result)


def _reached(w: Work, reach: Reach) -> None:
    """Nothing is said to somebody who has closed the door; the office finds it in the books."""
    w.event("address.opened" if reach.open else "address.closed")


def _woke(w: Work, woke: Woke) -> None:
    if woke.kind == arriving.ALBUM:
        arriving.rung(w, woke)
        return
    if woke.kind.startswith(telling.PREFIX):
        telling.tell(w, telling.told_by(woke))
        return
    if woke.kind == news.NEWS:
        news.tell(w, woke.data)
        return
    if woke.kind == nudging.REMIND:
        nudging.ring(w, woke.data)
        return
    draft = int(woke.data.get("draft", 0))
    row = w.drafts.get(draft)
    if row is None or row.state not in ("writing", "returned"):
        return
    params = {"title": row.title, "name": w.person.name}
    buttons = [Button(press=on("resume", draft), key="resume", strong=True)]
    if not nudging.agreed(w, woke.data, Say(key="wake.chosen", params=params)):
        w.say("wake.chosen", buttons=buttons, **params)


_HANDLERS: Mapping[type[Incoming], Callable[[Work, Any], None]] = {
    Said: _said,
    Pressed: pressing.pressed,
    Sent: _sent,
    Arrived: arriving.arrived,
    Unreadable: _unreadable,
    Edited: _edited,
    Shared: _shared,
    Typing: _typing,
    Joined: _joined,
    Told: _told,
    Done: _done,
    Woke: _woke,
    Reach: _reached,
}
_UNSPOKEN = frozenset({Told, Done, Woke, Reach, Typing})  # nobody has come to the channel with these
