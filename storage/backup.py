"""Backup and restore: one tar with the database, the files it names, and the site key, all with their hashes.

`manifest.json` stands first: {"format", "database", "schema", "hashes": {member: SHA-256}}. On SQLite the
database is copied by its online backup, so a server may be running; on PostgreSQL its own tools make the
copy, and only files and key are packed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from storage import database, filerows

FORMAT = "anlitong-1"
DATABASE, KEY, MANIFEST = "anlitong.db", "site.key", "manifest.json"
_MOST_MANIFEST = 256 * 1024 * 1024


class Damaged(Exception):
    """A backup that cannot be used; `member` names what does not fit, "" when it is no backup at all."""

    def __init__(self, member: str = "") -> None:
        super().__init__(member)
        self.member = member


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """What a backup holds: how many files, the tar's size in bytes, hashes of files that were missing."""

    files: int
    size: int
    missing: tuple[str, ...]
    database: str


def damage(engine: Engine) -> str:
    """What SQLite's own check finds wrong; "" when all is well and on PostgreSQL."""
    if engine.dialect.name != "sqlite":
        return ""
    with engine.connect() as connection:
        found = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        found += [f"foreign key: {row[0]}" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]
    return "" if found == ["ok"] else "; ".join(str(line) for line in found if line != "ok")


def back_up(engine: Engine, folder: Path, out: Path) -> Packed:
    """Packs everything into `out`, which appears only when it is whole. Raises OSError, FileExistsError."""
    if out.exists():
        raise FileExistsError(out)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=out.absolute().parent) as made:
        copy = Path(made) / DATABASE
        source = engine
        if engine.dialect.name == "sqlite":
            _copy_sqlite(engine, copy)
            source = database.open_reader(str(copy))
        try:
            with source.connect() as connection:
                hashes = filerows.all_kept(connection)
        finally:
            if source is not engine:
                source.dispose()
        members, missing = _members(folder, copy, hashes)
        told = {"format": FORMAT, "database": engine.dialect.name, "schema": database.schema(engine)}
        packed = Path(made) / "whole.tar"
        _write(packed, told, members)
        os.link(packed, out)
    return Packed(
        files=len(hashes) - len(missing), size=out.stat().st_size, missing=missing, database=engine.dialect.name
    )


def _copy_sqlite(engine: Engine, copy: Path) -> None:
    """SQLite's online backup, as a plain file that needs no log beside it."""
    target = sqlite3.connect(copy)
    try:
        with engine.connect() as connection:
            source = connection.connection.driver_connection
            assert isinstance(source, sqlite3.Connection)
            source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    finally:
        target.close()
    copy.chmod(0o600)


def _members(folder: Path, copy: Path, hashes: list[str]) -> tuple[dict[str, Path], tuple[str, ...]]:
    members = {KEY: folder / KEY}
    if copy.exists():
        members[DATABASE] = copy
    missing = []
    for file in hashes:
        path = folder / "files" / file[:2] / file[2:4] / file
        if path.is_file():
            members[f"files/{file}"] = path
        else:
            missing.append(file)
    return members, tuple(missing)


def _write(out: Path, told: Mapping[str, Any], members: Mapping[str, Path]) -> None:
    hashes = {name: name.removeprefix("files/") if "/" in name else _hash(path) for name, path in members.items()}
    manifest = json.dumps({**told, "hashes": hashes}).encode()
    with tarfile.open(out, "w") as tar:
        head = tarfile.TarInfo(MANIFEST)
        head.size, head.mode = len(manifest), 0o600
        tar.addfile(head, io.BytesIO(manifest))
        for name, path in members.items():
            info = tarfile.TarInfo(name)
            with path.open("rb") as file:
                info.size, info.mode = os.fstat(file.fileno()).st_size, 0o600
                tar.addfile(info, file)
    out.chmod(0o600)
    with out.open("rb") as file:
        os.fsync(file.fileno())


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ---------------------------------------------------------------- restore


def restore(source: Path, folder: Path) -> Packed:
    """Unpacks a backup into an empty or missing folder, which appears only when every hash fits.

    Raises Damaged, FileExistsError when something is there, OSError.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".restore-", dir=folder.parent))
    try:
        told = _unpack(source, made)
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        for entry in made.iterdir():
            entry.rename(folder / entry.name)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    files = sum(name.startswith("files/") for name in told["hashes"])
    return Packed(files=files, size=source.stat().st_size, missing=(), database=told["database"])


def _unpack(source: Path, made: Path) -> Mapping[str, Any]:
    try:
        with tarfile.open(source, "r:") as tar:
            entries = iter(tar)
            told = _manifest(tar, next(entries, None))
            left = dict(told["hashes"])
            for name, data in _contents(tar, entries):
                expected = left.pop(name, None)
                if expected is None or _store(made, name, data) != expected:
                    raise Damaged(name)
    except (tarfile.TarError, EOFError) as error:
        raise Damaged from error
    if left or KEY not in told["hashes"]:
        raise Damaged(next(iter(left), KEY))
    return told


def _manifest(tar: tarfile.TarFile, entry: tarfile.TarInfo | None) -> Mapping[str, Any]:
    file = tar.extractfile(entry) if entry and entry.name == MANIFEST and entry.size < _MOST_MANIFEST else None
    if file is None:
        raise Damaged
    try:
        told: Mapping[str, Any] = json.loads(file.read())
    except ValueError as error:
        raise Damaged from error
    if told.get("format") != FORMAT or not isinstance(told.get("hashes"), dict):
        raise Damaged
    return told


def _contents(tar: tarfile.TarFile, entries: Iterator[tarfile.TarInfo]) -> Iterator[tuple[str, Any]]:
    for entry in entries:
        file = tar.extractfile(entry) if entry.isreg() else None
        if file is None:
            raise Damaged(entry.name)
        yield entry.name, file


def _store(made: Path, name: str, data: Any) -> str:
    """Writes a member to the place its name stands for; returns its hash. Names are never used as paths."""
    if name in (DATABASE, KEY):
        path = made / name
    elif name.startswith("files/") and len(name) == 70 and name[6:].isalnum():
        file = name[6:]
        path = made / "files" / file[:2] / file[2:4] / file
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    else:
        raise Damaged(name)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        while piece := data.read(1024 * 1024):
            digest.update(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()
