"""What is typed while the comments on a returned case are walked: the buttons' words, a number, or a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.engine.ids import b36
from bot.engine.mending import (
    OWN,
    accept,
    add,
    again,
    done,
    explain,
    here,
    listing,
    own,
    put,
    show,
    why,
)
from bot.engine.mending_places import written_in
from bot.engine.places import chosen
from bot.engine.work import Work


def said(w: Work, text: str) -> None:
    """Words while a comment is looked at: an explanation, unless a new sentence was asked for.

    What is typed without a tap may be either; the paper is not touched unasked, and one tap puts the words into it.
    """
    focus = w.focus
    assert focus is not None
    comment, what = here(w)
    if not text.strip():
        w.say("empty.say")
    elif comment is None:
        w.say("mend.pick")
        listing(w, focus.draft)
    elif what != OWN:
        explain(w, focus.draft, comment, " ".join(text.split()))
    else:
        put(w, focus.draft, comment, " ".join(text.split()))


# What is said of a comment, by the button that it means; and what is said beside it.
ONE: Mapping[str, Callable[[Work, int, str], None]] = {"ok": accept, "own": own, "done": done, "why": why, "show": show}
BESIDE = ("question", "add", "go", "more")


def in_words(w: Work, key: str) -> bool:
    """Whether a message means one of a comment's buttons, or a comment by its number, and has been carried out."""
    focus, words = w.focus, w.view.vocabulary
    assert focus is not None
    comment, what = here(w)
    comments = w.comments(focus.draft)
    verb = words.mending.get(key, "")
    if what:
        if verb == "back":
            again(w)
        return verb == "back"
    if verb in BESIDE:
        return _beside(w, focus.draft, verb)
    if comment is not None and verb in ONE:
        if verb == "ok" and comment.change is None:  # 好 says that they will, not that it is done
            verb = "own" if comment.quote else "show"
        ONE[verb](w, focus.draft, b36(comment.id))
        return True
    bare = next((key[len(go) :] for go in words.places.go if key.startswith(go)), key)
    n = chosen(key, len(comments), words) or chosen(bare, len(comments), words)
    if n:
        show(w, focus.draft, b36(comments[n - 1].id))
    return bool(n)


def _beside(w: Work, draft: int, verb: str) -> bool:
    """What is said of no answer to the comment in focus."""
    comment = here(w)[0]
    if verb == "question":
        w.then("contact")
    elif verb == "add":
        noted = w.conversation.undo[-1].notes if w.conversation.undo else ()
        if not noted:
            return False
        add(w, draft, b36(noted[-1][0]))
    elif verb == "go" and comment is not None and (section := written_in(w, comment)) is not None:
        w.then("section", draft, section.id)
    else:
        w.then("overview", draft)
    return True
