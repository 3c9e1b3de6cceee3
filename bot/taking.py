"""Updates taken within one transaction: repeats answered, knocks met, turns carried out, bugs set aside."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import replace

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot import outcome, welcome
from bot.batch import Batch, Item, Setting
from bot.channel import Address, Taken, Update, clean
from bot.engine.messages import Joined, Knock, Pressed, Reach, Reply, Turn
from bot.errors import StoreError
from storage import conversations, messages, quarantine
from storage.updates import Seen

_log = structlog.get_logger("desk")


def is_refusal(error: BaseException) -> bool:
    """Whether the database (not the turn) is what stopped: the whole batch goes back."""
    return isinstance(error, StoreError | DBAPIError | ConnectionError)


def take_all(connection: Connection, setting: Setting, items: Sequence[Item]) -> tuple[list[Taken], dict[int, int]]:
    """Takes all items in order and writes; returns the results and the conversations that have new messages.

    Raises what the database raises; then the transaction is to be rolled back, and nothing is true.
    """
    items = [_harmless(i) if i.trace else i for i in items]
    batch = Batch(connection, setting)
    batch.load([i.update for i in items])
    taken = [_take(batch, item) for item in items]
    batch.flush()
    return taken, batch.heard


def _harmless(item: Item) -> Item:
    """What the database is to find again is free of what it refuses; the incoming stays as it was."""
    u = item.update
    address = Address(channel=clean(u.address.channel), external=clean(u.address.external))
    return replace(item, update=replace(u, address=address, ref=clean(u.ref), digest=clean(u.digest)))


def _take(batch: Batch, item: Item) -> Taken:
    update = item.update
    key = (update.address.channel, update.ref)
    if key in batch.done:
        digest, taken = batch.done[key]
        return replace(taken, outcome="repeat" if digest == update.digest else "conflict")
    if key in batch.seen:
        return _repeat(batch, update, batch.seen[key])
    taken = _fresh(batch, item)
    if taken.outcome == "fresh":
        batch.done[key] = (update.digest, taken)
    return taken


def _repeat(batch: Batch, update: Update, seen: Seen) -> Taken:
    if seen.digest != update.digest:
        return Taken(outcome="conflict", conversation=seen.conversation)
    lines = messages.between(batch.connection, seen.conversation, seen.seq_from, seen.seq_to)
    replies = [(seq, message) for seq, message in lines if message.author == "bot"]
    last = conversations.seqs(batch.connection, [seen.conversation]).get(seen.conversation, 0)
    return Taken(
        outcome="repeat",
        seq=max(last, batch.heard.get(seen.conversation, 0)),
        conversation=seen.conversation,
        replies=tuple(message for _, message in replies),
        seqs=tuple(seq for seq, _ in replies),
    )


def _fresh(batch: Batch, item: Item) -> Taken:
    if item.trace:
        return _set_aside(batch, item, item.trace, said=False)
    if item.replays:
        quarantine.mark(batch.connection, item.replays, "replayed")
    try:
        return _turn(batch, item)
    except Exception as error:
        if is_refusal(error):
            raise
        return _set_aside(batch, item, traceback.format_exc(), error=error)


def _turn(batch: Batch, item: Item) -> Taken:
    address, incoming = item.update.address, item.update.incoming
    person = batch.person(address)
    incoming = welcome.as_code(incoming, batch.mind(person)) if person else welcome.as_knock(incoming)
    if isinstance(incoming, Knock):
        with batch.connection.begin_nested():
            met = welcome.meet(batch, address, incoming, person)
        if met.refusal is not None:
            return _refuse(batch, item, person, met.refusal)
        joined = Joined(at=incoming.at, ref=incoming.ref, first=met.first, role=met.role, by_code=met.by_code)
        return outcome.carry_out(batch, item, batch.mind(met.person), joined, also=met.also)
    if not person:
        return (
            Taken(outcome="refused") if isinstance(incoming, Reach) else _refused(batch, welcome.nobody(batch.setting))
        )
    if isinstance(incoming, Pressed) and incoming.press == welcome.BRING and welcome.bring(batch, person, incoming):
        incoming = Joined(at=incoming.at, ref=incoming.ref)
    return outcome.carry_out(batch, item, batch.mind(person), incoming)


def _refuse(batch: Batch, item: Item, person: int, reply: Reply) -> Taken:
    """Somebody who has a conversation reads in it why a knock was refused."""
    if not person:
        return _refused(batch, reply)
    mind = batch.mind(person)
    return outcome.store(batch, item, mind, Turn(conversation=mind.conversation, replies=(reply,)))


def _refused(batch: Batch, reply: Reply) -> Taken:
    return Taken(outcome="refused", replies=(batch.setting.wording.render(reply),))


def _set_aside(batch: Batch, item: Item, trace: str, *, said: bool = True, error: BaseException | None = None) -> Taken:
    """Keeps the update in the quarantine with its trace; the person gets one sentence with a number to name."""
    world, person = batch.setting.world, batch.person(item.update.address)
    batch.forget(person)  # a turn that broke off may have left its traces in memory
    mind = batch.mind(person) if person else None
    number = world.digits(6)
    quarantine.put(
        batch.connection,
        id=world.new_id(),
        number=number,
        conversation=mind.conversation.id if mind else 0,
        update=item.update,
        trace=trace,
        at=world.now(),
    )
    # The message of an exception may quote what a person wrote: the log gets the places alone.
    frames = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)] if error else []
    _log.error("quarantined", number=number, kind=type(error).__name__ if error else "", frames=frames[-8:])
    reply = Reply(key="trouble.bug", params={"ref": number})
    if mind is None:
        return _refused(batch, reply)
    return outcome.store(batch, item, mind, Turn(conversation=mind.conversation, replies=(reply,)), said=said)
