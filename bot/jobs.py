"""Slow work that turns want: claimed from the table, done in threads, two at a time, and told as `Done`.

A job is finished when its `Done` has been taken, so a crash in between does it again, and the same ref makes
the second telling a repeat. What cannot be done after three tries is told with an empty result; a database that is
away is no try: what needs it waits until it is back.

Files are fetched from messengers beside that, since a slow net must not hold up documents; what cannot be fetched at
once is said to be late, let go, and tried again for an hour.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeVar

import structlog
from tenacity import AsyncRetrying, stop_after_attempt, wait_exponential

from bot.batch import HOUSE
from bot.channel import Address, Take, Update
from bot.doors import Scope
from bot.engine.arriving import FETCH
from bot.engine.messages import Done
from bot.engine.news import DESK, DIGEST
from bot.errors import FileRefused, StoreBusy, StoreError
from bot.fetching import LATER, Fetch, Fetching
from bot.look import Looking
from bot.papers import DOCX, package
from bot.wording import Wording
from bot.world import World
from storage import filerows, jobs, views
from storage.files import FileStore
from storage.jobs import Job
from storage.readers import Readers, Run

AT_ONCE = 2
FETCHED_AT_ONCE = 4
TRIES = 3
LEASE = timedelta(minutes=5)
_LONGEST_PAUSE = 30.0  # seconds between two looks whether the database is back
_LOOK_EVERY = 2.0  # seconds; another process may have asked
_T = TypeVar("_T")
_log = structlog.get_logger("jobs")


class Workers:
    """Does jobs until cancelled. `ring` says that there may be new ones.

    `fetchers`: of the messengers that this process has at hand, by their names; others' files are left to others.
    `max_file`: the largest file that is fetched, in MB.
    """

    def __init__(
        self,
        *,
        take: Take,
        write: Run,
        readers: Readers,
        look: Looking,
        files: FileStore,
        wording: Wording,
        world: World,
        fetchers: Mapping[str, Fetch] = MappingProxyType({}),
        max_file: int = 20,
    ) -> None:
        self._take = take
        self._write = write
        self._readers = readers
        self._look = look
        self._files = files
        self._wording = wording
        self._world = world
        self._fetching = Fetching(files=files, readers=readers, wording=wording, file_mb=max_file)
        self.fetchers = self._fetching.fetchers
        self.fetchers.update(fetchers)
        self._bell = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._under_way: set[asyncio.Task[None]] = set()

    def ring(self) -> None:
        """Looks for jobs now."""
        self._bell.set()

    async def run(self) -> None:
        """Claims and does jobs for ever; what is running when it is cancelled is finished by a later claim."""
        try:
            while True:
                self._bell.clear()
                with suppress(StoreError):
                    await self._start_some()
                # not wait_for: on 3.11 it loses a cancellation that comes together with the bell
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY):
                        await self._bell.wait()
        finally:
            everything = self._running | self._under_way
            for task in everything:
                task.cancel()
            await asyncio.gather(*everything, return_exceptions=True)

    async def drain(self) -> None:
        """Does what is wanted now, and what comes of it, and returns when nothing is left."""
        while True:
            await self._start_some()
            everything = self._running | self._under_way
            if not everything:
                return
            await asyncio.gather(*everything)

    async def _start_some(self) -> None:
        await self._start(self._running, AT_ONCE, ("",))
        if self.fetchers:
            await self._start(self._under_way, FETCHED_AT_ONCE, tuple(self.fetchers))

    async def _start(self, running: set[asyncio.Task[None]], at_once: int, channels: tuple[str, ...]) -> None:
        room, now = at_once - len(running), self._world.now()
        if room < 1 or not await self._readers.run(lambda c: jobs.any_free(c, now, channels)):
            return
        for job in await self._write(lambda c: jobs.claim_jobs(c, now, now + LEASE, room, channels)):
            task = asyncio.create_task(self._do(job))
            running.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("job broke off", kind=type(error).__name__)  # its claim lapses, and it is tried again
        self.ring()

    async def _do(self, job: Job) -> None:
        result: Mapping[str, Any] | None = {}
        try:
            result = await self._tried(job) if job.kind != FETCH else await self._fetched(job)
        except Exception as error:
            _log.error("job failed", job=job.id, kind=job.kind, error=type(error).__name__)
        if result is None:
            return
        await self._tell(job, f"job:{job.id}", result)
        state = "done" if result else "failed"
        await _patiently(lambda: self._write(lambda c: jobs.finish_job(c, job.id, state, result)))

    async def _tell(self, job: Job, ref: str, result: Mapping[str, Any]) -> None:
        """Says what came of a job, unless it has been erased meanwhile with all that was the person's."""
        if not await _patiently(lambda: self._readers.run(lambda c: jobs.is_there(c, job.id))):
            return
        told = Done(at=self._world.now(), ref=ref, job=job.kind, args=job.args, result=result)
        address = Address(channel=HOUSE, external=str(job.conversation))
        update = Update(address=address, ref=ref, incoming=told, digest=str(job.id))
        await _patiently(lambda: self._take([update]))

    async def _fetched(self, job: Job) -> Mapping[str, Any] | None:
        """What could be fetched; None while some of it is late: the job has been let go then."""
        person = await _patiently(lambda: self._readers.run(lambda c: views.owner(c, job.conversation)))
        brought = await _patiently(lambda: self._fetching.bring(job, person))
        if not brought.late or job.tries > len(LATER):
            return brought.result()
        await self._tell(job, f"job:{job.id}:late", {"late": True, "missing": sorted(brought.late)})
        until = self._world.now() + timedelta(seconds=max(LATER[job.tries - 1], brought.after))
        await _patiently(lambda: self._write(lambda c: jobs.put_off(c, job.id, until)))
        return None

    async def _tried(self, job: Job) -> Mapping[str, Any]:
        """The result, after up to three tries; what is refused is refused at once."""
        kinds = {"picture": self._picture, "paper": self._paper, "export": self._export, DESK: self._desk}
        async for attempt in AsyncRetrying(
            reraise=True, wait=wait_exponential(multiplier=0.2, max=2), stop=stop_after_attempt(TRIES)
        ):
            with attempt:
                return await _patiently(lambda: kinds[job.kind](job))
        return {}

    # ------------------------------------------------------------ the kinds

    async def _picture(self, job: Job) -> Mapping[str, Any]:
        try:
            await asyncio.to_thread(self._files.prepared, str(job.args["file"]))
        except FileRefused:
            return {"ok": False}
        return {"ok": True}

    async def _paper(self, job: Job) -> Mapping[str, Any]:
        person = await self._readers.run(lambda c: views.owner(c, job.conversation))
        draft, n = int(job.args["draft"]), int(job.args.get("submission", 0))
        printing = await self._look.printing(Scope(person=person), draft, n)
        if printing is None:
            return {}
        data = await self._look.word(printing)
        kept = await asyncio.to_thread(
            lambda: self._files.store(data, kind="document", mime=DOCX, name=printing.paper.name)
        )
        return await self._hand_over(person, kept, draft=draft, n=n)

    async def _desk(self, job: Job) -> Mapping[str, Any]:
        person = await self._readers.run(lambda c: views.owner(c, job.conversation))
        if DIGEST in job.args:
            return await self._look.digest(person, [int(edition) for edition in job.args[DIGEST]])
        return await self._look.desk(person)

    async def _export(self, job: Job) -> Mapping[str, Any]:
        person = await self._readers.run(lambda c: views.owner(c, job.conversation))
        everything = await self._look.everything(Scope(person=person))
        if everything is None:
            return {}
        sentences = self._wording.sentences

        def pack() -> filerows.Kept:
            with self._files.aside() as path:
                package(everything, self._files, path, sentences)
                return self._files.adopt(
                    path, kind="document", mime="application/zip", name=sentences["export.package"]
                )

        return await self._hand_over(person, await asyncio.to_thread(pack), draft=0, n=0)

    async def _hand_over(self, person: int, kept: filerows.Kept, *, draft: int, n: int) -> Mapping[str, Any]:
        now = self._world.now()
        await self._write(lambda c: filerows.add_document(c, person, kept, draft=draft, n=n, name=kept.name, at=now))
        return {"file": kept.hash, "name": kept.name, "size": kept.size}


async def _patiently(work: Callable[[], Awaitable[_T]]) -> _T:
    """What the work gives, begun anew after ever longer pauses for as long as the database is away."""
    pause = 0.5
    while True:
        try:
            return await work()
        except StoreBusy:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
