"""A late key (补交码): a secret that an office gives to a unit, by which somebody there may hand in after the date.

It is made to be read out over the telephone: eight letters and digits without those that look alike. Whoever enters it
has until the key's own end, for one edition; each entering takes one of its uses. What is handed in by it is marked.
"""

from __future__ import annotations

from bot.engine.asking import command, on
from bot.engine.commands import normal
from bot.engine.definition import Edition, LateKey
from bot.engine.messages import Button, LateUse, Moment
from bot.engine.model import Draft
from bot.engine.vocabulary import Vocabulary
from bot.engine.work import Work

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
LENGTH = 8
_BETWEEN = str.maketrans("", "", " \t\u3000-\u2010\u2013\u2014")
_LONGEST = 40  # characters of a message that may be nothing but a key


def shown(code: str) -> str:
    """A key as people read it: two groups of four."""
    return f"{code[:4]}-{code[4:]}"


def code_in(text: str, words: Vocabulary) -> str:
    """The key that a message consists of, as it was made; "" for any other message."""
    return _parts(text, words)[1]


def _parts(text: str, words: Vocabulary) -> tuple[bool, str]:
    """Whether a message says that it is a key, and the key; (False, "") for any other.

    What is merely written like one may be a telephone number or anything else that belongs into a text.
    """
    if len(text) > _LONGEST:
        return False, ""
    plain = normal(text)
    lead = next((word for word in words.late_key if plain.startswith(word)), "")
    rest = plain[len(lead) :].lstrip(" :,")
    code = rest.translate(_BETWEEN).upper()
    if len(code) != LENGTH or not set(code) <= set(LETTERS):
        return False, ""
    return bool(lead), code


def entered(w: Work, text: str) -> bool:
    """Whether a message was a key, and was answered; what only might be one is left to the question that stands."""
    meant, code = _parts(text, w.view.vocabulary)
    key = next((one for one in w.view.late_keys if code and one.code == code), None)
    edition = w.view.editions.get(key.edition) if key is not None else None
    if key is None or edition is None:
        if meant:
            _refuse(w, "late_key.unknown")
        return meant
    if key.unit != (w.person.unit or w.person.invited).id:
        _refuse(w, "late_key.elsewhere")
    elif key.revoked:
        _refuse(w, "late_key.revoked")
    else:
        _use(w, key, edition)
    return True


def _use(w: Work, key: LateKey, edition: Edition) -> None:
    own = [draft for draft in w.drafts.values() if draft.edition == edition.id and draft.state != "closed"]
    draft = next((draft for draft in reversed(own) if draft.state in ("writing", "returned")), None)
    due = (w.due(draft.id) if draft is not None else None) or w.until(edition)
    if own and draft is None:
        w.say("late_key.handed_in", buttons=[command("cases")])
    elif w.now < due.at:
        mine = any(e.person == w.person.id and e.key == key.id for e in w.view.extensions)
        w.say("late_key.again" if mine else "late_key.early", due=due, buttons=[_onward(edition, draft)])
    elif w.now >= key.until:
        _refuse(w, "late_key.expired", w.moment(key.until, edition))
    elif key.left < 1:
        _refuse(w, "late_key.used_up")
    else:
        w.late_key = LateUse(key=key.id, edition=edition.id, until=key.until)
        w.event("late_key.entered", draft.id if draft is not None else 0, edition=edition.id)
        w.say("late_key.taken", until=w.moment(key.until, edition), buttons=[_onward(edition, draft)])


def _onward(edition: Edition, draft: Draft | None) -> Button:
    """On to what is to be handed in, or to its beginning."""
    if draft is None:
        return Button(press=f"edition:{edition.id}", key="begin", strong=True)
    return Button(press=on("submit", draft.id), key="submit", strong=True)


def _refuse(w: Work, key: str, until: Moment | None = None) -> None:
    office = w.office(w.focus.draft if w.focus is not None else 0)
    contact = (office.contact, office.phone) if office is not None else ("", "")
    w.say(key, contact=contact[0], phone=contact[1], until=until)
