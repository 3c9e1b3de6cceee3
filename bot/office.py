"""The office's commands: frozen values, carried out on the writer's thread in one transaction each.

Rights are checked here, inside that transaction. The command line (person 0) may do everything; an
administrator everything below their units; a coordinator invites writers and reads cases below theirs. What
lies outside is answered like what does not exist. Each command that changes something writes one event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.batch import HOUSE
from bot.channel import Address, Take, Update
from bot.config import Settings, level_names
from bot.doors import Acted, Actor, Refusal
from bot.engine.dates import resolve
from bot.engine.definition import Call, Edition
from bot.engine.messages import Told
from bot.engine.model import Unit
from bot.errors import Stale, StoreError
from bot.wording import Wording
from bot.world import World
from storage import cases as case_rows
from storage import commands, people
from storage import editions as edition_rows
from storage import units as unit_rows
from storage.invites import make_link
from storage.readers import Run
from storage.records import EventRow, add_events

WRITER, COORDINATOR, ADMINISTRATOR = "writer", "coordinator", "administrator"
ROLES = (WRITER, COORDINATOR, ADMINISTRATOR)
DAYS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenEdition:
    """Opens an edition of a call with real dates. Gives {"edition", "title", "due"}.

    `first`: only where the call has none yet, open or closed; else it gives {}.
    """

    call: str
    first: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class AddUnits:
    """Makes the nodes of these paths where they are missing, with those above; those that are there are confirmed.

    `kinds`: path -> kind of unit, where one is to be set. Gives {"units": how many were named, "made", "confirmed"}.
    """

    paths: tuple[str, ...]
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class MakeInvite:
    """An invite for a unit, given by its path ("" = the root). Gives {"invite", "link", "unit", "until", …}.

    Units that are missing are made; "made" are their paths, from the top down.
    `uses` 1 makes it personal; None: without limit for writers, 1 for the others, who cannot be open.
    """

    unit: str = ""
    role: str = WRITER
    uses: int | None = None
    days: int = DAYS
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RevokeInvite:
    """All links of an invite are void from now on; who came by it stays. Gives {"invite", "unit", "role"}."""

    invite: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkOpened:
    """A reader has opened a case: its writer hears of it and cannot take it back any more. Once is enough."""

    case: int


Command = OpenEdition | AddUnits | MakeInvite | RevokeInvite | MarkOpened


class _Refused(Exception):
    """Leaves the transaction, which undoes what was done in it."""

    def __init__(self, key: str, **params: Any) -> None:
        self.refusal = Refusal(key=f"office.{key}", params=params)
        super().__init__(key)


class Office:
    """Carries out commands. `write` runs work on the writer's thread; `take` is how writers are told."""

    def __init__(
        self,
        *,
        write: Run,
        take: Take,
        settings: Settings,
        calls: Mapping[str, Call],
        wording: Wording,
        world: World,
        site_key: bytes,
    ) -> None:
        self._write = write
        self._take = take
        self._settings = settings
        self._calls = calls
        self._wording = wording
        self._world = world
        self._key = site_key

    async def act(self, actor: Actor, command: object) -> Acted | Refusal:
        """The door: what the command gave, or why it was refused. Raises TypeError for no command."""
        work = self._work(actor, command)
        try:
            result = await self._write(work)
        except _Refused as refused:
            return refused.refusal
        if isinstance(command, MarkOpened):
            with suppress(StoreError):  # it is opened all the same, and the writer's page says so
                await self._tell_opened(result)
        return Acted(result=result)

    def _work(self, actor: Actor, command: object) -> Callable[[Connection], Mapping[str, Any]]:
        match command:
            case OpenEdition():
                return lambda connection: self._open_edition(connection, actor, command)
            case AddUnits():
                return lambda connection: self._add_units(connection, actor, command)
            case MakeInvite():
                return lambda connection: self._make_invite(connection, actor, command)
            case RevokeInvite():
                return lambda connection: self._revoke_invite(connection, actor, command)
            case MarkOpened():
                return lambda connection: self._mark_opened(connection, actor, command)
        raise TypeError(f"no command: {type(command).__name__}")

    # ------------------------------------------------------------ editions

    def _open_edition(self, connection: Connection, actor: Actor, command: OpenEdition) -> Mapping[str, Any]:
        _may(actor, self._settings.site.root, ADMINISTRATOR)
        call = self._calls.get(command.call)
        if call is None:
            raise _Refused("no_call", id=command.call)
        if command.first and any(e.call.id == call.id for e in edition_rows.load(connection, self._calls).values()):
            return {}
        now = self._world.now()
        due, dates = resolve(call, now)
        last_day = (due - timedelta(microseconds=1)).astimezone(ZoneInfo(call.zone))
        title = self._wording.say("office.edition_title", year=last_day.year, title=call.title)
        edition = Edition(
            id=self._world.new_id(),
            call=call,
            title=title,
            opened_at=now,
            due=due,
            dates=dates,
            office=self._settings.office_of(call.id),
        )
        edition_rows.add(connection, edition)
        self._note(connection, actor, "edition.opened", params={"edition": edition.id, "call": call.id})
        return {"edition": edition.id, "title": title, "due": due}

    # ------------------------------------------------------------ invites

    def _make_invite(self, connection: Connection, actor: Actor, command: MakeInvite) -> Mapping[str, Any]:
        path = self._path(command.unit)
        if command.role not in ROLES:
            raise _Refused("bad_role", role=command.role)
        _may(actor, "/".join(path), *((COORDINATOR, ADMINISTRATOR) if command.role == WRITER else (ADMINISTRATOR,)))
        uses = command.uses
        if command.role != WRITER:
            if uses not in (None, 1):
                raise _Refused("not_open")
            uses = 1
        if uses is not None and not 1 <= uses <= 100_000:
            raise _Refused("bad_uses")
        if not 1 <= command.days <= 3650:
            raise _Refused("bad_days")
        now, id = self._world.now(), self._world.new_id()
        made: list[str] = []
        row = commands.InviteRow(
            id=id,
            unit=self._unit(connection, path, made).id,
            role=command.role,
            uses=uses,
            expires_at=now + timedelta(days=command.days),
            issuer=actor.person,
            note=command.note,
            created_at=now,
        )
        commands.add_invite(connection, row)
        where = "/".join(path)
        self._note(connection, actor, "invite.made", unit=where, params={"invite": id, "role": command.role})
        return {
            "invite": id,
            "link": make_link(self._key, id, 0),
            "unit": where,
            "role": command.role,
            "uses": uses,
            "until": row.expires_at,
            "made": made,
        }

    def _revoke_invite(self, connection: Connection, actor: Actor, command: RevokeInvite) -> Mapping[str, Any]:
        row = commands.invite(connection, command.invite)
        roles = (COORDINATOR, ADMINISTRATOR) if row is not None and row.role == WRITER else (ADMINISTRATOR,)
        if row is None or not allowed(actor, row.unit, *roles):
            raise _Refused("no_invite")
        commands.revoke(connection, command.invite)
        self._note(connection, actor, "invite.revoked", unit=row.unit, params={"invite": command.invite})
        return {"invite": command.invite, "unit": row.unit, "role": row.role}

    # ------------------------------------------------------------ cases

    def _mark_opened(self, connection: Connection, actor: Actor, command: MarkOpened) -> Mapping[str, Any]:
        row = commands.case(connection, command.case)
        if row is None or not allowed(actor, row.unit, COORDINATOR, ADMINISTRATOR):
            raise _Refused("no_case", number=command.case)
        if row.state == "waiting":
            try:
                case_rows.move(connection, "open", row.id, row.n, opened_at=self._world.now())
            except Stale:
                raise _Refused("no_case", number=row.number) from None
            self._note(connection, actor, "case.opened", draft=row.draft, case=row.id, unit=row.unit)
        return {"case": row.id, "n": row.n, "draft": row.draft, "conversation": row.conversation}

    async def _tell_opened(self, opened: Mapping[str, Any]) -> None:
        """The writer hears of it; the ref makes a second telling a repeat."""
        ref = f"opened:{opened['case']}:{opened['n']}"
        told = Told(at=self._world.now(), ref=ref, event="opened", draft=opened["draft"])
        address = Address(channel=HOUSE, external=str(opened["conversation"]))
        await self._take([Update(address=address, ref=ref, incoming=told, digest=ref)])

    # ------------------------------------------------------------ the tree

    def _add_units(self, connection: Connection, actor: Actor, command: AddUnits) -> Mapping[str, Any]:
        named = {self._path(text): command.kinds.get(text) for text in command.paths}
        for path in named:
            _may(actor, "/".join(path), ADMINISTRATOR)
        known = unit_rows.nodes(connection, self._settings.site.root)
        whole = {path[:depth]: named.get(path[:depth]) for path in named for depth in range(1, len(path) + 1)}
        ids = {path: known[joined].id if (joined := "/".join(path)) in known else 0 for path in whole}
        new = [path for path in sorted(whole, key=len) if not ids[path]]
        ids |= dict(zip(new, self._world.new_ids(len(new)), strict=True))
        levels = self._levels()
        unit_rows.add(
            connection,
            [(ids[path], ids.get(path[:-1]), path, levels[len(path) - 1], whole[path] or "") for path in new],
        )
        old = {path: known["/".join(path)] for path in named if "/".join(path) in known}
        changed = {
            node.id: kind if (kind := named[path]) is not None else node.kind
            for path, node in old.items()
            if not node.confirmed or named[path] not in (None, node.kind)
        }
        unit_rows.settle(connection, changed)
        done = {"made": len(new), "confirmed": sum(not node.confirmed for node in old.values())}
        if new or changed:
            self._note(connection, actor, "units.added", params=done)
        return {"units": len(named), **done}

    def _path(self, text: str) -> tuple[str, ...]:
        root = self._settings.site.root
        path = tuple(part.strip() for part in text.split("/")) if text.strip() else (root,)
        if path[0] != root or not all(path):
            raise _Refused("bad_unit", root=root)
        if len(path) > len(self._levels()):
            raise _Refused("too_deep", path=text)
        return path

    def _levels(self) -> tuple[str, ...]:
        """The levels from the root's down."""
        levels = level_names()
        return levels[levels.index(self._settings.site.root_level) :]

    def _unit(self, connection: Connection, path: tuple[str, ...], made: list[str]) -> Unit:
        """The node of a path; it and those above are made where they are missing, and added to `made`."""
        known = people.unit_at(connection, path)
        if known is not None:
            return known
        if len(path) > 1:
            self._unit(connection, path[:-1], made)
        level = self._levels()[len(path) - 1]
        made.append("/".join(path))
        return people.make_unit(connection, self._world.new_id(), path, level, confirmed=True)

    def _note(
        self,
        connection: Connection,
        actor: Actor,
        kind: str,
        *,
        draft: int = 0,
        case: int = 0,
        unit: str = "",
        params: Mapping[str, Any] | None = None,
    ) -> None:
        event = EventRow(
            id=self._world.new_id(),
            at=self._world.now(),
            actor=actor.person,
            kind=kind,
            draft=draft,
            case=case,
            unit=unit or self._settings.site.root,
            params=params or {},
        )
        add_events(connection, [event])


def allowed(actor: Actor, unit: str, *roles: str) -> bool:
    """Whether the actor has one of these roles above or at a unit, given by its path."""
    if actor.person == 0:
        return True
    below = any(not own or unit == own or unit.startswith(f"{own}/") for own in actor.scope.units)
    return below and bool(set(actor.roles) & set(roles))


def _may(actor: Actor, unit: str, *roles: str) -> None:
    if not allowed(actor, unit, *roles):
        raise _Refused("denied")
