"""Files: chunks may come twice, in any order after a break; what is kept is whole, looked at, and private."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import update

from bot.app import House
from bot.doors import Scope
from bot.engine.messages import Pressed, Sent, SentFile
from bot.errors import FileRefused
from storage import filerows, tables
from storage import files as module
from storage.files import CHUNK, FileStore
from tests import papers, pictures
from tests.homes import Clock, home, tell, writer


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with home(tmp_path, world=Clock(), busy=False) as house:
        yield house


async def upload(
    files: FileStore, data: bytes, name: str = "照片.jpg", owner: int = 7, key: str = "upload-1"
) -> SentFile:
    """All of it, chunk by chunk."""
    offset = await files.begin(owner, key, name, len(data))
    while offset < len(data):
        offset = await files.put(owner, key, offset, data[offset : offset + CHUNK])
    return await files.finish(owner, key)


async def refused(awaitable: object) -> str:
    """The key of the sentence."""
    with pytest.raises(FileRefused) as caught:
        await awaitable  # type: ignore[misc]
    return caught.value.key


def noisy_photo() -> bytes:
    """A photo of several chunks, with the camera's data."""
    image = Image.effect_noise((1600, 1200), 90).convert("RGB")
    return pictures.saved(image, "JPEG", quality=92, exif=pictures.exif(6))


async def test_an_upload_goes_on_after_a_break(house: House) -> None:
    """Chunks sent again or too far ahead change nothing; the kept file has no camera data, and may be read back."""
    files, data = house.files, noisy_photo()
    assert len(data) > 2 * CHUNK
    assert await files.begin(7, "upload-1", "现场.jpg", len(data)) == 0
    assert await files.put(7, "upload-1", 0, data[:CHUNK]) == CHUNK
    assert await files.put(7, "upload-1", 0, data[:CHUNK]) == CHUNK
    assert await files.put(7, "upload-1", 2 * CHUNK, data[2 * CHUNK : 2 * CHUNK + 9]) == CHUNK
    assert await files.begin(7, "upload-1", "现场.jpg", len(data)) == CHUNK
    sent = await upload(files, data, "现场.jpg")
    assert (sent.kind, sent.mime, sent.width, sent.height) == ("picture", "image/jpeg", 1200, 1600)
    kept = b"".join([piece async for piece in files.get(sent.file)])
    assert hashlib.sha256(kept).hexdigest() == sent.file
    assert b"SECRET-PLACE" in data and b"SECRET-PLACE" not in kept


async def test_finishing_twice_gives_the_same_file(house: House) -> None:
    """A lost answer costs nothing, and neither does beginning again what is finished."""
    data = pictures.jpeg()
    first = await upload(house.files, data)
    assert await house.files.finish(7, "upload-1") == first
    assert await house.files.begin(7, "upload-1", "照片.jpg", len(data)) == len(data)
    assert await house.files.put(7, "upload-1", 0, data[:10]) == len(data)
    assert (await upload(house.files, data, key="upload-2")).file == first.file


async def test_two_halves_at_once_do_not_mix(house: House) -> None:
    """The same chunk sent by two requests at the same moment is written once."""
    data = noisy_photo()
    await house.files.begin(7, "upload-1", "照片.jpg", len(data))
    offsets = await asyncio.gather(*(house.files.put(7, "upload-1", 0, data[:CHUNK]) for _ in range(8)))
    assert set(offsets) == {CHUNK}
    assert (await upload(house.files, data)).size <= len(data)


async def test_folders_and_files_are_the_owners_alone(house: House) -> None:
    """0700 and 0600, from the data folder down."""
    await house.files.begin(7, "half", "半张.jpg", 5000)
    await house.files.put(7, "half", 0, b"x" * 10)
    await upload(house.files, pictures.jpeg())
    for path in [house.settings.data, *house.settings.data.rglob("*")]:
        if path.suffix in (".db", ".db-wal", ".db-shm"):
            continue
        assert path.stat().st_mode & 0o077 == 0, path


async def test_what_is_refused(house: House) -> None:
    """Empty, too big, a false length, another file under the same name, no such upload, oversized chunks."""
    files = house.files
    assert await refused(files.begin(7, "a", "x.jpg", 0)) == "file.empty"
    assert await refused(files.begin(7, "a", "x.jpg", 21 * 1024**2)) == "file.too_big"
    await files.begin(7, "a", "x.jpg", 100)
    assert await refused(files.begin(7, "a", "x.jpg", 101)) == "file.changed"
    assert await refused(files.put(7, "a", 0, b"x" * 101)) == "file.incomplete"
    await files.put(7, "a", 0, b"x" * 50)
    assert await refused(files.finish(7, "a")) == "file.incomplete"
    assert await refused(files.put(8, "a", 50, b"x")) == "file.gone"
    assert await refused(files.put(7, "a", 50, b"x" * (CHUNK + 1))) == "file.chunk"
    assert await refused(upload(files, b"not a picture", "x.jpg", key="b")) == "file.kind"
    assert await refused(upload(files, b"MZ" + b"\0" * 90, "x.exe", key="c")) == "file.kind"
    assert await refused(upload(files, pictures.jpeg()[:20], "x.jpg", key="d")) == "file.not_picture"
    half = pictures.jpeg()
    assert await refused(upload(files, half[: len(half) // 2], "x.jpg", key="e")) == "file.not_picture"


async def test_every_refusal_has_a_sentence(house: House) -> None:
    """The keys that this room raises, and those of the paper room, are in the wording."""
    for key in ("not_picture", "heic", "kind", "too_big", "too_many_pixels", "unreadable", "bomb", "empty"):
        assert house.wording.say(f"file.{key}", size=21, limit=20, pixels=9, kind="x").endswith("。")
    for key in ("draft_full", "incomplete", "chunk", "gone", "changed", "no_space"):
        assert house.wording.say(f"file.{key}", limit=200).endswith("。")


async def test_a_draft_holds_only_so_much(tmp_path: Path) -> None:
    """What is announced counts as well, so that many uploads at once cannot pass the limit."""
    async with home(tmp_path, busy=False) as house:
        small = FileStore(
            house.settings.data, read=house.readers.run, write=house.desk.submit, world=house.world, draft_mb=1
        )
        await small.begin(7, "a", "x.jpg", 700_000)
        assert await refused(small.begin(7, "b", "y.jpg", 700_000)) == "file.draft_full"
        assert await small.begin(8, "b", "y.jpg", 700_000) == 0


async def test_a_picture_is_known_by_its_content(house: House) -> None:
    """Whatever it is called; the name gets the ending it deserves. A Word file stays what it is."""
    assert (await upload(house.files, pictures.jpeg(), "mmexport", key="a")).name == "mmexport.jpg"
    assert (await upload(house.files, pictures.jpeg(), "a.exe", key="b")).name == "a.jpg"
    word = papers.made(papers.content("一段话。"))
    sent = await upload(house.files, word, "材料.docx", key="c")
    assert (sent.kind, sent.name) == ("file", "材料.docx")


async def test_a_full_disk_is_told_and_nothing_is_half_written(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chunk is refused with a sentence; when there is room again the upload goes on where it was."""
    data = noisy_photo()
    await house.files.begin(7, "upload-1", "照片.jpg", len(data))
    real, calls = os.write, 0

    def full(handle: int, piece: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            return real(handle, piece[:1000])
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patched:
        patched.setattr(module.os, "write", full)
        assert await refused(house.files.put(7, "upload-1", 0, data[:CHUNK])) == "file.no_space"
    assert await house.files.begin(7, "upload-1", "照片.jpg", len(data)) == 0
    assert (await upload(house.files, data)).kind == "picture"


async def test_the_prepared_copy_is_made_once_and_again_if_lost(house: House) -> None:
    """1280 px, beside the original."""
    sent = await upload(house.files, pictures.jpeg(3000, 2000))
    first = house.files.prepared(sent.file)
    with Image.open(house.files.prepared_path(sent.file)) as image:
        assert image.size == (1280, 853)
    house.files.prepared_path(sent.file).unlink()
    assert house.files.prepared(sent.file) == first


async def test_nobody_sees_anothers_file(house: House) -> None:
    """An attachment is its owner's; for somebody else it is what never existed."""
    _, me = await writer(house, "me")
    _, other = await writer(house, "other")
    sent = await upload(house.files, pictures.jpeg(), owner=me.person)
    assert await house.look.file(me.scope, sent.file) is None
    await house.desk.submit(lambda c: _attach(c, me.person, sent))
    info = await house.look.file(me.scope, sent.file)
    assert info is not None and Path(info.path).read_bytes().startswith(b"\xff\xd8")
    small = await house.look.file(me.scope, sent.file, prepared=True)
    assert small is not None and small.path.endswith(".jpg")
    assert await house.look.file(other.scope, sent.file) is None
    assert await house.look.file(Scope(person=other.person, units=("",)), sent.file) is None


def _attach(connection: object, person: int, sent: SentFile) -> None:
    from sqlalchemy import Connection, insert

    assert isinstance(connection, Connection)
    draft = {"id": 99, "person": person, "call": "short", "created_at": Clock().now()}
    connection.execute(insert(tables.drafts), draft)
    row = {"draft": 99, "id": 1, "question": "photos", "kind": "picture", "file": sent.file, "at": Clock().now()}
    connection.execute(insert(tables.attachments), row)
    connection.execute(update(tables.files).values(refs=1))


async def test_what_nothing_names_goes(house: House) -> None:
    """A finished upload waits two weeks to be sent; named files stay; unfinished parts go."""
    clock = house.world
    assert isinstance(clock, Clock)
    address, me = await writer(house, "me")
    await tell(house, address, Pressed(at=clock.now(), press="consent:yes"))
    named = await upload(house.files, pictures.jpeg(), owner=me.person, key="a")
    await house.desk.submit(lambda c: _attach(c, me.person, named))
    orphan = await upload(house.files, pictures.jpeg(900, 900), owner=me.person, key="b")
    await house.files.begin(me.person, "c", "半张.jpg", 100)
    await house.files.put(me.person, "c", 0, b"x")
    clock.forward(days=10)
    assert await house.files.sweep(clock.now()) == 0
    clock.forward(days=5)
    assert await house.files.sweep(clock.now()) == 1
    assert house.files.path(named.file).exists()
    assert not house.files.path(orphan.file).exists()
    assert not list((house.settings.data / "uploads").iterdir())
    assert await house.readers.run(filerows.all_kept) == [named.file]
    assert clock.now() - Clock().now() == timedelta(days=15)


async def test_what_is_sent_before_the_consent_does_not_stay(house: House) -> None:
    """The person hears that it was not taken, and so it is: no draft names it, and its bytes go in the next rounds."""
    clock = house.world
    assert isinstance(clock, Clock)
    address, me = await writer(house, "me")
    sent = await upload(house.files, pictures.jpeg(), owner=me.person, key="a")
    await tell(house, address, Sent(at=clock.now(), files=(sent,)))
    told = await house.look.events(me.scope, me.conversation, -1)
    assert house.wording.say("file.before_consent") in [s.message.text for s in told[-2:]]
    clock.forward(hours=25)
    assert await house.files.sweep(clock.now()) == 1
    assert not house.files.path(sent.file).exists()


async def test_a_sent_picture_reaches_the_conversation(house: House) -> None:
    """What the desk takes counts a reference, so the sweep leaves it alone."""
    address, me = await writer(house, "me")
    sent = await upload(house.files, pictures.jpeg(), owner=me.person)
    await tell(house, address, Sent(at=house.world.now(), files=(sent,)))
    shown = await house.look.events(me.scope, me.conversation, -1)
    assert any((s.message.card or {}).get("kind") == "pictures" for s in shown)
