"""The conversation's one function: `step(view, conversation, incoming) -> Turn`.

It is total for whatever a person does, pure, and never silent except where silence is the answer (half a
text being typed, a picture that was prepared). It raises only NotLoaded, when the view lacks a draft's
texts: the caller loads them and steps again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.engine import controls, going, opening, pictures, review, writing
from bot.engine.asking import on, overview, show
from bot.engine.commands import hear
from bot.engine.ids import b36, from36
from bot.engine.messages import (
    Button,
    Done,
    Edited,
    Incoming,
    Joined,
    Pressed,
    Said,
    Sent,
    Shared,
    Told,
    Turn,
    Typing,
    Unreadable,
    Woke,
)
from bot.engine.model import PROFILE, Conversation, Focus, Pending, View
from bot.engine.progress import has_content
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
    "profile_done": opening.profile_done,
    "all_written": review.all_written,
    "submit": review.submit,
    "handed_in": review.show_handed_in,
    "overview": controls.change_more,
    "open_draft": controls.open_draft,
    "caption": pictures.caption,
    "rename": pictures.rename,
    "files_done": pictures.files_done,
}

# What a button without a draft does.
PLAIN: Mapping[str, Act] = {
    "consent": opening.consent,
    "wake": controls.set_wake,
    "erase": controls.erase,
}


def _progress(w: Work) -> None:
    row = review.writable(w)
    if row is None or (w.here() is not None and row.call == PROFILE):
        w.then("resume")
    elif row.state == "handed_in":
        review.show_handed_in(w, row.id)
    else:
        overview(w, row.id)


def _of_draft(act: Callable[[Work, int], None]) -> Act:
    def run(w: Work) -> None:
        row = review.writable(w)
        if row is None or not w.conversation.consent:
            w.then("resume")
        elif row.state in ("handed_in", "closed"):
            review.show_handed_in(w, row.id)
        else:
            act(w, row.id)

    return run


# The words and buttons that count at any moment.
COMMANDS: Mapping[str, Act] = {
    "back": going.back,
    "skip": going.skip,
    "done": writing.close,
    "preview": _of_draft(review.preview),
    "progress": _progress,
    "submit": _of_draft(review.submit),
    "undo": controls.undo,
    "later": controls.later,
    "help": controls.help_me,
    "example": controls.example,
    "big": controls.bigger,
    "cases": controls.cases,
    "privacy": controls.privacy,
    "voice": controls.voice,
    "contact": controls.contact,
    "resume": going.resume,
    "another": controls.another,
    "about": opening.about,
    "export": controls.export,
    "word": _of_draft(controls.word),
    "code": controls.code,
    "text": writing.as_text,
}

# Buttons about the question in focus: stale ones show the focus again. Arguments: draft, question, …
ASKED: Mapping[str, Act] = {
    "pick": writing.pick,
    "skip": lambda w, d, q: going.skip(w),
    "done": lambda w, d, q: writing.close(w),
    "example": lambda w, d, q: controls.example(w, q),
    "add": writing.add,
    "redo": writing.rewrite,
    "fix": lambda w, d, q: _find(w),
    "next": lambda w, d, q: controls.go_next(w, d),
    "other": lambda w, d, q: _other(w, q),
}

# Buttons about a draft, wherever the focus is.
DRAFTED: Mapping[str, Act] = {
    "go": going.go_section,
    "ask": going.go_question,
    "resume": lambda w, d: going.resume(w, d),
    "open": controls.open_draft,
    "full": controls.full,
    "keep": lambda w, d, q, n: writing.keep(w, d, q, int(n)),
    "unit": lambda w, d, name: _unit(w, d, name),
    "profile": lambda w, d, what: (opening.profile_ok if what == "ok" else opening.show_profile)(w, d),
    "sample": controls.sample,
    "cap": lambda w, d, a: pictures.rename(w, d, int(a)),
    "nocap": lambda w, d, a: _caption_none(w, d, int(a)),
    "drop": lambda w, d, a: pictures.drop(w, d, int(a)),
    "swap": lambda w, d, a: pictures.swap(w, d, int(a)),
    "small": lambda w, d, a: pictures.small_ok(w, d, int(a)),
    "clear": lambda w, d, q: _pictures_clear(w, d, q),
    "which": pictures.which,
    "see": review.see,
    "change": controls.change_more,
    "submit": review.submit,
    "confirm": review.hand_in,
    "recall": review.recall,
    "close": lambda w, d, sure="": controls.close_draft(w, d, sure == "yes"),
}


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
    return w.turn()


def _said(w: Work, said: Said) -> None:
    focus, here = w.focus, w.here()
    if not w.conversation.consent:
        _before_consent(w, said)
        return
    waiting = w.conversation.pending
    if waiting is not None and waiting.kind == "ambiguous" and here is not None and here[1].kind == "text":
        _keep_waiting(w, waiting)
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
    heard = hear(said.text, w.view.vocabulary, writing=writing_now, content=content)
    if heard.kind == "command" and focus is not None and focus.mode == "confirm" and heard.command == "submit":
        review.hand_in(w, focus.draft)
    elif heard.kind == "command":
        COMMANDS[heard.command](w)
    elif heard.kind == "asked":
        w.set(pending=Pending(kind="ambiguous", text=said.text, source=said.ref))
        buttons = [Button(press=f"cmd:{heard.command}", key=heard.command), Button(press="cmd:text", key="is_text")]
        w.say(f"asked.{heard.command}", buttons=buttons)
    elif said.about and said.about != _key(focus):
        draft, _, question = said.about.partition("/")
        if not heard.text.strip() or not writing.write_elsewhere(w, said, from36(draft), question, heard.text):
            _not_now(w)
    elif here is not None:
        writing.write(w, said, heard.text, heard.closes)
    else:
        _not_now(w)


def _key(focus: Focus | None) -> str:
    """The key of the question in focus, as a page sends it back."""
    return f"{b36(focus.draft)}/{focus.question}" if focus is not None and focus.question else ""


def _before_consent(w: Work, said: Said) -> None:
    """Nothing is kept before the consent; help is given all the same."""
    heard = hear(said.text, w.view.vocabulary, writing=False, content=False)
    if heard.command == "help":
        controls.help_me(w)
    else:
        opening.greet(w)


def _keep_waiting(w: Work, waiting: Pending) -> None:
    """Words that were asked about become text when anything else is said."""
    here, focus = w.here(), w.focus
    assert here is not None and focus is not None
    answer = w.answer(focus.draft, here[1].id)
    fragment = w.add_fragment(focus.draft, here[1].id, waiting.text, flowing=True, source=waiting.source)
    w.write(focus.draft, here[1].id, "open", (*(answer.parts if answer else ()), fragment.id))
    w.set(pending=None)
    w.remember("text")


def _not_now(w: Work) -> None:
    """A text where no question stands: nothing of it is kept, and the person hears what to do."""
    focus = w.focus
    if focus is not None and w.here() is not None:
        w.say("not_now.elsewhere")
        show(w)
    elif focus is not None and focus.mode in ("review", "confirm") and focus.draft in w.drafts:
        w.say("not_now.review")
        if w.drafts[focus.draft].call == PROFILE:
            opening.show_profile(w, focus.draft)
        elif focus.mode == "confirm":
            review.confirm(w, focus.draft)
        return
    w.then("resume")


def _pressed(w: Work, pressed: Pressed) -> None:
    verb, *args = pressed.press.split(":")
    if verb in ("consent",) and len(args) == 1:
        opening.consent(w, args[0])
        return
    if not w.conversation.consent:
        opening.greet(w)
        return
    waiting = w.conversation.pending
    if waiting is not None and waiting.kind == "ambiguous" and verb not in ("cmd",):
        if (here := w.here()) is not None and here[1].kind == "text":
            _keep_waiting(w, waiting)
    elif waiting is not None and waiting.kind == "ambiguous" and args != ["text"]:
        w.set(pending=None)
    if verb == "cmd" and len(args) == 1 and args[0] in COMMANDS:
        COMMANDS[args[0]](w)
    elif verb in PLAIN and len(args) == 1:
        PLAIN[verb](w, args[0])
    elif verb == "edition" and len(args) == 1 and args[0].isascii() and args[0].isdigit():
        opening.pick_edition(w, int(args[0]))
    else:
        _pressed_on(w, verb, args)


def _pressed_on(w: Work, verb: str, args: list[str]) -> None:
    """A button that belongs to a draft. Whatever does not fit shows the focus again."""
    draft = from36(args[0]) if args else -1
    row, focus, here = w.drafts.get(draft), w.focus, w.here()
    if row is None or (row.state == "closed" and verb != "open"):
        w.then("resume")
        return
    if row.state == "handed_in" and row.call != PROFILE and verb not in ("recall", "open", "full", "resume", "sample"):
        review.show_handed_in(w, draft)
        return
    try:
        if verb in ASKED and len(args) >= 2:
            if focus is None or here is None or focus.draft != draft or here[1].id != args[1]:
                w.then("resume")
            else:
                ASKED[verb](w, draft, *args[1:])
        elif verb in DRAFTED:
            if verb not in ("recall", "close") and focus is not None and focus.draft != draft:
                w.set(undo=())
            DRAFTED[verb](w, draft, *args[1:])
        else:
            w.then("resume")
    except (TypeError, ValueError):
        # A button id that was never ours: its arguments do not fit. Nothing of it is kept.
        fresh = Work(w.view, w.before, w.incoming)
        w.__dict__.update(fresh.__dict__)
        w.then("resume")


def _find(w: Work) -> None:
    focus = w.focus
    assert focus is not None
    w.refocus(type(focus)(draft=focus.draft, section=focus.section, question=focus.question, mode="find"))
    w.remember("jump")
    show(w)


def _other(w: Work, question: str) -> None:
    """[自己写], [不是，我来改]: the answer of one's own is typed next."""
    focus = w.focus
    assert focus is not None
    w.refocus(type(focus)(draft=focus.draft, section=focus.section, question=question, mode="ask", at="other"))
    here = w.here()
    if here is not None and here[1].kind == "unit":
        show(w)
    else:
        w.say("other.write", slot="question")


def _unit(w: Work, draft: int, name: str) -> None:
    here = w.here()
    if here is None or here[1].kind != "unit" or w.focus is None or w.focus.draft != draft:
        w.then("resume")
        return
    opening.set_unit(w, draft, name, False)
    w.remember("answer")
    going.advance(w, draft, here[0].id, here[1].id)


def _caption_none(w: Work, draft: int, attachment: int) -> None:
    focus = w.focus
    if focus is None or focus.draft != draft or focus.mode != "caption" or focus.at != str(attachment):
        w.then("resume")
        return
    pictures.caption(w, attachment, None)


def _pictures_clear(w: Work, draft: int, question: str) -> None:
    here = w.here()
    if here is None or here[1].id != question or w.focus is None or w.focus.draft != draft:
        w.then("resume")
        return
    pictures.files_done(w, question)


def _sent(w: Work, sent: Sent) -> None:
    if not w.conversation.consent:
        opening.greet(w)
        return
    pictures.sent(w, sent)


def _unreadable(w: Work, incoming: Unreadable) -> None:
    w.say(incoming.key, **incoming.params)


def _edited(w: Work, edited: Edited) -> None:
    writing.edited(w, edited.source, edited.text)


def _shared(w: Work, shared: Shared) -> None:
    here = w.here()
    if here is None or here[1].kind not in ("phone", "place", "line"):
        w.then("resume")
        return
    writing.write_line(w, *here, shared.phone or shared.place)


def _typing(w: Work, typing: Typing) -> None:
    w.set(typing=(typing.question, typing.text))


def _joined(w: Work, joined: Joined) -> None:
    if joined.role != "writer" and not w.conversation.consent:
        w.say(f"greet.{joined.role}", unit="".join(w.person.invited.path))
    elif joined.first or not w.conversation.consent:
        opening.greet(w)
    else:
        going.welcome_back(w)


def _told(w: Work, told: Told) -> None:
    if told.draft in w.drafts and told.event == "returned":
        w.change(told.draft, state="returned")
    w.say(f"told.{told.event}", **told.params)


def _done(w: Work, done: Done) -> None:
    """A job is finished. A document is handed over; a picture is spoken of only if it cannot be used."""
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


def _woke(w: Work, woke: Woke) -> None:
    draft = int(woke.data.get("draft", 0))
    row = w.drafts.get(draft)
    if row is None or row.state not in ("writing", "returned"):
        return
    w.say(
        "wake.chosen",
        title=row.title,
        name=w.person.name,
        buttons=[Button(press=on("resume", draft), key="resume", strong=True)],
    )


_HANDLERS: Mapping[type[Incoming], Callable[[Work, Any], None]] = {
    Said: _said,
    Pressed: _pressed,
    Sent: _sent,
    Unreadable: _unreadable,
    Edited: _edited,
    Shared: _shared,
    Typing: _typing,
    Joined: _joined,
    Told: _told,
    Done: _done,
    Woke: _woke,
}
