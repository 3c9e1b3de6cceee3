"""Words and buttons: which of the conversation's rooms each one leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from bot.engine import controls, desk, editing, going, mending, nominating, nudging, opening, pictures, review, writing
from bot.engine.asking import show
from bot.engine.card import overview
from bot.engine.ids import from36
from bot.engine.messages import Pressed
from bot.engine.model import PROFILE, Pending
from bot.engine.work import Work

Act = Callable[..., None]
AGAIN = timedelta(minutes=1)  # so long the same tap is the same act

# What a button without a draft does.
PLAIN: Mapping[str, Act] = {
    "consent": opening.consent,
    "wake": controls.set_wake,
    "quiet": lambda w, *_: nudging.quiet(w),
    "refuse": nudging.refuse,
    "erase": controls.erase,
}


def _progress(w: Work) -> None:
    if w.person.oversees:
        desk.ask(w)
    row = review.writable(w)
    if row is None and w.person.oversees:
        return
    if row is None or (w.here() is not None and row.call == PROFILE):
        w.then("resume")
    elif row.state == "handed_in":
        review.show_handed_in(w, row.id)
    elif mending.is_due(w, row.id) and not _in_list(w, row.id):
        mending.listing(w, row.id)
    else:
        overview(w, row.id)


def _in_list(w: Work, draft: int) -> bool:
    """Whether the list of comments is what the person has before them: asked again, it is the overview they want."""
    focus = w.focus
    return focus is not None and (focus.draft, focus.mode, focus.at) == (draft, mending.MENDING, "")


def _mending(act: Act, otherwise: Act) -> Act:
    """One thing while the comments of a returned case are walked, another else."""
    return lambda w: act(w) if mending.is_mending(w) else otherwise(w)


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
    "back": _mending(lambda w: mending.listing(w, w.focus.draft), going.back),
    "skip": _mending(mending.skip, going.skip),
    "done": _mending(mending.again, writing.close),
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
    "stuck": controls.stuck,
    "place": going.go_waiting,
    "remind": nudging.again,
    "close": _of_draft(lambda w, draft: controls.close_draft(w, draft, False)),
}

# Buttons about the question in focus: stale ones show the focus again. Arguments: draft, question, …
ASKED: Mapping[str, Act] = {
    "pick": writing.pick,
    "skip": lambda w, d, q: going.skip(w),
    "done": lambda w, d, q: writing.close(w),
    "example": lambda w, d, q: controls.example(w, q),
    "add": editing.add,
    "redo": editing.rewrite,
    "fix": lambda w, d, q: _find(w),
    "next": lambda w, d, q: controls.go_next(w, d),
    "other": lambda w, d, q: _other(w, q),
}

# Buttons about a draft, wherever the focus is: the form of what follows the draft's id (s a text, n a
# number), whose draft it may be (c a case's, p the profile's), and what is done.
DRAFTED: Mapping[str, tuple[str, str, Act]] = {
    "go": ("s", "c", going.go_section),
    "ask": ("s", "cp", going.go_question),
    "resume": ("", "cp", lambda w, d: going.resume(w, d)),
    "open": ("", "c", controls.open_draft),
    "full": ("s", "c", controls.full),
    "keep": ("sn", "c", editing.keep),
    "unit": ("s", "p", lambda w, d, name: _unit(w, d, name)),
    "profile": ("s", "p", lambda w, d, what: (opening.profile_ok if what == "ok" else opening.show_profile)(w, d)),
    "sample": ("", "c", controls.sample),
    "cap": ("n", "c", pictures.rename),
    "nocap": ("n", "c", lambda w, d, a: _caption_none(w, d, a)),
    "drop": ("n", "c", pictures.drop),
    "swap": ("n", "c", pictures.swap),
    "small": ("n", "c", pictures.small_ok),
    "clear": ("s", "c", lambda w, d, q: _pictures_clear(w, d, q)),
    "which": ("s", "c", pictures.which),
    "see": ("s", "c", review.see),
    "change": ("", "c", controls.change_more),
    "submit": ("", "c", review.submit),
    "confirm": ("", "c", review.hand_in),
    "recall": ("", "c", review.recall),
    "mend": ("s", "c", mending.show),
    "mends": ("", "c", mending.listing),
    "mend_ok": ("s", "c", mending.accept),
    "mend_own": ("s", "c", mending.own),
    "mend_why": ("s", "c", mending.why),
    "mend_done": ("s", "c", mending.done),
    "mend_add": ("s", "c", mending.add),
    "resend": ("", "c", review.resend),
    "nominate": ("", "c", nominating.ask),
    "nominate_yes": ("", "c", nominating.nominate),
    "close": ("", "c", lambda w, d: controls.close_draft(w, d, False)),
    "closed": ("", "c", lambda w, d: controls.close_draft(w, d, True)),
}


def _fitted(form: str, args: list[str]) -> list[str | int] | None:
    """The arguments by their form, or None where they do not fit: a button id that was never ours."""
    if len(form) != len(args):
        return None
    if any(
        letter == "n" and not (a.isascii() and a.isdigit() and len(a) < 10)
        for letter, a in zip(form, args, strict=True)
    ):
        return None
    return [int(a) if letter == "n" else a for letter, a in zip(form, args, strict=True)]


def keep_waiting(w: Work, waiting: Pending) -> None:
    """Words that were asked about become text when anything else is said."""
    here, focus = w.here(), w.focus
    assert here is not None and focus is not None
    answer = w.answer(focus.draft, here[1].id)
    fragment = w.add_fragment(focus.draft, here[1].id, waiting.text, flowing=True, source=waiting.source)
    w.write(focus.draft, here[1].id, "open", (*(answer.parts if answer else ()), fragment.id))
    w.set(pending=None)
    w.remember("text")
    w.kept = waiting.text


def pressed(w: Work, pressed: Pressed) -> None:
    """A button was tapped. One about what is over shows what stands here; tapped twice it counts once."""
    verb, *args = pressed.press.split(":")
    now = f"{pressed.under} {pressed.press}" if pressed.under else ""
    if verb == "join" or (now and now == _just_pressed(w)):
        return  # whoever has a conversation has answered that; the one tap has been answered as well
    w.set(pressed=now)
    if verb in ("consent",) and len(args) == 1:
        opening.consent(w, args[0])
        return
    if not w.conversation.consent:
        if w.person.oversees and pressed.press == "cmd:progress":
            desk.ask(w)
        else:
            opening.greet(w)
        return
    waiting = w.conversation.pending
    if waiting is not None and waiting.kind == "ambiguous" and verb not in ("cmd",):
        if (here := w.here()) is not None and here[1].kind == "text":
            keep_waiting(w, waiting)
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


# What may be done with a draft that is handed in.
FAR = ("recall", "nominate", "nominate_yes", "close", "closed")  # what leads nobody away from what they write
HANDED_IN = ("recall", "open", "full", "resume", "sample", "nominate", "nominate_yes")


def _pressed_on(w: Work, verb: str, args: list[str]) -> None:
    """A button that belongs to a draft. Whatever does not fit shows the focus again."""
    draft = from36(args[0]) if args else -1
    row, focus, here = w.drafts.get(draft), w.focus, w.here()
    if row is None or (row.state == "closed" and verb != "open"):
        _past(w)
        return
    if row.state == "handed_in" and row.call != PROFILE and verb not in HANDED_IN:
        review.show_handed_in(w, draft)
        return
    if verb in ASKED and len(args) == (3 if verb == "pick" else 2):
        if focus is None or here is None or focus.draft != draft or here[1].id != args[1]:
            _past(w)
        else:
            ASKED[verb](w, draft, *args[1:])
        return
    form, whose, act = DRAFTED.get(verb, ("", "", going.resume))
    fitted = _fitted(form, args[1:])
    if fitted is None or ("p" if row.call == PROFILE else "c") not in whose:
        _past(w)
        return
    if verb not in FAR and focus is not None and focus.draft != draft:
        w.set(undo=())
    act(w, draft, *fitted)


def _past(w: Work) -> None:
    """A button whose question is over shows the present one, unless that has just come by its neighbour."""
    under = w.conversation.pressed.partition(" ")[0]
    w.set(pressed=w.before.pressed)
    if not under or under != _just_pressed(w).partition(" ")[0]:
        w.then("resume")


def _just_pressed(w: Work) -> str:
    """The button that was tapped a moment ago, if the last thing done was no longer ago."""
    seen = w.before.seen_at
    return w.before.pressed if seen is not None and w.now - seen < AGAIN else ""


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
        _past(w)
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
    pictures.cleared(w, draft, question)
