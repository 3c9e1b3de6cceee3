"""Words that mean a button where it stands: 够了 after a thin answer, 继续 beside one that is written, 同意, 确认, the
name of a call. Whole messages alone are looked at."""

from __future__ import annotations

from bot.engine import controls, mending, mending_words, opening
from bot.engine.commands import normal
from bot.engine.model import PROFILE, Focus
from bot.engine.places import chosen
from bot.engine.work import Work


def before_consent(w: Work, text: str) -> bool:
    """Whether somebody agrees in words, and has been taken at them."""
    if normal(text) not in w.view.vocabulary.agree or not opening.greeted(w):
        return False
    opening.consent(w, "yes")
    return True


def pressed_in_words(w: Work, text: str) -> bool:
    """Whether the message means one of the buttons that stand here, and has been carried out."""
    focus, here, words = w.focus, w.here(), w.view.vocabulary
    key = normal(text)
    if focus is None:
        return _edition(w, key)
    if mending.is_mending(w) and mending_words.in_words(w, key):
        return True
    if here is None:
        return _profile(w, focus, key)
    stays = words.onward if here[1].kind == "text" else words.onward | words.yes
    if (focus.mode == "thin" and key in words.enough) or (focus.mode == "edit" and key in stays):
        controls.go_next(w, focus.draft)
        return True
    return False


def _profile(w: Work, focus: Focus, key: str) -> bool:
    row = w.drafts.get(focus.draft)
    if row is None or row.call != PROFILE or focus.mode != "review" or key not in w.view.vocabulary.yes:
        return False
    opening.profile_ok(w, row.id)
    return True


def _edition(w: Work, key: str) -> bool:
    """Which call it is to be, by its name or by its number in the list."""
    editions, profile = w.view.open_editions(), w.profile()
    if len(editions) < 2 or profile is None or profile.state != "handed_in":
        return False
    named = [e for e in editions if key in (e.call.short, e.call.title, e.title)]
    n = chosen(key, len(editions), w.view.vocabulary)
    if len(named) != 1 and not n:
        return False
    opening.pick_edition(w, named[0].id if len(named) == 1 else editions[n - 1].id)
    return True
