"""The `Look` door: the read side as handlers see it, on reading connections, never on the writer's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.aside.errands import Errand
from bot.batch import Batch, Setting, Standing, view_of
from bot.call_schema import PATTERN_NAMES
from bot.channel import Address, Taken
from bot.doors import FileInfo, InviteFace, Pack, Paper, Scope, Screen, Shown, Visitor
from bot.engine.board import board
from bot.engine.content import Content
from bot.engine.definition import offered
from bot.engine.joining import Facts, Refuse, decide
from bot.engine.messages import Incoming, Knock
from bot.engine.model import PROFILE, Conversation, NotLoaded, Person, View
from bot.engine.printing import content_of
from bot.engine.suggesting import findings_of
from bot.engine.work import Work
from bot.errors import FileRefused, StoreError
from bot.paper.names import file_name
from bot.paper.words import load_words
from bot.papers import Everything, Print, Printing
from bot.wording import Wording
from bot.workbench.views import Asked
from storage import editions, invites, views
from storage.files import FileStore
from storage.readers import Readers

if TYPE_CHECKING:
    from bot.pack.packing import Made

POLL = 2.0  # seconds between looks where another process may have written
T = TypeVar("T")


def program_version() -> str:
    """The installed version; "0" when run from a bare source tree."""
    try:
        return version("anlitong")
    except PackageNotFoundError:
        return "0"


class Looking:
    """Reads for somebody. `listen` gives a bell that rings when a conversation has new messages;
    `aside` does what takes long."""

    def __init__(
        self,
        *,
        readers: Readers,
        setting: Setting,
        wording: Wording,
        files: FileStore,
        listen: Callable[[int], AbstractContextManager[asyncio.Event]],
        health: Callable[[], Mapping[str, Any]],
        aside: Callable[[Errand], Awaitable[Any]],
    ) -> None:
        self._readers = readers
        self._setting = setting
        self._wording = wording
        self._files = files
        self._listen = listen
        self._health = health
        self._aside = aside
        self._bells: set[asyncio.Event] = set()
        self._ended = False

    async def visitor(self, address: Address) -> Visitor | None:
        """Who an address belongs to."""
        now = self._setting.world.now()
        return await self._readers.run(lambda c: views.visitor(c, address, now))

    async def events(self, scope: Scope, conversation: int, after: int, limit: int = 200) -> list[Shown]:
        """Messages with seq > after, oldest first; with after < 0 the last `limit` ones."""
        return await self._readers.run(lambda c: views.events(c, scope, conversation, after, limit))

    # ------------------------------------------------------------ waiting

    async def wait(self, conversation: int, after: int, seconds: float) -> None:
        """Returns when the conversation has a message after `after`, or when the time is over.

        Another process rings no bell here, so there is a look every two seconds as well.
        """
        world = self._setting.world
        end = world.monotonic() + seconds
        with self._listen(conversation) as bell, self.ending(bell):
            while not self.ended and await self._readers.run(lambda c: views.seq(c, conversation)) <= after:
                left = end - world.monotonic()
                if left <= 0:
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, POLL)):
                        await bell.wait()
                bell.clear()

    def end_waits(self) -> None:
        """Lets everybody who waits go, and nobody wait again: the server is about to stop."""
        self._ended = True
        for bell in self._bells:
            bell.set()

    @property
    def ended(self) -> bool:
        """Whether the server is about to stop."""
        return self._ended

    @contextmanager
    def ending(self, bell: asyncio.Event) -> Iterator[None]:
        """Has a bell rung when the server is about to stop."""
        self._bells.add(bell)
        try:
            yield
        finally:
            self._bells.discard(bell)

    # ------------------------------------------------------------ what the engine draws

    async def board(self, scope: Scope, conversation: int, channel: str) -> Mapping[str, Any]:
        """The state beside the messages, rendered; {} when the conversation is not in scope."""
        drawn = await self._shown(scope, conversation, channel, lambda view, told, person: board(view, told))
        return {} if drawn is None else dict(self._wording.render_values(drawn))

    async def screen(self, scope: Scope, conversation: int, channel: str, after: int, limit: int = 200) -> Screen:
        """`events` and `board` of one instant."""

        def read(connection: Connection) -> Screen:
            shown = views.events(connection, scope, conversation, after, limit)
            drawn = self._seen(connection, scope, conversation, channel, lambda view, told, person: board(view, told))
            return shown, {} if drawn is None else dict(self._wording.render_values(drawn))

        return await self._readers.run(read)

    def after(self, taken: Taken, channel: str, after: int) -> Screen | None:
        """What `screen` would read right after an update, drawn from what the desk knows of it already.

        None where that is not enough: more was said since `after`, more was sent at once, or what is written
        must be looked at. Then it is to be read.
        """
        known = taken.stands
        if taken.outcome != "fresh" or not isinstance(known, Standing):
            return None
        if not known.lines or known.lines[0].seq != after + 1 or known.mind.conversation.seq != taken.seq:
            return None
        try:
            stood = (known.mind, known.editions, known.extensions)
            view = view_of(self._setting, *stood, channel, self._setting.world.now())
            drawn = board(view, known.mind.conversation)
        except NotLoaded:
            return None
        shown = [Shown(seq=line.seq, at=line.at, message=line.message, cause=line.cause) for line in known.lines]
        return shown, dict(self._wording.render_values(drawn))

    async def _shown(
        self, scope: Scope, conversation: int, channel: str, work: Callable[[View, Conversation, Person], T]
    ) -> T | None:
        """Pure work on a person's view, loaded as the desk loads it. `conversation` 0: whichever is theirs."""
        return await self._readers.run(lambda c: self._seen(c, scope, conversation, channel, work))

    def _seen(
        self,
        connection: Connection,
        scope: Scope,
        conversation: int,
        channel: str,
        work: Callable[[View, Conversation, Person], T],
    ) -> T | None:
        if conversation and not views.owns(connection, scope, conversation):
            return None
        batch = Batch(connection, self._setting)
        batch.load([])
        try:
            mind = batch.mind(scope.person)
        except KeyError:
            return None
        here = Address(channel=channel, external="")
        return batch.show(mind, here, self._setting.world.now(), lambda view, told: work(view, told, mind.person))

    async def desk(self, person: int) -> dict[str, Any]:
        """An officer's queue in numbers; see `bot.workbench.desk`."""
        now = self._setting.world.now()
        visitor = await self._readers.run(lambda c: views.overseer(c, person, now))
        told: dict[str, Any] = await self._aside(Asked(view="numbers", viewer=visitor, now=now))
        return told

    async def digest(self, person: int, editions: Sequence[int]) -> dict[str, Any]:
        """How editions stand for an officer: {"editions": [{"title", "lines"}, …]}, those alone where there is anything
        to do."""
        now = self._setting.world.now()
        visitor = await self._readers.run(lambda c: views.overseer(c, person, now))
        told = [await self._aside(Asked(view="digest", viewer=visitor, now=now, edition=id)) for id in editions]
        return {"editions": [one for one in told if one["lines"]]}

    async def paper(self, scope: Scope, draft: int, n: int = 0) -> Paper | None:
        """A draft as it stands (n = 0) or its submission n; None when it is not in scope."""
        found = await self.printing(scope, draft, n)
        return found.paper if found else None

    async def printing(self, scope: Scope, draft: int, n: int = 0) -> Printing | None:
        """The same with what its Word file needs beside it."""
        if n:
            return await self._readers.run(lambda c: self._frozen(views.submission(c, scope, draft, n)))
        if not await self._readers.run(lambda c: views.draft_owner(c, scope, draft)):
            return None
        return await self._shown(scope, 0, "page", lambda view, told, person: self._as_it_stands(view, told, draft))

    async def word(self, printing: Printing) -> bytes:
        """A paper's Word file. Raises PaperError, FileRefused or OSError for its pictures."""
        made: bytes = await self._aside(Print(printing=printing))
        return made

    def _as_it_stands(self, view: View, told: Conversation, draft: int) -> Printing | None:
        if draft not in view.drafts or view.drafts[draft].call == PROFILE:
            return None
        content, call = content_of(view, draft), view.call_of(view.drafts[draft])
        case = view.cases.get(draft)
        name = self._named(call.names.file, content, view.person.name, view.person.phone, case.number if case else "")
        advice = findings_of(Work(view, told, Incoming(at=view.now)), draft)
        return Printing(
            paper=Paper(content=content, layout=call.layout, name=name, draft=True, words=content.words()),
            lines=tuple(self._wording.text(finding.say) for finding in advice),
        )

    def _frozen(self, found: views.Submission | None) -> Printing | None:
        if found is None:
            return None
        call = self._setting.calls[found.call]
        name = self._named(call.names.file, found.content, found.name, found.phone, found.number)
        paper = Paper(content=found.content, layout=call.layout, name=name, draft=False, words=found.words)
        return Printing(paper=paper, dated=found.at.astimezone(ZoneInfo(call.zone)).date())

    async def everything(self, scope: Scope) -> Everything | None:
        """All that is kept of the scope's person, for their export."""

        def gather(view: View, told: Conversation, person: Person) -> Everything:
            fields = (person.name, "".join((person.unit or person.invited).path), person.post, person.phone)
            drafts = [d for d in view.drafts.values() if d.call != PROFILE]
            papers = [self._as_it_stands(view, told, draft.id) for draft in drafts]
            files = {a.file: a.name for draft in drafts for a in view.text_of(draft.id).attachments.values()}
            return Everything(profile=fields, papers=tuple(p for p in papers if p is not None), files=files)

        return await self._shown(scope, 0, "page", gather)

    def _named(self, pattern: str, content: Content, contact: str, phone: str, number: str) -> str:
        category = next((f.value for f in content.fields if f.id == "category"), "")
        values = (content.unit, content.title, contact, phone, category, "", number)
        return file_name(pattern, dict(zip(PATTERN_NAMES, values, strict=True)), load_words().untitled) + ".docx"

    # ------------------------------------------------------------ files, links, health

    async def file(self, scope: Scope, file: str, *, prepared: bool = False) -> FileInfo | None:
        """A file the scope may see. `prepared`: of a picture the small copy, made if need be."""
        row = await self._readers.run(lambda c: views.file(c, scope, file))
        if row is None:
            return None
        path = self._files.path(file)
        if prepared and row.kind == "picture":
            try:
                size = len(await asyncio.to_thread(self._files.prepared, file))
            except (OSError, FileRefused):
                return None
            return FileInfo(path=str(self._files.prepared_path(file)), mime="image/jpeg", name=row.name, size=size)
        if not path.is_file():
            return None
        return FileInfo(path=str(path), mime=row.mime, name=row.name, size=row.size)

    async def pack(
        self,
        scope: Scope,
        edition: int,
        *,
        level: str = "",
        state: str = "recommended",
        progress: Callable[[int, int], None] | None = None,
        made: Made | None = None,
    ) -> Pack | None:
        """An edition's cases as a zip; see `bot.pack`. `made`: Word files of a run that broke off."""
        from bot.pack.packing import Sources, Wish, make_pack

        loop = asyncio.get_running_loop()
        sources = Sources(
            readers=self._readers,
            setting=self._setting,
            wording=self._wording,
            files=self._files,
            word=lambda printing: asyncio.run_coroutine_threadsafe(self.word(printing), loop).result(),
        )
        wish = Wish(scope=scope, edition=edition, level=level, state=state)
        return await make_pack(sources, wish, progress=progress, made=made)

    async def invite(self, link: str) -> InviteFace:
        """What a link's page shows; consumes nothing."""
        return await self._readers.run(lambda c: self._face(c, link))

    def _face(self, connection: Connection, link: str) -> InviteFace:
        setting, now = self._setting, self._setting.world.now()
        found = invites.find(connection, setting.site_key, link)
        office = found.office if found else {}
        contact, phone = office.get("contact", setting.contact), office.get("phone", setting.phone)
        invite = found.invite if found else None
        decision = decide(Facts(now=now, knock=Knock(at=now, link=link, intent="new"), invite=invite))
        told = decision.reply.key if isinstance(decision, Refuse) else ""
        if invite is None or told in ("join.unknown", "join.expired", "join.used"):
            return InviteFace(trouble=told, contact=contact, phone=phone)
        current = [e.title for e in offered(editions.load(connection, setting.calls).values(), now)]
        return InviteFace(
            unit="".join(views.unit_path(connection, invite.unit)),
            title=current[0] if len(current) == 1 else "",
            contact=contact,
            phone=phone,
            open=not invite.personal,
            role=invite.role,
        )

    async def health(self) -> Mapping[str, Any]:
        """What `health` tells, and "ok": False while the database cannot be read."""
        try:
            await self._readers.run(views.alive)
        except StoreError:
            return {**self._health(), "ok": False}
        return {**self._health(), "ok": True}
