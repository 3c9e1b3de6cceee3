"""The data folder of a deployment: its lock, its key, and the schema of the database."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from bot.errors import ConfigError, StoreBusy
from bot.wording import Wording
from storage import database


def open_folder(folder: Path, wording: Wording) -> None:
    """Makes the data folder, for its owner alone. Raises ConfigError where it cannot be made or written."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch(0o600)
        probe.unlink()
    except OSError as error:
        raise ConfigError(folder_sentence(error, folder, wording)) from error


def folder_sentence(error: OSError, folder: Path, wording: Wording) -> str:
    """What to do about a folder that cannot be written."""
    import errno

    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return wording.say("cli.disk_full") if full else wording.say("cli.no_folder", folder=folder)


def lock_folder(folder: Path, wording: Wording) -> int:
    """Marks the folder as served, until the returned handle is closed. Raises StoreBusy when it is already."""
    import fcntl

    handle = os.open(folder / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise StoreBusy(wording.say("cli.taken", folder=folder)) from error
    return handle


def site_key(folder: Path) -> bytes:
    """The key that signs links and sessions; made at the first start, for its owner alone."""
    path = folder / "site.key"
    if not path.exists():
        aside = folder / f".key-{os.getpid()}-{os.urandom(4).hex()}"
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(aside, path)  # fails where another process was quicker: then its key counts
        aside.unlink()
    return path.read_bytes()


def make_current(engine: Engine, wording: Wording) -> str:
    """Makes the schema of an empty database; returns the revision. An older schema is not touched.

    Raises ConfigError with what to do, or NewerDatabase.
    """
    try:
        if not database.check(engine):
            if database.schema(engine):
                raise ConfigError(wording.say("cli.old"))
            database.upgrade(engine)
        return database.schema(engine)
    except DBAPIError as error:
        raise ConfigError(wording.say("cli.outage", reason=type(error.orig).__name__)) from error


def keep_rehearsal(folder: Path, call: str, drawn: str) -> None:
    """The picture of a call's last rehearsal, for the workbench; nothing where there is no data folder yet."""
    if folder.is_dir():
        place = _rehearsal(folder, call)
        place.parent.mkdir(exist_ok=True)
        place.write_text(drawn, "utf-8")


def rehearsal(folder: Path, call: str) -> str:
    """The picture of a call's last rehearsal; "" where there was none."""
    place = _rehearsal(folder, call)
    return place.read_text("utf-8") if place.is_file() else ""


def _rehearsal(folder: Path, call: str) -> Path:
    return folder / "rehearsals" / f"{call}.svg"
