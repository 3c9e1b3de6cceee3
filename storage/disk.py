"""Kept files as they lie on disk: each under its SHA-256, with the copy for paper and screen beside it."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.filerows import Kept

CHUNK = 256 * 1024


class Disk:
    """The files of one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def store(self, data: bytes, *, kind: str, mime: str, name: str, width: int = 0, height: int = 0) -> Kept:
        """Writes bytes to their place, if they are not there; the caller notes the row. Raises OSError."""
        digest = hashlib.sha256(data).hexdigest()
        if size_of(self.path(digest)) != len(data):
            write_whole(self.path(digest), data)
        return Kept(hash=digest, kind=kind, mime=mime, name=name, size=len(data), width=width, height=height)

    @contextmanager
    def aside(self) -> Iterator[Path]:
        """A path for a file in the making, on the same disk; what is left there afterwards is removed."""
        folder = self.folder / "uploads"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"made-{os.getpid()}-{os.urandom(6).hex()}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def adopt(self, path: Path, *, kind: str, mime: str, name: str) -> Kept:
        """Moves a finished file to its place; the caller notes the row. Raises OSError."""
        with path.open("rb") as file:
            digest, size = hashlib.file_digest(file, "sha256").hexdigest(), size_of(path)
            os.fsync(file.fileno())
        path.chmod(0o600)
        _put_in_place(path, self.path(digest))
        return Kept(hash=digest, kind=kind, mime=mime, name=name, size=size)

    def path(self, file: str) -> Path:
        """Where a file lies, by its hash."""
        return self.folder / "files" / file[:2] / file[2:4] / file

    def prepared_path(self, file: str) -> Path:
        """Where the copy for paper and screen lies once it is made."""
        return self.path(file).with_suffix(".jpg")

    def prepared(self, file: str) -> bytes:
        """The copy for paper and screen, made on first use. Raises FileRefused, FileNotFoundError."""
        copy = self.prepared_path(file)
        if not copy.exists():
            from bot.paper import pictures

            write_whole(copy, pictures.prepare(self.path(file)))
        return copy.read_bytes()

    async def get(self, file: str) -> AsyncIterator[bytes]:
        """The bytes of a kept file, in pieces. Raises FileNotFoundError."""
        path, offset = self.path(file), 0
        while piece := await asyncio.to_thread(_piece, path, offset):
            yield piece
            offset += len(piece)


def size_of(path: Path) -> int:
    """How many bytes a file has; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _piece(path: Path, offset: int) -> bytes:
    """Opened and closed within one call: whoever asked may be gone before the answer is there."""
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(CHUNK)


def write_whole(path: Path, data: bytes) -> None:
    """All of it or nothing: written aside, synced, renamed, and the folder synced."""
    _make_folders(path)
    aside = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _put_in_place(aside, path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def _make_folders(path: Path) -> None:
    for folder in (path.parents[2], path.parents[1], path.parents[0]):
        folder.mkdir(mode=0o700, exist_ok=True)


def _put_in_place(aside: Path, path: Path) -> None:
    _make_folders(path)
    aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
