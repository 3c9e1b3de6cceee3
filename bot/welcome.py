"""Knocks carried out: the rules are `bot.engine.joining`'s, the rows are made here, within the batch."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime

from bot.batch import Batch, Setting
from bot.channel import Address
from bot.engine.joining import WINDOW, Create, Decision, Enrol, Facts, Invite, Refuse, Resume, decide, decide_code
from bot.engine.messages import Button, Incoming, Knock, Pressed, Reply, Said
from bot.engine.model import PROFILE
from bot.errors import Stale
from bot.rows import Mind
from storage import invites, people

_CODE = re.compile(r"[0-9]{6}")
BRING = "join:bring"
CODE_TRIES = 200  # wrong 接续码 an hour from everywhere together, before no more are looked at
_ALL = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """Who knocked: a person, or the sentence for somebody who stays a stranger.

    `first`: a new conversation. `role`: what the invite makes of the person. `by_code`: they came by a 接续码.
    """

    person: int = 0
    first: bool = False
    role: str = "writer"
    by_code: bool = False
    refusal: Reply | None = None
    also: tuple[Reply, ...] = ()


def as_knock(incoming: Incoming) -> Incoming:
    """[第一次来] and [我写过] carry the link they answer to; every other incoming stays as it is."""
    if isinstance(incoming, Pressed) and incoming.press.startswith(("join:new:", "join:again:")):
        _, intent, link = incoming.press.split(":", 2)
        return Knock(at=incoming.at, ref=incoming.ref, link=link, intent="new" if intent == "new" else "again")
    return incoming


def as_code(incoming: Incoming, mind: Mind) -> Incoming:
    """Six digits typed by somebody who has written nothing here yet are a 接续码: nothing that is asked until then has
    six digits for an answer."""
    if not isinstance(incoming, Said) or any(d.call != PROFILE and d.next > 1 for d in mind.drafts.values()):
        return incoming
    found = _CODE.fullmatch("".join(unicodedata.normalize("NFKC", incoming.text).split()))
    return Knock(at=incoming.at, ref=incoming.ref, code=found[0]) if found else incoming


def nobody(setting: Setting) -> Reply:
    """Whom somebody without an invite may ask."""
    return Reply(key="join.none", params={"contact": setting.contact, "phone": setting.phone})


def meet(batch: Batch, address: Address, knock: Knock, known: int) -> Met:
    """Decides who is knocking and makes it so. Raises Stale when another process was quicker."""
    if knock.code:
        return _by_code(batch, address, knock, known)
    setting, connection = batch.setting, batch.connection
    found = invites.find(connection, setting.site_key, knock.link)
    invite = found.invite if found else None
    office = found.office if found else {}
    guessing = invite is not None and not known and bool(knock.name and knock.last4)
    decision = decide(
        Facts(
            now=knock.at,
            knock=knock,
            invite=invite,
            known=known,
            matches=invites.matches(connection, invite, knock.name, knock.last4) if invite and guessing else (),
            tries=invites.wrong_guesses(connection, invite.id, knock.at - WINDOW) if invite else 0,
            contact=office.get("contact", setting.contact),
            phone=office.get("phone", setting.phone),
        )
    )
    met = _carry_out(batch, address, decision, invite, known, knock.at)
    if invite is None or not met.person:
        return met
    others = known and invite.personal and invite.person not in (0, known)
    return replace(met, role=invite.role, also=(Reply(key="join.others"),) if others else ())


def _by_code(batch: Batch, address: Address, knock: Knock, known: int) -> Met:
    setting, connection, now = batch.setting, batch.connection, knock.at
    tries = invites.wrong_guesses(connection, 0, now - WINDOW, address)
    if invites.wrong_guesses(connection, 0, now - WINDOW) >= CODE_TRIES:
        tries = _ALL
    hashed = people.code_hash(setting.site_key, knock.code.strip())
    owner = people.code_owner(connection, hashed, now)
    facts = Facts(now=now, knock=knock, known=known, tries=tries, contact=setting.contact, phone=setting.phone)
    decision = decide_code(facts, owner)
    if not isinstance(decision, Resume):
        return _carry_out(batch, address, decision, None, known, now)
    other = known if known and known != owner and people.drafts_of(connection, known) else 0
    if not people.use_code(connection, hashed, now, other):
        raise Stale("the code was used meanwhile")
    if known == owner:
        return Met(person=owner)
    met = replace(_carry_out(batch, address, decision, None, 0, now), by_code=True)
    if not other:
        return met
    bring = Reply(key="join.bring", buttons=(Button(press=BRING, key="join_bring", strong=True),))
    return replace(met, also=(bring,))


def _carry_out(
    batch: Batch, address: Address, decision: Decision, invite: Invite | None, known: int, now: datetime
) -> Met:
    connection, world = batch.connection, batch.setting.world
    which = invite.id if invite else 0

    def note(person: int, outcome: str) -> None:
        invites.note(
            connection, id=world.new_id(), invite=which, address=address, person=person, outcome=outcome, at=now
        )

    if isinstance(decision, Refuse):
        if decision.counts:
            note(0, "refused")
        return Met(refusal=decision.reply)
    if isinstance(decision, Create):
        assert invite is not None
        person = world.new_id()
        people.create(connection, person=person, conversation=world.new_id(), unit=invite.unit, at=now)
        _use(batch, invite, person)
        note(person, "new")
    elif isinstance(decision, Enrol):
        assert invite is not None
        person = decision.person
        _use(batch, invite, person)
        note(person, "resume")
    else:
        person = decision.person
        if known == person:
            return Met(person=person)
        if decision.takeover:
            people.drop_addresses(connection, person)
        note(person, "takeover" if decision.takeover else "resume")
    if known != person:
        people.give_address(connection, address, person, now)
        batch.give(address, person, only=isinstance(decision, Resume) and decision.takeover)
    return Met(person=person, first=isinstance(decision, Create))


def _use(batch: Batch, invite: Invite, person: int) -> None:
    if not invites.use(batch.connection, invite, person):
        raise Stale("the invite was used meanwhile")
    people.grant(batch.connection, person, invite.role, invite.unit)


def bring(batch: Batch, person: int, pressed: Pressed) -> bool:
    """[一起带过来]: the drafts of whoever had this device before are this person's now. False: nothing to bring."""
    batch.forget()
    other, moved = people.bring_along(batch.connection, person, pressed.at - WINDOW)
    batch.forget(person, other)
    return moved > 0
