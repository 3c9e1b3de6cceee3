"""The office in a story: what its coordinator 周敏 does with the person's case, a line each.

* 打开                                  reads it
* 意见 主要做法 | 旧的话 | 请改 | 新的话     a comment: section, sentence, text, proposal (either may be left out)
* 退回 2026-06-10 [退回重审] [一句原因]     sends it back with the comments
* 直接改 旧的话 | 新的话                    puts a slip right
* 通过, * 推荐, * 不推荐 原因, * 重看
* 补交码 2026-12-18 [2]                  gives the village a late key for so many; {补交码} is what a person then types
* 听到                                  time passes until 周敏 is told what came, and what that is
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from bot.acts import (
    AddComment,
    Correct,
    MakeInvite,
    MakeLateKey,
    MarkOpened,
    NameMyself,
    NotRecommend,
    PassCases,
    Place,
    Recommend,
    Reopen,
    ReturnCase,
)
from bot.app import House
from bot.channel import Address, Update
from bot.doors import Acted, Actor
from bot.engine.content import Content
from bot.engine.messages import Knock
from storage import review, tables

VILLAGE = "云溪县/石桥镇/槐树村"


@dataclass
class StoryOffice:
    """The county's coordinator, who comes by a link of their own when first needed."""

    house: House
    actor: Actor | None = None
    told: int = 0
    unit: str = ""
    key: str = ""

    async def do(self, line: str) -> None:
        """One line of a story."""
        verb, _, rest = line.partition(" ")
        if verb == "补交码":
            day, _, uses = rest.partition(" ")
            until = date.fromisoformat(day)
            edition = await self.house.readers.run(lambda c: c.execute(select(tables.editions.c.id)).scalar_one())
            made = await self._act(MakeLateKey(edition=edition, unit=VILLAGE, until=until, uses=int(uses or 1)))
            self.key = str(made.result["code"])
            return
        case, n, content = await self._case()
        await self._act(await self._command(verb, rest, case, n, content))

    async def heard(self) -> list[str]:
        """What 周敏 has been told since the last time."""
        if self.actor is None:
            self.actor = await self._come()
        while await self.house.wakes.ring_due():
            pass
        own = tables.conversations.c.person == self.actor.person
        wanted = (
            select(tables.messages.c.seq, tables.messages.c.body)
            .join(tables.conversations, tables.conversations.c.id == tables.messages.c.conversation)
            .where(own, tables.messages.c.author == "bot", tables.messages.c.seq > self.told)
            .order_by(tables.messages.c.seq)
        )
        rows = (await self.house.readers.run(lambda c: c.execute(wanted))).all()
        self.told = max([self.told, *(row.seq for row in rows)])
        return [str(row.body["text"]) for row in rows]

    async def _command(self, verb: str, rest: str, case: int, n: int, content: Content) -> object:
        if verb == "打开":
            return MarkOpened(case=case)
        if verb == "意见":
            heading, quote, text, change = ([part.strip() for part in rest.split("|")] + ["", "", ""])[:4]
            return AddComment(case=case, n=n, text=text, place=_place(content, heading, quote), change=change or None)
        if verb == "退回":
            day, *more = rest.split()
            route = "again" if "退回重审" in more else "direct"
            reason = " ".join(part for part in more if part != "退回重审")
            return ReturnCase(case=case, n=n, until=date.fromisoformat(day), route=route, reason=reason)
        if verb == "直接改":
            old, new = (part.strip() for part in rest.split("|"))
            place = _place(content, "", old)
            return Correct(case=case, n=n, block=place.block, start=place.start, quote=old, to=new)
        return {
            "通过": PassCases(cases=((case, n),)),
            "推荐": Recommend(case=case, n=n),
            "不推荐": NotRecommend(case=case, n=n, reason=rest),
            "重看": Reopen(case=case, n=n),
        }[verb]

    async def _case(self) -> tuple[int, int, Content]:
        wanted = select(tables.cases.c.id, tables.cases.c.n).order_by(tables.cases.c.submitted_at.desc())
        row = await self.house.readers.run(lambda c: c.execute(wanted).first())
        assert row is not None, "nothing was handed in"
        content = await self.house.readers.run(lambda c: review.content(c, row.id, row.n))
        assert content is not None
        return row.id, row.n, content

    async def _act(self, command: object) -> Acted:
        if self.actor is None:
            self.actor = await self._come()
        done = await self.house.doors.act(self.actor, command)
        assert isinstance(done, Acted), done
        while await self.house.wakes.ring_due():
            pass
        return done

    async def _come(self) -> Actor:
        made = await self.house.act(MakeInvite(unit=self.unit, role="coordinator"))
        assert isinstance(made, Acted)
        address, now = Address(channel="page", external="the office"), self.house.world.now()
        knock = Knock(at=now, ref="the office", link=made.result["link"])
        await self.house.take([Update(address=address, ref="the office", incoming=knock, digest="")])
        visitor = await self.house.look.visitor(address)
        assert visitor is not None
        actor = Actor(person=visitor.person)
        assert isinstance(await self.house.doors.act(actor, NameMyself(name="周敏")), Acted)
        return actor


def _place(content: Content, heading: str, quote: str) -> Place:
    sections = [s for s in content.sections if not heading or s.heading == heading]
    assert sections, f"no section {heading}"
    if not quote:
        return Place(section=sections[0].id)
    blocks = [b for s in sections for b in s.blocks if quote in b.text]
    assert blocks, f"nothing says {quote}"
    return Place(block=blocks[0].id, start=blocks[0].text.index(quote), quote=quote)
