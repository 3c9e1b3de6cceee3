"""Who is knocking: the rules of invites, pure. The desk loads the facts and carries the decision out.

A known device resumes and uses nothing. A personal invite makes one person: until that person has given a
name, another device simply takes them over; afterwards it must know the name and the last four digits of
the phone, or the PIN where one was set. An open invite asks an unknown device whether it is the first time.
Wrong guesses are counted, five an invite and hour.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.engine.messages import Button, Knock, Reply

TRIES = 5
WINDOW = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Invite:
    """What the rules need of an invite. `uses_left` None: without a limit. `person`: whom it is bound to."""

    id: int
    unit: int
    role: str
    personal: bool
    uses_left: int | None = None
    expires_at: datetime | None = None
    revoked: bool = False
    person: int = 0
    person_named: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known of a knock. `known`: the address's person, 0 for a stranger.

    `matches`: people of this invite whose name and last four were given; `tries`: wrong guesses within
    the last hour; `contact` and `phone`: whom to ask.
    """

    now: datetime
    knock: Knock
    invite: Invite | None = None
    known: int = 0
    matches: tuple[int, ...] = ()
    tries: int = 0
    contact: str = ""
    phone: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refuse:
    """Nothing changes but, if `counts`, the number of tries. The reply says what to do."""

    reply: Reply
    counts: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Create:
    """A new person with the invite's unit and role; one use is gone, a personal invite is bound."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resume:
    """The address is this person's from now on. `takeover`: it is the only one."""

    person: int
    takeover: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Enrol:
    """A known person gains the invite's role; the personal invite is bound to them."""

    person: int


Decision = Refuse | Create | Resume | Enrol


def decide(facts: Facts) -> Decision:
    """What becomes of a knock with a link."""
    invite = facts.invite
    if facts.known:
        return _known(facts.known, facts)
    if invite is None or invite.revoked:
        return _refuse(facts, "join.unknown")
    if invite.personal and invite.person:
        return _guess(facts) if invite.person_named else Resume(person=invite.person, takeover=True)
    if facts.knock.intent == "again" and not invite.personal:
        return _guess(facts)
    if invite.expires_at is not None and facts.now >= invite.expires_at:
        return _refuse(facts, "join.expired")
    if invite.uses_left is not None and invite.uses_left < 1:
        return _refuse(facts, "join.used")
    if not invite.personal and facts.knock.intent != "new":
        return Refuse(reply=_which(facts))
    return Create()


def decide_code(facts: Facts, owner: int) -> Decision:
    """What becomes of a knock with a 接续码; `owner` is whose it is, 0 for an unknown or used one."""
    if facts.tries >= TRIES:
        return _refuse(facts, "join.tries")
    if not owner:
        return _refuse(facts, "join.code_unknown", counts=True)
    return Resume(person=owner)


def same_name(one: str, other: str) -> bool:
    """Names are compared without spaces and width."""
    return _plain(one) == _plain(other) != ""


def last_four(phone: str) -> str:
    """The last four digits of a phone number, "" where there are fewer."""
    found = digits(phone)
    return found[-4:] if len(found) >= 4 else ""


def digits(text: str) -> str:
    """The digits of what was typed."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isdecimal())


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split())


def _known(person: int, facts: Facts) -> Decision:
    invite = facts.invite
    grants = invite is not None and not invite.revoked and invite.personal and not invite.person
    if invite is None or not grants or invite.role == "writer":
        return Resume(person=person)
    late = invite.expires_at is not None and facts.now >= invite.expires_at
    used = invite.uses_left is not None and invite.uses_left < 1
    return Resume(person=person) if late or used else Enrol(person=person)


def _guess(facts: Facts) -> Decision:
    """Another device says who it is."""
    if facts.tries >= TRIES:
        return _refuse(facts, "join.tries")
    knock = facts.knock
    if not knock.name or not knock.last4:
        return _refuse(facts, "join.who")
    if len(facts.matches) == 1:
        return Resume(person=facts.matches[0])
    return _refuse(facts, "join.who_wrong", counts=True)


def _refuse(facts: Facts, key: str, *, counts: bool = False) -> Refuse:
    return Refuse(reply=Reply(key=key, params={"contact": facts.contact, "phone": facts.phone}), counts=counts)


def _which(facts: Facts) -> Reply:
    """The buttons carry the link: nothing is stored of a stranger."""
    link = facts.knock.link
    return Reply(
        key="join.which",
        buttons=(
            Button(press=f"join:new:{link}", key="join_new", strong=True),
            Button(press=f"join:again:{link}", key="join_again"),
        ),
    )
