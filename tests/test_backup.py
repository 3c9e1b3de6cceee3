"""Backup and restore: taken under load, equal after, and nothing appears from a damaged one."""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.app import House
from bot.engine.messages import Pressed, Said, Sent
from storage import database, tables
from storage.backup import Damaged, back_up, damage, restore
from tests import pictures
from tests.homes import home, tell, writer
from tests.test_files import upload


def counts(house: House) -> dict[str, int]:
    """Rows a table."""
    with house.readers._engine.begin() as connection:
        return {name: len(connection.execute(select(t)).all()) for name, t in tables.metadata.tables.items()}


async def filled(folder: Path, house: House) -> None:
    """Somebody with a picture, who has agreed that it is kept: a stranger's may be swept away at any moment."""
    address, me = await writer(house, "me")
    await tell(house, address, Pressed(at=house.world.now(), press="consent:yes"))
    sent = await upload(house.files, pictures.jpeg(), owner=me.person)
    await tell(house, address, Sent(at=house.world.now(), files=(sent,)))


async def test_a_backup_under_load_comes_back_whole(tmp_path: Path) -> None:
    """While people talk: the copy is one instant of it, its files are there, the links still open."""
    out = tmp_path / "b.tar"
    async with home(tmp_path) as house:
        await filled(tmp_path, house)
        address, _ = await writer(house, "talker")

        async def talk() -> None:
            for n in range(200):
                await tell(house, address, Said(at=house.world.now(), text=f"第{n}句"))

        talking = asyncio.create_task(talk())
        await asyncio.sleep(0.05)
        reader = database.open_reader(house.settings.database_place)
        packed = await asyncio.to_thread(back_up, reader, house.settings.data, out)
        reader.dispose()
        await talking
        before, key = counts(house), house.site_key
    assert packed.files == 1 and not packed.missing
    assert out.stat().st_mode & 0o077 == 0
    restore(out, tmp_path / "other" / "data")
    async with home(tmp_path / "other") as house:
        after = counts(house)
        assert house.site_key == key
        assert 0 < after["messages"] <= before["messages"]
        assert {t: after[t] for t in ("people", "files", "units")} == {
            t: before[t] for t in ("people", "files", "units")
        }
        engine = database.open_reader(house.settings.database_place)
        assert damage(engine) == ""
        engine.dispose()
        (file,) = await house.readers.run(lambda c: c.execute(select(tables.files.c.hash)).scalars().all())
        assert house.files.path(file).is_file()


async def test_it_never_overwrites(tmp_path: Path) -> None:
    """Neither an older backup nor a folder with data."""
    out = tmp_path / "b.tar"
    async with home(tmp_path, busy=False) as house:
        reader = database.open_reader(house.settings.database_place)
        back_up(reader, house.settings.data, out)
        with pytest.raises(FileExistsError):
            back_up(reader, house.settings.data, out)
        reader.dispose()
    with pytest.raises(FileExistsError):
        restore(out, tmp_path / "data")


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """What the database names and the disk has not is told, and the rest is packed."""
    async with home(tmp_path, busy=False) as house:
        await filled(tmp_path, house)
        (file,) = await house.readers.run(lambda c: c.execute(select(tables.files.c.hash)).scalars().all())
        house.files.path(file).unlink()
        reader = database.open_reader(house.settings.database_place)
        packed = back_up(reader, house.settings.data, tmp_path / "b.tar")
        reader.dispose()
    assert packed.missing == (file,)
    assert packed.files == 0


@pytest.mark.parametrize("harm", ["cut", "changed", "missing", "extra", "escape", "text", "link"])
async def test_a_damaged_backup_leaves_nothing(tmp_path: Path, harm: str) -> None:
    """Cut off, a byte changed, a member missing, added, outside, no tar at all, a link: refused, no folder made."""
    out = tmp_path / "b.tar"
    async with home(tmp_path, busy=False) as house:
        await filled(tmp_path, house)
        reader = database.open_reader(house.settings.database_place)
        back_up(reader, house.settings.data, out)
        reader.dispose()
    bad = tmp_path / "bad.tar"
    bad.write_bytes(_harmed(out, harm))
    with pytest.raises(Damaged):
        restore(bad, tmp_path / "new" / "data")
    assert not (tmp_path / "new" / "data").exists()
    assert not list((tmp_path / "new").iterdir())
    assert not (tmp_path / "escaped").exists()


def _harmed(out: Path, harm: str) -> bytes:
    whole = out.read_bytes()
    if harm == "cut":
        return whole[: len(whole) // 2]
    if harm == "text":
        return b"no tar at all" * 100
    if harm == "changed":
        at = whole.index(b"\xff\xd8\xff") + 700
        return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    target = io.BytesIO()
    with tarfile.open(out) as source, tarfile.open(fileobj=target, mode="w") as changed:
        for entry in source:
            data = source.extractfile(entry)
            assert data is not None
            body = data.read()
            if harm == "escape" and entry.name == "manifest.json":
                told = json.loads(body)
                told["hashes"]["../../escaped"] = "0" * 64
                body = json.dumps(told).encode()
                entry.size = len(body)
            if not (harm == "missing" and entry.name == "site.key"):
                changed.addfile(entry, io.BytesIO(body))
        if harm in ("extra", "escape"):
            more = tarfile.TarInfo("../../escaped" if harm == "escape" else "files/" + "0" * 64)
            more.size = 1
            changed.addfile(more, io.BytesIO(b"x"))
        if harm == "link":
            link = tarfile.TarInfo("files/" + "0" * 64)
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            changed.addfile(link)
    return target.getvalue()
