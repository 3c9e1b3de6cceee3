"""The rows of files and uploads, and which files nothing refers to any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from storage.tables import attachments, conversations, documents, drafts, files, uploads


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A kept file. `hash` is the SHA-256 of its bytes; width and height are 0 where it is no picture."""

    hash: str
    kind: str
    mime: str
    name: str
    size: int
    width: int = 0
    height: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """An upload as announced; `file` is the hash of what came of it, "" until it is finished."""

    name: str
    size: int
    file: str


def upload(connection: Connection, owner: int, name: str) -> Upload | None:
    """An owner's upload by the name the channel gave it."""
    row = connection.execute(
        select(uploads.c.name, uploads.c.size, uploads.c.file).where(uploads.c.owner == owner, uploads.c.upload == name)
    ).one_or_none()
    return Upload(name=row.name, size=row.size, file=row.file) if row else None


def add_upload(connection: Connection, owner: int, name: str, file_name: str, size: int, at: datetime) -> None:
    """Announces an upload; one that is there already stays as it is."""
    if upload(connection, owner, name) is None:
        connection.execute(insert(uploads), {"owner": owner, "upload": name, "name": file_name, "size": size, "at": at})


def keep(connection: Connection, kept: Kept, at: datetime) -> None:
    """Notes a file; the same bytes twice are one file, whose age starts again."""
    fresh = connection.execute(update(files).where(files.c.hash == kept.hash).values(at=at)).rowcount == 0
    if fresh:
        columns = ("hash", "kind", "mime", "name", "size", "width", "height")
        connection.execute(insert(files), {**{c: getattr(kept, c) for c in columns}, "at": at})


def finish_upload(connection: Connection, owner: int, name: str, kept: Kept, at: datetime) -> None:
    """Notes the file an upload became."""
    keep(connection, kept, at)
    connection.execute(update(uploads).where(uploads.c.owner == owner, uploads.c.upload == name).values(file=kept.hash))


def find(connection: Connection, hash: str) -> Kept | None:
    """The row of a kept file."""
    row = connection.execute(select(files).where(files.c.hash == hash)).one_or_none()
    if row is None:
        return None
    return Kept(
        hash=row.hash, kind=row.kind, mime=row.mime, name=row.name, size=row.size, width=row.width, height=row.height
    )


def held_by(connection: Connection, person: int) -> int:
    """Bytes of attachments in the fullest draft a person is writing, and of uploads not yet finished."""
    sums = (
        select(func.sum(attachments.c.size).label("bytes"))
        .join(drafts, drafts.c.id == attachments.c.draft)
        .where(drafts.c.person == person, drafts.c.state != "closed")
        .group_by(attachments.c.draft)
        .subquery()
    )
    in_draft = connection.execute(select(func.max(sums.c.bytes))).scalar() or 0
    pending = select(func.sum(uploads.c.size)).where(uploads.c.owner == person, uploads.c.file == "")
    return int(in_draft) + int(connection.execute(pending).scalar() or 0)


def add_document(
    connection: Connection, person: int, kept: Kept, *, draft: int, n: int, name: str, at: datetime
) -> None:
    """Lets a person fetch a file that was made for them."""
    keep(connection, kept, at)
    mine = (documents.c.person == person) & (documents.c.file == kept.hash)
    if connection.execute(update(documents).where(mine).values(name=name, at=at)).rowcount == 0:
        row = {"person": person, "file": kept.hash, "draft": draft, "n": n, "name": name, "at": at}
        connection.execute(insert(documents), row)
        connection.execute(update(files).where(files.c.hash == kept.hash).values(refs=files.c.refs + 1))


def unnamed(connection: Connection, before: datetime) -> list[str]:
    """Kept files that nothing refers to and no upload is about to send, last touched before an instant."""
    waiting = select(uploads.c.file).where(uploads.c.file != "")
    wanted = (files.c.refs <= 0) & (files.c.at < before) & files.c.hash.not_in(waiting)
    return list(connection.execute(select(files.c.hash).where(wanted)).scalars())


def all_kept(connection: Connection) -> list[str]:
    """The hashes of all kept files, in order."""
    return list(connection.execute(select(files.c.hash).order_by(files.c.hash)).scalars())


def forget(connection: Connection, hashes: Iterable[str]) -> None:
    """Drops the rows of files."""
    for hash in hashes:
        connection.execute(delete(files).where(files.c.hash == hash))


def forget_uploads(connection: Connection, before: datetime) -> list[tuple[int, str]]:
    """Drops uploads announced before an instant, and those of people who have not agreed to anything being kept
    (erased ones among them); returns (owner, name) of each."""
    strangers = select(conversations.c.person).where(conversations.c.consent == "")
    old = (uploads.c.at < before) | uploads.c.owner.in_(strangers)
    gone = [(r.owner, r.upload) for r in connection.execute(select(uploads.c.owner, uploads.c.upload).where(old))]
    connection.execute(delete(uploads).where(old))
    return gone
