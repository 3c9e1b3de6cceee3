"""What planning and the morning's digest read of offices: who holds which unit, and what waits there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, func, or_, select

from bot.doors import Scope
from bot.engine.model import Reminded
from bot.engine.reminding import PATIENCE
from storage.posts import OVERSEEING
from storage.tables import addresses, cases, conversations, deliveries, drafts, people, quotas, reminders, roles, units
from storage.views import below

FAILED_WITHIN = timedelta(days=7)


class Holder(NamedTuple):
    """Somebody who coordinates or administers a unit."""

    person: int
    conversation: int
    unit: int
    path: str


class Unheard(NamedTuple):
    """A writer who does not answer, or whom nothing reaches."""

    person: int
    name: str
    path: str


def holders(connection: Connection, now: datetime) -> list[Holder]:
    """All who hold a post now, each once for each unit."""
    wanted = (
        select(people.c.id, conversations.c.id, units.c.id, units.c.path)
        .join(roles, roles.c.person == people.c.id)
        .join(units, units.c.id == roles.c.unit)
        .join(conversations, conversations.c.person == people.c.id)
        .where(roles.c.role.in_(OVERSEEING), or_(roles.c.until.is_(None), roles.c.until > now), ~people.c.erased)
        .distinct()
        .order_by(people.c.id, units.c.path)
    )
    return [Holder(*row) for row in connection.execute(wanted)]


def in_hand(connection: Connection, editions: Collection[int]) -> dict[tuple[int, int, str], int]:
    """How many cases wait, by edition, holder and state."""
    key = (cases.c.edition, cases.c.holder, cases.c.state)
    own = cases.c.edition.in_(editions) & cases.c.state.in_(("waiting", "opened", "passed"))
    rows = connection.execute(select(*key, func.count()).where(own).group_by(*key))
    return {(edition, holder, state): many for edition, holder, state, many in rows}


def free_places(connection: Connection, editions: Collection[int]) -> dict[tuple[int, str, int], bool]:
    """Whether a unit has a place left, by edition, level and unit; those that never used one are not here."""
    key = (quotas.c.edition, quotas.c.level, quotas.c.unit)
    left = func.max(quotas.c.most - quotas.c.used)
    rows = connection.execute(select(*key, left).where(quotas.c.edition.in_(editions)).group_by(*key))
    return {(edition, level, unit): most > 0 for edition, level, unit, most in rows}


def reminded(connection: Connection) -> dict[tuple[int, int, str], Reminded]:
    """What offices were told of dates, by person, edition and level."""
    wanted = select(reminders.c.person, reminders.c.edition, reminders.c.level, reminders.c.told_at)
    rows = connection.execute(wanted.where(reminders.c.level != ""))
    return {(person, edition, level): Reminded(edition=edition, told=at) for person, edition, level, at in rows}


# ---------------------------------------------------------------- the digest

_home = func.coalesce(people.c.unit, people.c.invited)


def silent(connection: Connection, scope: Scope, edition: int, limit: int) -> list[Unheard]:
    """Writers of the scope who were reminded twice since they last came, and have not handed in."""
    handed_in = (
        select(drafts.c.id)
        .where(drafts.c.person == people.c.id, drafts.c.edition == edition)
        .where(drafts.c.state.in_(("handed_in", "closed")))
        .exists()
    )
    wanted = (
        select(people.c.id, people.c.name, units.c.path)
        .join(reminders, reminders.c.person == people.c.id)
        .join(conversations, conversations.c.person == people.c.id)
        .join(units, units.c.id == _home)
        .where(reminders.c.edition == edition, reminders.c.level == "", reminders.c.unanswered >= PATIENCE)
        .where(~reminders.c.off, ~people.c.erased, ~handed_in, below(scope))
        .where(or_(conversations.c.seen_at.is_(None), conversations.c.seen_at <= reminders.c.told_at))
        .order_by(units.c.path, people.c.id)
        .limit(limit)
    )
    return [Unheard(*row) for row in connection.execute(wanted)]


def unreached(connection: Connection, scope: Scope, edition: int, now: datetime, limit: int) -> list[Unheard]:
    """Writers of the scope for whom something could not be delivered of late, and who have no other open address."""
    failed = (
        select(deliveries.c.id)
        .where(deliveries.c.conversation == conversations.c.id, deliveries.c.state == "failed")
        .where(deliveries.c.at > now - FAILED_WITHIN)
        .exists()
    )
    open_ = select(addresses.c.external).where(addresses.c.person == people.c.id, addresses.c.state == "open").exists()
    begun = select(drafts.c.id).where(drafts.c.person == people.c.id, drafts.c.edition == edition).exists()
    wanted = (
        select(people.c.id, people.c.name, units.c.path)
        .join(conversations, conversations.c.person == people.c.id)
        .join(units, units.c.id == _home)
        .where(failed, ~open_, begun, ~people.c.erased, below(scope))
        .order_by(units.c.path, people.c.id)
        .limit(limit)
    )
    return [Unheard(*row) for row in connection.execute(wanted)]
