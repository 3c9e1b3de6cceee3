"""The house around the desk: office and rights, the read side's scopes, workers, wakes, retention."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import docx
import pytest
from sqlalchemy import Connection, insert, select

from bot.acts import AddUnits, MakeInvite, MarkOpened, OpenEdition, RevokeInvite
from bot.app import House
from bot.channel import Address
from bot.config import load
from bot.doors import Acted, Actor, Refusal, Scope
from bot.engine.ids import b36
from bot.engine.messages import Done, Knock, Pressed, Said
from bot.errors import ConfigError, StoreBusy
from bot.supervising import supervise
from storage import commands, tables
from tests.homes import VILLAGE, Clock, environment, home, officer, tell, writer


@pytest.fixture
async def house(tmp_path: Path, place: str) -> AsyncIterator[House]:
    async with home(tmp_path, world=Clock(), busy=False, place=place) as house:
        await house.act(OpenEdition(call="short", first=True))
        yield house


async def written(house: House, external: str = "me") -> tuple[Address, Scope, int]:
    """A writer with a submitted short case; returns the draft's id."""
    address, me = await writer(house, external)

    async def say(text: str) -> None:
        await tell(house, address, Said(at=house.world.now(), text=text))

    async def press(label: str) -> None:
        shown = await house.look.events(me.scope, me.conversation, -1)
        faces = [b for s in shown for b in s.message.buttons if b.label == label]
        assert faces, (label, [s.message.text for s in shown[-3:]])
        await tell(house, address, Pressed(at=house.world.now(), press=faces[-1].press, label=label))

    for step in ("[同意，开始]", "李建国", "[是的]", "[村党支部书记]", "跳过", "[对]", "片长进院坝", "[就用这个]"):
        await (press(step[1:-1]) if step.startswith("[") else say(step))
    board = await house.look.board(me.scope, me.conversation, "page")
    return address, me.scope, int(board["draft"], 36)


# ---------------------------------------------------------------- the office


async def test_invites_make_the_tree(house: House) -> None:
    """Missing nodes are made with their levels; a path must begin with the root and end at the village."""
    made = await house.act(MakeInvite(unit=VILLAGE))
    assert isinstance(made, Acted)
    units = await house.readers.run(lambda c: {r.path: r.level for r in c.execute(select(tables.units))})
    assert units == {"云溪县": "县", "云溪县/石桥镇": "乡镇", VILLAGE: "村"}
    face = await house.look.invite(made.result["link"])
    assert (face.trouble, face.unit, face.open) == ("", "云溪县石桥镇槐树村", True)
    for unit, key in (("别县/甲镇", "bad_unit"), ("云溪县//甲", "bad_unit"), (f"{VILLAGE}/一组", "too_deep")):
        refused = await house.act(MakeInvite(unit=unit))
        assert isinstance(refused, Refusal) and refused.key == f"office.{key}"
        assert house.wording.say(refused.key, **refused.params).endswith("。")


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (MakeInvite(role="coordinator", uses=3), "not_open"),
        (MakeInvite(role="king"), "bad_role"),
        (MakeInvite(uses=0), "bad_uses"),
        (MakeInvite(days=0), "bad_days"),
        (RevokeInvite(invite=1), "no_invite"),
        (MarkOpened(case=1), "no_case"),
        (OpenEdition(call="nothing"), "no_call"),
    ],
)
async def test_what_the_office_refuses(house: House, command: object, key: str) -> None:
    """Nothing changes, and there is a sentence for it."""
    refused = await house.act(command)
    assert isinstance(refused, Refusal) and refused.key == f"office.{key}"
    assert house.wording.say(refused.key, **refused.params)


async def test_coordinators_are_personal_and_revoked_links_are_void(house: House) -> None:
    """One use, one person; after revoking the face says that the link does not open."""
    made = await house.act(MakeInvite(role="coordinator"))
    assert isinstance(made, Acted) and made.result["uses"] == 1
    assert not (await house.look.invite(made.result["link"])).open
    await house.act(RevokeInvite(invite=made.result["invite"]))
    assert (await house.look.invite(made.result["link"])).trouble == "join.unknown"


async def test_rights_are_read_inside(house: House) -> None:
    """Who may do what, and where; outside one's own units a thing does not exist."""
    act = house.doors.act
    await house.act(AddUnits(paths=(VILLAGE,)))
    admin = (await officer(house, "boss", "云溪县", role="administrator")).actor
    town = (await officer(house, "town", "云溪县/石桥镇")).actor
    writes = Actor(person=(await writer(house, "writes"))[1].person)
    assert isinstance(await act(admin, MakeInvite(role="coordinator")), Acted)
    assert isinstance(await act(town, MakeInvite(unit=VILLAGE)), Acted)
    assert isinstance(await act(town, MakeInvite(unit=VILLAGE, role="coordinator")), Refusal)
    assert isinstance(await act(town, MakeInvite(unit="云溪县/白沙镇")), Refusal)
    assert isinstance(await act(town, MakeInvite(unit="云溪县/石桥镇二")), Refusal)
    assert isinstance(await act(town, OpenEdition(call="short")), Refusal)
    assert isinstance(await act(town, AddUnits(paths=("云溪县/石桥镇/新村",))), Refusal)
    assert isinstance(await act(writes, MakeInvite(unit=VILLAGE)), Refusal)
    elsewhere = await act(admin, MakeInvite(unit="云溪县/白沙镇"))
    assert isinstance(elsewhere, Acted)
    hidden = await act(town, RevokeInvite(invite=elsewhere.result["invite"]))
    unknown = await act(town, RevokeInvite(invite=1))
    assert hidden == unknown
    kinds = await house.readers.run(lambda c: [r.kind for r in c.execute(select(tables.events))])
    assert kinds.count("invite.made") == 6 and kinds.count("edition.opened") == 1


async def test_an_edition_is_opened_once_at_start(tmp_path: Path) -> None:
    """Starting again opens nothing new; by hand a next round is opened."""
    for _ in range(2):
        async with home(tmp_path) as house:
            pass
    async with home(tmp_path) as house:
        await house.act(OpenEdition(call="short"))
        titles = await house.readers.run(lambda c: [r.title for r in c.execute(select(tables.editions))])
        assert len(titles) == 2
        assert titles[0].endswith("年短案例")


async def test_an_unknown_call_in_the_settings_is_told(tmp_path: Path) -> None:
    """With file and key."""
    environ = {**environment(tmp_path), "ANLITONG_CALLS__OPEN": '["nothing"]'}
    with pytest.raises(ConfigError, match=r"calls\.open"):
        async with House(load(data=str(tmp_path / "data"), environ=environ)):
            pass


# ---------------------------------------------------------------- the read side


async def test_nobody_reads_anothers_words(house: House) -> None:
    """Conversation, board, draft: somebody else gets what an id gets that never existed."""
    _, mine, draft = await written(house)
    _, other = await writer(house, "other")
    me = await house.look.visitor(Address(channel="terminal", external="me"))
    assert me is not None
    assert await house.look.events(other.scope, me.conversation, -1) == []
    assert await house.look.board(other.scope, me.conversation, "page") == {}
    for scope in (other.scope, Scope(person=other.person, units=("云溪县",))):
        assert await house.look.paper(scope, draft) is None
        assert await house.look.paper(scope, draft, 1) is None
    paper = await house.look.paper(mine, draft)
    assert paper is not None and paper.draft and paper.content.title == "片长进院坝"
    assert paper.name.endswith(".docx") and "片长进院坝" in paper.name


async def test_events_by_cursor(house: House) -> None:
    """After N comes N+1; with -1 the last ones; limits hold."""
    _, me = await writer(house, "me")
    everything = await house.look.events(me.scope, me.conversation, 0)
    assert [s.seq for s in everything] == list(range(1, len(everything) + 1))
    assert await house.look.events(me.scope, me.conversation, everything[-1].seq) == []
    assert [s.seq for s in await house.look.events(me.scope, me.conversation, -1, 1)] == [everything[-1].seq]


async def test_waiting_ends_with_the_message(house: House) -> None:
    """Long before the time is over; and when nothing comes, with the time."""
    address, me = await writer(house, "me")
    last = (await house.look.events(me.scope, me.conversation, -1, 1))[0].seq
    loop = asyncio.get_running_loop()
    began = loop.time()
    waiting = asyncio.create_task(house.look.wait(me.conversation, last, 30))
    await tell(house, address, Said(at=house.world.now(), text="你好"))
    await waiting
    assert loop.time() - began < 2
    await house.look.wait(me.conversation, last + 100, 0)


async def test_health(house: House) -> None:
    """Database and schema are named."""
    health = await house.look.health()
    assert health["ok"] is True and health["database"] in ("sqlite", "postgresql") and health["schema"]


# ---------------------------------------------------------------- workers


async def test_jobs_are_done_and_told(tmp_path: Path, place: str) -> None:
    """The person's own package: profile, drafts as Word and text."""
    async with home(tmp_path, place=place) as house:
        address, scope, _ = await written(house)
        for text in ("我的资料", "[导出我的资料]"):
            await _say_or_press(house, address, text)
        me = await house.look.visitor(address)
        assert me is not None
        card = await _document(house, scope, me.conversation)
        info = await house.look.file(scope, card["file"])
        assert info is not None and info.name == card["name"]
        with zipfile.ZipFile(info.path) as package:
            names = package.namelist()
            text = package.read(next(n for n in names if n.endswith(".txt") and n[0].isdigit())).decode()
            profile = package.read("我的资料.txt").decode()
            word = docx.Document(io.BytesIO(package.read(next(n for n in names if n.endswith(".docx")))))
        assert "片长进院坝" in text and "李建国" in profile
        assert any("片长进院坝" in p.text for p in word.paragraphs)
        _, other = await writer(house, "other")
        assert await house.look.file(other.scope, card["file"]) is None


async def _say_or_press(house: House, address: Address, text: str) -> None:
    me = await house.look.visitor(address)
    assert me is not None
    if not text.startswith("["):
        await tell(house, address, Said(at=house.world.now(), text=text))
        return
    shown = await house.look.events(me.scope, me.conversation, -1)
    face = next(b for s in reversed(shown) for b in s.message.buttons if b.label == text[1:-1])
    await tell(house, address, Pressed(at=house.world.now(), press=face.press, label=face.label))


async def _document(house: House, scope: Scope, conversation: int) -> dict[str, str]:
    for _ in range(50):
        shown = await house.look.events(scope, conversation, -1)
        cards = [dict(s.message.card) for s in shown if s.message.card and s.message.card.get("kind") == "document"]
        if cards:
            return cards[-1]
        await house.look.wait(conversation, shown[-1].seq, 1)
    raise AssertionError("no document came")


async def test_a_job_that_cannot_be_done_is_told_all_the_same(tmp_path: Path) -> None:
    """After its tries the person hears of it, once, and the job is over."""
    async with home(tmp_path) as house:
        _, me = await writer(house, "me")
        job = {"id": 1, "kind": "paper", "conversation": me.conversation, "args": {"draft": 1, "submission": 3}}
        await house.desk.submit(lambda c: c.execute(insert(tables.jobs), {**job, "at": house.world.now()}) and None)
        last = (await house.look.events(me.scope, me.conversation, -1, 1))[0].seq
        house.workers.ring()
        await house.look.wait(me.conversation, last, 20)
        told = await house.look.events(me.scope, me.conversation, last)
        assert [s.message.text for s in told] == [house.wording.say("document.trouble")]
        assert told[0].cause == "job:1"
        for _ in range(100):
            states = await house.readers.run(lambda c: [r.state for r in c.execute(select(tables.jobs))])
            if states == ["failed"]:
                break
            await asyncio.sleep(0.02)
        assert states == ["failed"]


async def test_a_result_told_twice_is_heard_once(house: House) -> None:
    """A worker that died between telling and finishing tells again under the same ref."""
    _, me = await writer(house, "me")
    done = Done(at=house.world.now(), job="paper", args={"draft": 1}, result={})
    before = await house.look.events(me.scope, me.conversation, 0)
    for _ in range(2):
        await tell(house, Address(channel="house", external=str(me.conversation)), done, ref="job:9")
    after = await house.look.events(me.scope, me.conversation, 0)
    assert len(after) == len(before) + 1


async def test_wakes_ring_when_due_and_once(house: House) -> None:
    """Not before; then once; the row is gone."""
    clock = house.world
    assert isinstance(clock, Clock)
    address, scope, draft = await written(house)
    me = await house.look.visitor(address)
    assert me is not None
    row = {"conversation": me.conversation, "kind": "chosen", "due": clock.now() + timedelta(hours=1)}
    await house.desk.submit(lambda c: c.execute(insert(tables.wakes), {**row, "data": {"draft": draft}}) and None)
    assert await house.wakes.ring_due() == 0
    clock.forward(hours=2)
    assert await house.wakes.ring_due() == 1
    assert await house.wakes.ring_due() == 0
    said = await house.look.events(scope, me.conversation, -1, 1)
    assert any(b.press.endswith(b36(draft)) or b36(draft) in b.press for b in said[0].message.buttons)


async def test_the_supervisor_starts_again() -> None:
    """What breaks is run again, later each time; it ends when it is cancelled."""
    runs = 0

    async def breaks() -> None:
        nonlocal runs
        runs += 1
        raise RuntimeError

    task = asyncio.create_task(supervise("x", breaks))
    await asyncio.sleep(0.05)
    assert runs == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# ---------------------------------------------------------------- keeping


async def test_after_its_day_everything_goes(house: House) -> None:
    """Drafts, words, name and phone of who has nothing else; one event says so; the link starts anew."""
    clock = house.world
    assert isinstance(clock, Clock)
    address, scope, draft = await written(house)
    me = await house.look.visitor(address)
    assert me is not None
    clock.at = clock.now().replace(year=2027, month=12, day=31, hour=15)
    await house.retention.clean()
    assert await house.look.paper(scope, draft) is not None
    clock.forward(hours=2)  # midnight in Shanghai is over
    await house.retention.clean()
    assert await house.look.paper(scope, draft) is None
    assert await house.look.events(scope, me.conversation, 0) == []

    def left(c: Connection) -> tuple[object, ...]:
        person = c.execute(select(tables.people).where(tables.people.c.id == me.person)).one()
        events = [dict(r.params) for r in c.execute(select(tables.events)) if r.kind == "retention.let_go"]
        return person.name, person.phone, events

    name, phone, events = await house.readers.run(left)
    assert (name, phone) == ("", "")
    assert len(events) == 1 and events[0]["drafts"] == 1  # type: ignore[arg-type, index]
    await house.retention.clean()
    assert (await house.readers.run(left))[2] == events
    await tell(house, address, Said(at=clock.now(), text="你好"))
    assert await house.look.events(scope, me.conversation, 0)


# ---------------------------------------------------------------- one server a folder


async def test_a_second_server_is_refused(tmp_path: Path) -> None:
    """Beside it commands go on: they write in short transactions of their own."""
    settings = load(data=str(tmp_path / "data"), environ=environment(tmp_path))
    async with House(settings, served=True) as first:
        with pytest.raises(StoreBusy, match="正有一个服务在用"):
            async with House(settings, served=True):
                pass
        async with House(settings, busy=False) as second:
            made = await second.act(MakeInvite(unit=VILLAGE))
            assert isinstance(made, Acted)
        address = Address(channel="terminal", external="x")
        await tell(first, address, Knock(at=first.world.now(), link=made.result["link"], intent="new"))
        assert await first.look.visitor(address) is not None
    async with House(settings, served=True):
        pass


async def test_cases_by_number(house: House) -> None:
    """An unknown number finds nothing."""
    assert await house.readers.run(lambda c: commands.cases_numbered(c, "云溪26-999")) == []
