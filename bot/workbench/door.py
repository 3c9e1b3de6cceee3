"""The door `Doors.console`: each view read in one piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from sqlalchemy import Connection

from bot.doors import FileInfo, Scope, Viewer, Visitor
from bot.errors import FileRefused, StoreError
from bot.folder import rehearsal
from bot.look import Looking
from bot.workbench.base import covers
from bot.workbench.views import Asked
from bot.world import World
from storage import console, workbench
from storage.files import FileStore
from storage.readers import Readers

Views = Callable[[Asked], Awaitable[Any]]
LOOK_EVERY = 2.0  # seconds between two looks whether anything has happened


class Workbench:
    """Reads for coordinators and administrators; see `bot.doors.ConsoleLook`."""

    def __init__(self, *, readers: Readers, views: Views, look: Looking, files: FileStore, world: World) -> None:
        self._readers = readers
        self._views = views
        self._now = world.now
        self._look = look
        self._files = files
        self._seen = -1  # the last link of the books' chain that was looked at
        self._bells: dict[asyncio.Event, tuple[str, ...]] = {}
        self._watch: asyncio.Task[None] | None = None

    async def _see(self, viewer: Viewer, view: str, *args: Any, edition: int = 0) -> Any:
        return await self._views(Asked(view=view, viewer=viewer, now=self._now(), edition=edition, args=args))

    async def overview(self, viewer: Viewer, edition: int) -> Mapping[str, Any]:
        """Queues, squares, dates, places."""
        told: Mapping[str, Any] = await self._see(viewer, "overview", edition=edition)
        return told

    async def listing(self, viewer: Viewer, edition: int, wanted: Mapping[str, str]) -> Mapping[str, Any]:
        """A page of a queue. Raises ValueError for what there is not."""
        told: Mapping[str, Any] = await self._see(viewer, "listing", dict(wanted), edition=edition)
        return told

    async def case(self, viewer: Viewer, case: int, n: int) -> Mapping[str, Any] | None:
        """A case in the reader."""
        told: Mapping[str, Any] | None = await self._see(viewer, "case", case, n)
        return told

    async def compare(self, viewer: Viewer, case: int, old: int, new: int) -> Mapping[str, Any] | None:
        """Two submissions side by side."""
        told: Mapping[str, Any] | None = await self._see(viewer, "compare", case, old, new)
        return told

    async def history(self, viewer: Viewer, case: int) -> Mapping[str, Any] | None:
        """What happened to a case."""
        told: Mapping[str, Any] | None = await self._see(viewer, "history", case)
        return told

    async def books(self, viewer: Viewer, before: int) -> Mapping[str, Any]:
        """What was done in the viewer's units."""
        told: Mapping[str, Any] = await self._see(viewer, "books", before)
        return told

    async def people(self, viewer: Viewer, edition: int) -> Mapping[str, Any]:
        """Links, posts, dates, places."""
        told: Mapping[str, Any] = await self._see(viewer, "people", edition=edition)
        return told

    async def nudges(self, viewer: Viewer, edition: int, base: str) -> Mapping[str, Any]:
        """Texts to be copied."""
        told: Mapping[str, Any] = await self._see(viewer, "nudges", base, edition=edition)
        return told

    async def calendar(self, viewer: Viewer, edition: int) -> bytes | None:
        """The dates as a calendar file."""
        told: bytes | None = await self._see(viewer, "calendar", edition=edition)
        return told

    async def curve(self, viewer: Viewer, edition: int) -> Mapping[str, str] | None:
        """Pictures as SVG texts: "drawn" of how it goes, "rehearsed" of its call's last rehearsal, "" without one."""
        told: Mapping[str, str] | None = await self._see(viewer, "curve", edition=edition)
        if told is None:
            return None
        found = await asyncio.to_thread(rehearsal, self._files.folder, told["call"])
        return {"drawn": told["drawn"], "rehearsed": found}

    async def edition(self, visitor: Visitor, edition: int) -> tuple[int, str]:
        """The edition that is shown where this one is asked for, 0 for none, and the level the viewer holds there."""
        told: tuple[int, str] = await self._see(visitor, "edition", edition=edition)
        return told

    async def file(self, visitor: Visitor, case: int, hash: str, *, prepared: bool = False) -> FileInfo | None:
        """A file of a case in scope."""

        def find(connection: Connection) -> Any:
            return (
                workbench.file_of(connection, case, hash) if workbench.case(connection, visitor.scope, case) else None
            )

        row = await self._readers.run(find)
        path = self._files.path(hash) if row is not None else None
        if row is None or path is None or not path.is_file():
            return None
        if prepared and row.kind == "picture":
            with suppress(OSError, FileRefused):
                size = len(await asyncio.to_thread(self._files.prepared, hash))
                small = str(self._files.prepared_path(hash))
                return FileInfo(path=small, mime="image/jpeg", name=row.name, size=size)
        return FileInfo(path=str(path), mime=row.mime, name=row.name, size=row.size)

    async def word(self, visitor: Visitor, case: int, n: int) -> tuple[str, bytes] | None:
        """The Word file of a submission with its name; n = 0: the last one. Raises PaperError."""
        head = await self._readers.run(lambda c: workbench.case(c, visitor.scope, case))
        printing = await self._look.printing(visitor.scope, head.draft, n or head.n) if head is not None else None
        if printing is None:
            return None
        return printing.paper.name, await self._look.word(printing)

    # ------------------------------------------------------------ what happens meanwhile

    async def changes(self, scope: Scope) -> AsyncIterator[int]:
        """A number, at once and whenever something was noted of a unit in scope; one look every two seconds for all."""
        bell = asyncio.Event()
        self._bells[bell] = scope.units
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look_on())
        try:
            with self._look.ending(bell):
                # Read anew: what was noted since the page was drawn is no longer waited for.
                if not self._look.ended:
                    yield (await self._readers.run(partial(console.happened, after=-1)))[0]
                while not self._look.ended:
                    await bell.wait()
                    bell.clear()
                    if not self._look.ended:
                        yield self._seen
        finally:
            self._bells.pop(bell, None)

    async def _look_on(self) -> None:
        self._seen = -1
        while self._bells:
            with suppress(StoreError):
                after = self._seen
                self._seen, units = await self._readers.run(partial(console.happened, after=after))
                if after >= 0 and (units is None or units):
                    for bell, own in tuple(self._bells.items()):
                        if units is None or any(covers(path, unit) for path in own for unit in units):
                            bell.set()
            await asyncio.sleep(LOOK_EVERY)

    async def close(self) -> None:
        """Stops looking."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
