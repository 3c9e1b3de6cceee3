"""Files that lie at a messenger, brought into the store: each once, however often it is begun.

A clip is first written aside in full, so a net that breaks off leaves nothing behind; then it goes the way of every
upload, under a name that its job and its place in it make.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import structlog

from bot.engine.messages import Clip, SentFile
from bot.engine.values import evolve
from bot.errors import ChannelError, FileRefused, Refused, TryLater
from bot.wording import Wording
from storage import filerows
from storage.disk import CHUNK
from storage.files import MB, FileStore
from storage.jobs import Job
from storage.readers import Readers

Fetch = Callable[[str], AsyncIterator[bytes]]  # a file by the messenger's id; raises ChannelError

PAUSES = (0.0, 0.2, 0.6)  # seconds before each of the quick tries
# Seconds before each further try: an hour in all.
LATER = (10, 20, 40, 80, 160, *[300] * 11)
_SOON = 5.0  # seconds: a longer wait is none between quick tries
_STALLED = 30.0  # seconds without a byte
_AT_MOST = 240.0  # seconds for all clips of a job: less than its lease
_NO_ROOM = "file.no_space"  # a refusal that may be over soon
_log = structlog.get_logger("jobs")


@dataclass(slots=True)
class Brought:
    """What came of a job's clips, by their numbers from 1. `late`: still to be had; `after`: seconds to wait first."""

    files: dict[int, SentFile] = field(default_factory=dict)
    refused: dict[int, FileRefused] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    late: set[int] = field(default_factory=set)
    after: float = 0.0

    def result(self) -> Mapping[str, Any]:
        """The job's result, see `bot.engine.arriving`; {} where nothing came of it."""
        if not self.files and not self.refused:
            return {}
        return {
            "files": [asdict(self.files[n]) for n in sorted(self.files)],
            "refused": [[e.key, e.params, n] for n, e in sorted(self.refused.items())],
            "missing": sorted(self.gone | self.late),
        }


class Fetching:
    """Brings clips. `fetchers`: by their messenger's name; `file_mb`: the largest file taken, in MB."""

    def __init__(self, *, files: FileStore, readers: Readers, wording: Wording, file_mb: int) -> None:
        self.fetchers: dict[str, Fetch] = {}
        self._files = files
        self._readers = readers
        self._wording = wording
        self._most = file_mb

    async def bring(self, job: Job, person: int) -> Brought:
        """Three quick tries for whatever of the job's clips is not there yet.

        Raises StoreError, and what is a bug in a fetcher.
        """
        fetch, clips = self.fetchers[str(job.args["channel"])], [Clip(**clip) for clip in job.args["clips"]]
        brought = Brought(late=set(range(1, len(clips) + 1)))
        with suppress(TimeoutError):
            async with asyncio.timeout(_AT_MOST):
                for pause in PAUSES:
                    if brought.after > _SOON:
                        break
                    await asyncio.sleep(max(pause, brought.after))
                    brought.after = 0.0
                    await self._round(fetch, job, person, clips, brought)
                    if not brought.late:
                        break
        return brought

    async def _round(self, fetch: Fetch, job: Job, person: int, clips: list[Clip], brought: Brought) -> None:
        """One try for each clip that is still to be had; it ends where nobody answers, or is told to wait."""
        for n in sorted(brought.late):
            try:
                brought.files[n] = await self._one(fetch, clips[n - 1], person, f"job{job.id}-{n}")
            except FileRefused as refused:
                if refused.key == _NO_ROOM:
                    continue
                brought.refused[n] = refused
            except Refused:
                brought.gone.add(n)
            except TryLater as later:
                brought.after = later.after
                break
            except TimeoutError:
                break
            except (ChannelError, OSError) as trouble:
                _log.info("not fetched yet", job=job.id, clip=n, kind=type(trouble).__name__)
                continue
            brought.late.discard(n)

    async def _one(self, fetch: Fetch, clip: Clip, person: int, upload: str) -> SentFile:
        known = await self._readers.run(lambda c: filerows.upload(c, person, upload))
        if known is None or not known.file:
            self._check(clip.size)
            name = clip.name or self._wording.say(f"clip.made.{clip.kind}", n=clip.order)
            with self._files.aside() as path:
                size = await self._write_aside(fetch(clip.remote), path)
                offset = await self._files.begin(person, upload, name, size)
                while offset < size:
                    piece = await asyncio.to_thread(_piece, path, offset)
                    offset = await self._files.put(person, upload, offset, piece)
        kept = await self._files.finish(person, upload)
        return evolve(kept, source=clip.source, caption=clip.caption)

    async def _write_aside(self, pieces: AsyncIterator[bytes], path: Path) -> int:
        """All of a file to a path of its own; its size in bytes.

        Raises FileRefused where it is too big, TimeoutError where nothing more comes.
        """
        size = 0
        try:
            with path.open("wb") as file:
                while piece := await _next(pieces):
                    size += len(piece)
                    self._check(size)
                    await asyncio.to_thread(file.write, piece)
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()
        return size

    def _check(self, size: int) -> None:
        if size > self._most * MB:
            raise FileRefused("file.too_big", {"size": -(-size // MB), "limit": self._most})


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    """The next bytes that are any; None at the end. Raises TimeoutError."""
    async with asyncio.timeout(_STALLED):
        async for piece in pieces:
            if piece:
                return piece
    return None


def _piece(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(CHUNK)
