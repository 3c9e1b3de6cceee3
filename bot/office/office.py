"""The door `act`: which room carries out which command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from bot import acts
from bot.config import Settings
from bot.doors import Acted, Actor, Refusal
from bot.engine.definition import Call
from bot.office import choosing, closing, entering, latekeys, linking, papers, people, review, tree
from bot.office.matter import Matter, Refused, Setting
from bot.wording import Wording
from bot.world import World
from storage.readers import Run

Carry = Callable[[Matter, Any], Mapping[str, Any]]

ROOMS: Mapping[type, Carry] = {
    acts.TimeOut: closing.time_out,
    acts.OpenEdition: tree.open_edition,
    acts.AddUnits: tree.add_units,
    acts.MakeInvite: tree.make_invite,
    acts.LinkAll: linking.link_all,
    acts.RevokeInvite: tree.revoke_invite,
    acts.ConfirmUnit: tree.confirm_unit,
    acts.MergeUnit: tree.merge_unit,
    acts.NameMyself: people.name_myself,
    acts.SetPin: people.set_pin,
    acts.HandOver: people.hand_over,
    acts.StandIn: people.stand_in,
    acts.Dismiss: people.dismiss,
    acts.MarkOpened: review.mark_opened,
    acts.AddComment: review.add_comment,
    acts.ChangeComment: review.change_comment,
    acts.DropComment: review.drop_comment,
    acts.KeepPhrase: review.keep_phrase,
    acts.DropPhrase: review.drop_phrase,
    acts.ReturnCase: review.return_case,
    acts.PassCases: review.pass_cases,
    acts.Reopen: review.reopen,
    acts.Correct: entering.correct,
    acts.EnterCase: entering.enter,
    acts.Enclose: papers.enclose,
    acts.DropEnclosure: papers.drop_enclosure,
    acts.Extend: choosing.extend,
    acts.MakeLateKey: latekeys.make_late_key,
    acts.RevokeLateKey: latekeys.revoke_late_key,
    acts.Rank: choosing.rank,
    acts.Recommend: choosing.recommend,
    acts.NotRecommend: choosing.not_recommend,
    acts.SetQuota: choosing.set_quota,
}


class Office:
    """Carries out commands. `write` runs work on the writer's thread; `ring` says that people are to be told."""

    def __init__(
        self,
        *,
        write: Run,
        ring: Callable[[], None],
        settings: Settings,
        calls: Mapping[str, Call],
        profile: Call,
        wording: Wording,
        world: World,
        site_key: bytes,
    ) -> None:
        self._write = write
        self._ring = ring
        self._setting = Setting(
            settings=settings, calls=calls, profile=profile, wording=wording, world=world, site_key=site_key
        )

    async def act(self, actor: Actor, command: object) -> Acted | Refusal:
        """The door: what the command gave, or why it was refused. Raises TypeError for no command."""
        carry = ROOMS.get(type(command))
        if carry is None:
            raise TypeError(f"no command: {type(command).__name__}")

        def work(connection: Connection) -> Mapping[str, Any]:
            return carry(Matter(connection, actor, self._setting), command)

        try:
            result = await self._write(work)
        except Refused as refused:
            return refused.refusal
        self._ring()
        return Acted(result=result)
