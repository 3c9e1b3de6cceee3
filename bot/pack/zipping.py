"""A zip that is sent while it grows, the same bytes for the same files.

Entries have their sizes and sums in front, as in a zip made on a disk: some programs on phones refuse those that are
told afterwards. So one entry is held in memory at a time, which is at most one file of a case.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from io import SEEK_CUR, SEEK_SET, BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

PIECE = 512 * 1024
_EARLIEST, _LATEST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)  # what a zip can say
_IMAGES = (".jpg", ".jpeg", ".png")


class _Window:
    """A file of which only the end is kept: what stands before it has been taken away."""

    def __init__(self) -> None:
        self._start = 0
        self._kept = BytesIO()

    def write(self, data: bytes) -> int:
        return self._kept.write(data)

    def tell(self) -> int:
        return self._start + self._kept.tell()

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        if whence == SEEK_SET:
            offset -= self._start
        elif whence == SEEK_CUR:
            offset += self._kept.tell()
        else:
            offset += len(self._kept.getbuffer())
        self._kept.seek(offset)
        return self.tell()

    def flush(self) -> None:
        """Nothing is between here and the reader."""

    def close(self) -> None:
        """What is there can still be taken."""

    def take(self) -> Iterator[bytes]:
        """What is there, in pieces, and kept no more."""
        kept, self._kept = self._kept, BytesIO()
        self._start += len(kept.getbuffer())
        kept.seek(0)
        while piece := kept.read(PIECE):
            yield piece


class Zip:
    """A zip in the making. After each file `take` gives what can be sent; after `close` the rest."""

    def __init__(self) -> None:
        self._window = _Window()
        self._zip = ZipFile(self._window, "w")

    def add(self, name: str, data: bytes, at: datetime, *, deflated: bool = False) -> None:
        """A file of these bytes; `at` in the time of the place."""
        self._zip.writestr(_info(name, at, ZIP_DEFLATED if deflated else ZIP_STORED), data)

    def add_file(self, name: str, path: Path, at: datetime) -> None:
        """A file from the disk, as it is. Raises OSError, before anything is written, where it is not there."""
        with path.open("rb") as file:
            info = _info(name, at, ZIP_STORED)
            info.file_size = path.stat().st_size
            with self._zip.open(info, "w") as entry:
                shutil.copyfileobj(file, entry, PIECE)

    def take(self) -> Iterator[bytes]:
        """What has been written since the last time."""
        return self._window.take()

    def close(self) -> None:
        """Writes the list of all files."""
        self._zip.close()


def settled(data: bytes, at: datetime) -> bytes:
    """An Office file with one time for all its parts instead of the clock's; pictures in it are not packed twice."""
    out = BytesIO()
    with ZipFile(BytesIO(data)) as made, ZipFile(out, "w") as kept:
        for part in made.infolist():
            how = ZIP_STORED if part.filename.endswith(_IMAGES) else ZIP_DEFLATED
            kept.writestr(_info(part.filename, at, how), made.read(part))
    return out.getvalue()


def _info(name: str, at: datetime, how: int) -> ZipInfo:
    time = (at.year, at.month, at.day, at.hour, at.minute, at.second)
    info = ZipInfo(name, min(max(time, _EARLIEST), _LATEST))
    info.create_system = 3  # whose rights are meant; without it the machine that packs would show
    info.external_attr = 0o644 << 16
    info.compress_type = how
    return info
