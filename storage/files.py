"""The `Files` door: bytes on disk, named by their SHA-256, taken in chunks that may be repeated.

An upload's bytes grow in one file of its own; what is acknowledged has been synced. The finished file is
looked at (`bot.paper`, imported on first use, in a thread), stripped of the camera's data, and moved to its
place under its hash. The copy for paper and screen lies beside the original and can always be made again.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, TypeVar, cast
from weakref import WeakValueDictionary

from sqlalchemy import Connection

from bot.engine.messages import SentFile
from bot.errors import FileRefused, StoreError
from bot.world import World
from storage import filerows
from storage.disk import CHUNK, Disk, size_of, write_whole
from storage.filerows import Kept, Upload
from storage.readers import Run

MB = 1024 * 1024
_UPLOADS_KEPT = timedelta(days=14)
_UNNAMED_KEPT = timedelta(days=1)
_OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
T = TypeVar("T")


class FileStore(Disk):
    """Files of one data folder. `read` and `write` run work on the database."""

    def __init__(
        self, folder: Path, *, read: Run, write: Run, world: World, file_mb: int = 20, draft_mb: int = 200
    ) -> None:
        super().__init__(folder)
        self._read = read
        self._write = write
        self._world = world
        self._file_mb = file_mb
        self._draft_mb = draft_mb
        self._locks: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()

    # ------------------------------------------------------------ coming in

    async def begin(self, owner: int, upload: str, name: str, size: int) -> int:
        """Announces an upload of a person, or finds it again; returns how many bytes are there.

        Raises FileRefused: `file.empty`, `file.too_big`, `file.draft_full`, `file.changed`, `file.no_space`.
        """
        if size < 1:
            raise FileRefused("file.empty")
        if size > self._file_mb * MB:
            raise FileRefused("file.too_big", {"size": -(-size // MB), "limit": self._file_mb})
        known = await self._read(lambda c: filerows.upload(c, owner, upload))
        if known is None:
            await self._announce(owner, upload, name, size)
            return 0
        if (known.name, known.size) != (name, size):
            raise FileRefused("file.changed")
        return known.size if known.file else size_of(self._part(owner, upload))

    async def _announce(self, owner: int, upload: str, name: str, size: int) -> None:
        if await self._read(lambda c: filerows.held_by(c, owner)) + size > self._draft_mb * MB:
            raise FileRefused("file.draft_full", {"limit": self._draft_mb})
        now = self._world.now()
        await self._note(lambda c: filerows.add_upload(c, owner, upload, name, size, now))

    async def put(self, owner: int, upload: str, offset: int, data: bytes) -> int:
        """Appends a chunk; returns the offset to go on from. A repeated chunk, and one beyond what is there,
        change nothing. Raises FileRefused: `file.gone`, `file.chunk`, `file.incomplete`, `file.no_space`.
        """
        if len(data) > CHUNK or offset < 0:
            raise FileRefused("file.chunk")
        async with self._lock(owner, upload):
            known = await self._known(owner, upload)
            if known.file:
                return known.size
            if offset + len(data) > known.size:
                raise FileRefused("file.incomplete")
            return await _in_thread(_append, self._part(owner, upload), offset, data)

    async def finish(self, owner: int, upload: str) -> SentFile:
        """Looks at the complete file and keeps it; may be repeated. Raises FileRefused."""
        async with self._lock(owner, upload):
            known = await self._known(owner, upload)
            if not known.file:
                kept = await _in_thread(self._take_in, self._part(owner, upload), known)
                now = self._world.now()
                await self._note(lambda c: filerows.finish_upload(c, owner, upload, kept, now))
                self._part(owner, upload).unlink(missing_ok=True)
                return _sent(kept, known.name)
        kept_before = await self._read(lambda c: filerows.find(c, known.file))
        if kept_before is None:
            raise FileRefused("file.gone")
        return _sent(kept_before, known.name)

    async def _note(self, work: Callable[[Connection], None]) -> None:
        """Writes a row; a database that cannot take it now is told like a full disk."""
        try:
            await self._write(work)
        except StoreError as error:
            raise FileRefused("file.no_space") from error

    def _lock(self, owner: int, upload: str) -> asyncio.Lock:
        """One at a time for each upload; a lock lives as long as somebody holds it."""
        return self._locks.setdefault((owner, upload), asyncio.Lock())

    async def _known(self, owner: int, upload: str) -> Upload:
        known = await self._read(lambda c: filerows.upload(c, owner, upload))
        if known is None:
            raise FileRefused("file.gone")
        return known

    def _take_in(self, part: Path, announced: Upload) -> Kept:
        if size_of(part) != announced.size:
            raise FileRefused("file.incomplete")
        from bot.paper import material, pictures

        with part.open("rb") as file:
            head = file.read(64)
        if not material.type_of(head).startswith("image/"):
            mime = pictures.sniff(part, announced.name)
            kind = "voice" if mime.startswith("audio/") else "file"
            return self.store(part.read_bytes(), kind=kind, mime=mime, name=announced.name)
        seen = pictures.look(part)
        data, mime = pictures.keep(part)
        copy = pictures.prepare(part)  # at once: a picture that breaks off in its middle is refused now, not on paper
        name = _named_for(mime, announced.name, material.ENDINGS[mime])
        kept = self.store(data, kind="picture", mime=mime, name=name, width=seen.width, height=seen.height)
        if not self.prepared_path(kept.hash).exists():
            write_whole(self.prepared_path(kept.hash), copy)
        return kept

    # ------------------------------------------------------------ going

    async def sweep(self, now: datetime) -> int:
        """Removes uploads left unfinished and files that nothing names any more; returns how many files."""
        stale = await self._write(lambda c: filerows.forget_uploads(c, now - _UPLOADS_KEPT))
        for owner, upload in stale:
            self._part(owner, upload).unlink(missing_ok=True)

        def take(connection: Connection) -> list[str]:
            gone = filerows.unnamed(connection, now - _UNNAMED_KEPT)
            filerows.forget(connection, gone)
            return gone

        gone = await self._write(take)
        for file in gone:  # after the commit: a crash here leaves bytes, never a row without them
            self.path(file).unlink(missing_ok=True)
            self.prepared_path(file).unlink(missing_ok=True)
        return len(gone)

    def _part(self, owner: int, upload: str) -> Path:
        return self.folder / "uploads" / f"{owner}-{hashlib.sha256(upload.encode()).hexdigest()[:32]}"


async def _in_thread(work: Callable[..., T], *args: object) -> T:
    """Disk work in a thread; a full or read-only disk becomes the sentence for it."""
    try:
        return await asyncio.to_thread(work, *args)
    except OSError as error:
        if error.errno in _OUT_OF_SPACE:
            raise FileRefused("file.no_space") from error
        raise


def _append(part: Path, offset: int, data: bytes) -> int:
    there = size_of(part)
    if offset != there or not data:
        return there
    part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        written = 0
        while written < len(data):
            written += os.write(handle, data[written:])
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, offset)  # half a chunk would shift everything after it
        raise
    finally:
        os.close(handle)
    return offset + len(data)


def _named_for(mime: str, name: str, endings: tuple[str, ...]) -> str:
    """The name with an ending that tells what the bytes are."""
    stem, dot, ending = name.rpartition(".")
    if dot and ending.lower() in endings:
        return name
    return f"{stem if dot and stem else name}.{endings[0]}"


def _sent(kept: Kept, name: str) -> SentFile:
    kind = cast(Literal["picture", "file", "voice"], kept.kind)
    shown = name if kind != "picture" else kept.name
    return SentFile(
        kind=kind,
        file=kept.hash,
        name=shown,
        mime=kept.mime,
        size=kept.size,
        width=kept.width,
        height=kept.height,
    )
