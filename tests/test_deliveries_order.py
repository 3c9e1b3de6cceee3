"""Whatever a process before this one left, and whatever comes meanwhile: messages come in their order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.acts import OpenEdition
from bot.channel import Address, Outgoing, Sent, Trace
from bot.deliveries import Deliveries
from bot.errors import ChannelError, TryLater
from storage import deliveries, people
from tests.homes import Clock, home, writer
from tests.test_deliveries import TO, Fake, Owing, texts


class Slow(Fake):
    """A messenger that takes its time, so that much can happen meanwhile."""

    async def send(self, to: Address, message: Outgoing, trace: Trace, *, notice: bool = False) -> Sent:
        """See `Fake`."""
        await asyncio.sleep(0.001)
        return await super().send(to, message, trace, notice=notice)


@pytest.fixture
async def owing(tmp_path: Path) -> AsyncIterator[Owing]:
    """A house with a writer to whom nothing has been sent yet; the channel is not open."""
    async with home(tmp_path, world=Clock(), busy=False) as house:
        await house.act(OpenEdition(call="short", first=True))
        _, me = await writer(house, "me")
        await house.desk.submit(lambda c: people.give_address(c, TO, me.person, house.world.now()))
        owing = Owing(house, me.conversation)
        owing.fake = Slow()
        yield owing
        await house.deliveries.close()


def numbered(first: int, last: int) -> list[Outgoing]:
    """Messages that say their own number."""
    return texts(*map(str, range(first, last + 1)))


async def until_sent(owing: Owing, count: int) -> None:
    """Looks again and again, as the house does, until so many were sent."""
    async with asyncio.timeout(20):
        while len(owing.fake.sent) < count:
            await owing.house.deliveries.look()
            await owing.house.deliveries.drain()


async def test_what_was_left_goes_before_what_comes(owing: Owing) -> None:
    """More is owed than one look claims; replies that come while it is being sent are sent behind all of it."""
    await owing.owe(*numbered(1, 600))
    await owing.house.deliveries.open(owing.fake)
    for n in range(601, 621):
        await owing.hand(*numbered(n, n))
        if n % 5 == 0:
            await owing.house.deliveries.look()
    await until_sent(owing, 620)
    assert owing.fake.sent == [str(n) for n in range(1, 621)]


async def test_what_a_dead_process_may_still_be_sending_is_waited_for(owing: Owing) -> None:
    """Its claim has not lapsed: a reply waits behind it, and both come when it has."""
    clock = owing.house.world
    assert isinstance(clock, Clock)
    await owing.owe(*numbered(1, 2), claimed=True)
    await owing.house.deliveries.open(owing.fake)
    await owing.hand(*numbered(3, 3))
    await owing.house.deliveries.look()
    await owing.house.deliveries.drain()
    assert owing.fake.sent == []
    clock.forward(minutes=2)
    await until_sent(owing, 3)
    assert owing.fake.sent == ["1", "2", "3"]


async def test_who_has_to_be_waited_for_is_known_after_a_restart(owing: Owing) -> None:
    """What was put off goes first when its time has come; nothing goes past it before."""
    clock = owing.house.world
    assert isinstance(clock, Clock)
    (debt,) = await owing.owe(*numbered(1, 1), claimed=True)
    later = clock.now() + timedelta(seconds=30)
    await owing.house.desk.submit(lambda c: deliveries.again(c, [debt.id], later))
    await owing.house.deliveries.open(owing.fake)
    await owing.hand(*numbered(2, 2))
    await owing.house.deliveries.drain()
    assert owing.fake.sent == []
    clock.forward(seconds=31)
    await until_sent(owing, 2)
    assert owing.fake.sent == ["1", "2"]


async def test_a_channel_that_takes_nothing_rests_and_loses_nothing(owing: Owing) -> None:
    """A fault that is neither a message's nor an address's: asked once, then no more for a minute."""
    clock = owing.house.world
    assert isinstance(clock, Clock)
    owing.fake.trouble = [ChannelError("nobody has this token")]
    await owing.owe(*numbered(1, 2))
    await owing.house.deliveries.open(owing.fake)
    await owing.hand(*numbered(3, 3))
    assert await owing.house.deliveries.look() == 0
    await owing.house.deliveries.drain()
    assert (owing.fake.sent, await owing.states()) == ([], ["owed"] * 3)
    clock.forward(seconds=61)
    await until_sent(owing, 3)
    assert owing.fake.sent == ["1", "2", "3"]


async def test_a_claim_that_is_under_way_when_the_house_closes_is_let_go(owing: Owing) -> None:
    """Told to stop in the middle of a look: what it has claimed was sent, or is owed."""
    deliver = owing.house.deliveries
    await deliver.open(owing.fake)
    await owing.owe(*numbered(1, 50))
    owing.fake.trouble = [None] * 10 + [TryLater(9)] * 3
    running = asyncio.create_task(deliver.run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await deliver.close(seconds=0.2)
    assert set(await owing.states()) == {"sent", "owed"}
    assert owing.fake.sent == [str(n) for n in range(1, 11)]


async def test_before_the_next_message_goes_the_last_one_is_noted(owing: Owing) -> None:
    """Whenever the program is killed, at most one message at an address is not known to have been sent."""
    deliver = owing.house.deliveries
    unnoted: list[int] = []

    class Looks(Slow):
        """Sees what is noted each time something is to be sent."""

        async def send(self, to: Address, message: Outgoing, trace: Trace, *, notice: bool = False) -> Sent:
            """See `Fake`."""
            unnoted.append(len(self.sent) - (await owing.states()).count("sent"))
            return await super().send(to, message, trace, notice=notice)

    owing.fake = Looks()
    await owing.owe(*numbered(1, 20))
    assert isinstance(deliver, Deliveries)
    await deliver.open(owing.fake)
    await until_sent(owing, 20)
    assert unnoted == [0] * 20
