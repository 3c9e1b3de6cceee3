"""What a turn has for consequences: rows to write, and the few things only the database can decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from bot.batch import HOUSE, Batch, Item
from bot.channel import Address, Debt, Outgoing, Taken, Update
from bot.engine import messages as m
from bot.engine.arriving import FETCH
from bot.engine.definition import Edition
from bot.engine.model import CaseView, Texts
from bot.engine.news import next_slot
from bot.engine.route import stops
from bot.engine.tree import COUNTY, TOWNSHIP, above, level_below
from bot.engine.values import evolve
from bot.errors import Stale
from bot.rows import Mind
from bot.workdays import china
from storage import cases, news, people, posts
from storage.codec import trace_in
from storage.messages import Line, Owed
from storage.records import EventRow, JobRow, WakeRow
from storage.updates import Seen

CODE_LIFE = timedelta(minutes=10)
LEASE = timedelta(minutes=1)  # so long what is owed is this process's to send
ASKER = "asker"  # of a job: the address that asked for it, [channel, external]
_TOUCH_AFTER = timedelta(minutes=1)  # how exactly an address's last use is known


def carry_out(batch: Batch, item: Item, mind: Mind, incoming: m.Incoming, also: tuple[m.Reply, ...] = ()) -> Taken:
    """Steps one update and keeps all that follows. Raises what the turn raises, and has then changed nothing."""
    turn = batch.step(mind, item.update.address, incoming)
    if also:
        turn = replace(turn, replies=(*turn.replies, *also))
    if turn.conflict:
        # Nothing is kept of it: the sender's screen still has the text, and shows both versions.
        return Taken(
            outcome="conflict",
            seq=mind.conversation.seq,
            conversation=mind.conversation.id,
            replies=tuple(batch.setting.wording.render(r) for r in turn.replies),
        )
    return store(batch, item, mind, turn, incoming=incoming)


def store(
    batch: Batch, item: Item, mind: Mind, turn: m.Turn, *, incoming: m.Incoming | None = None, said: bool = True
) -> Taken:
    """Keeps a turn. `incoming`: what was stepped, if it is not the update's own; `said`: keep the person's words."""
    incoming = incoming or item.update.incoming
    if turn.erase:
        batch.flush()  # all of this batch so far goes as well, and others' rows must outlive a failing savepoint
    asks = turn.submitted or turn.taken_back or turn.nominated or turn.unit or turn.late_key or turn.code_wanted
    with batch.connection.begin_nested() if asks or turn.erase else nullcontext():
        if turn.erase:
            _erase(batch, mind)
            turn = replace(turn, drafts=(), answers=(), fragments=(), attachments=(), person=None)
        turn, extra = _decide(batch, mind, turn, incoming)
        rendered = [batch.setting.wording.render(r, extra) for r in turn.replies]
    unheard = isinstance(incoming, m.Pressed) and not turn.replies  # pressed twice
    own = own_words(incoming) if said and not unheard else None
    lines = [own, *rendered] if own is not None else rendered
    if not isinstance(incoming, m.Typing) or lines:
        _keep_state(batch, mind, turn, incoming, item.update.address)
    taken = _keep_words(batch, item, mind, turn, lines, typing=isinstance(incoming, m.Typing) and not lines)
    if isinstance(incoming, m.Joined) and incoming.by_code:
        return replace(taken, owed=(*taken.owed, *_tell_others(batch, mind, item.update.address, taken)))
    return taken


# ---------------------------------------------------------------- what only the database can decide


def _decide(batch: Batch, mind: Mind, turn: m.Turn, incoming: m.Incoming) -> tuple[m.Turn, Mapping[str, Any]]:
    """Draws numbers and codes, makes and moves; returns the turn with what came of it, and gaps to fill."""
    extra: dict[str, Any] = {}
    if turn.unit is not None:
        turn = replace(turn, person=_with_unit(batch, turn.person or mind.person, turn.unit.name))
    if turn.submitted is not None:
        turn, extra["number"] = _submit(batch, mind, turn, turn.submitted, incoming)
    if turn.taken_back is not None:
        back = turn.taken_back
        cases.move(batch.connection, "take_back", back.case, back.n)
        known = mind.cases[back.draft]
        _tell_office(batch, known, batch.edition(mind.drafts[back.draft].edition), "taken_back", incoming.at)
        mind.cases[back.draft] = replace(known, state="taken_back")
    if turn.nominated is not None:
        _nominate(batch, mind, turn.nominated, incoming.at)
    if turn.late_key is not None:
        batch.let_in(mind, turn.late_key)
    if turn.code_wanted:
        setting = batch.setting
        digits = setting.world.digits(6)
        people.make_code(
            batch.connection,
            id=setting.world.new_id(),
            person=mind.person.id,
            hashed=people.code_hash(setting.site_key, digits),
            expires_at=setting.world.now() + CODE_LIFE,
        )
        extra["code"] = digits
    return turn, extra


def _with_unit(batch: Batch, person: Any, name: str) -> Any:
    """The person in the unit of this name below the invited one; an unknown name makes an unconfirmed node."""
    levels = batch.setting.levels
    invited = person.invited
    base = above(invited.path, invited.level, TOWNSHIP, levels)
    name = name.replace("/", "／").strip()
    name = name.removeprefix(base[-1]) or name
    path = (*base, name)
    unit = people.unit_at(batch.connection, path)
    if unit is None:
        unit = people.make_unit(
            batch.connection,
            batch.setting.world.new_id(),
            path,
            level_below(invited.path, invited.level, base, levels),
            confirmed=False,
        )
    return replace(person, unit=unit)


def _submit(batch: Batch, mind: Mind, turn: m.Turn, submitted: m.Submitted, incoming: m.Incoming) -> tuple[m.Turn, str]:
    person = turn.person or mind.person
    unit = person.unit or person.invited
    draft = next((d for d in turn.drafts if d.id == submitted.draft), None) or mind.drafts[submitted.draft]
    edition, levels, known = batch.edition(draft.edition), batch.setting.levels, mind.cases.get(draft.id)
    root = levels[levels.index(unit.level) - len(unit.path) + 1]
    first = stops(edition.call, unit.path, root, levels)[0]
    holder = people.unit_at(batch.connection, first.path)
    case = cases.submit(
        batch.connection,
        cases.Handed(
            new_id=batch.setting.world.new_id(),
            person=person.id,
            unit=unit,
            county="/".join(above(unit.path, unit.level, COUNTY, levels)),
            level=first.level,
            holder=holder.id if holder else unit.id,
            edition=edition,
            submitted=submitted,
            at=incoming.at,
        ),
        known,
    )
    _tell_office(batch, case, edition, "resubmitted" if known else "submitted", incoming.at)
    people.keep(
        batch.connection,
        [p.file for p in submitted.content.pictures] + [f.file for f in submitted.content.materials],
    )
    mind.cases[draft.id] = case
    others = tuple(d for d in turn.drafts if d.id != draft.id)
    return replace(turn, drafts=(*others, replace(draft, case=case.id))), case.number


def _nominate(batch: Batch, mind: Mind, nominated: m.Nominated, at: datetime) -> None:
    known = mind.cases[nominated.draft]
    holder = people.unit_at(batch.connection, nominated.path)
    if holder is None:
        raise Stale(f"nobody holds cases at {nominated.level}")
    cases.move(
        batch.connection,
        "nominate",
        nominated.case,
        nominated.n,
        at=known.level,
        level=nominated.level,
        holder=holder.id,
        opened_at=None,
        rank=0,
        nominated=True,
    )
    case = replace(known, state="waiting", level=nominated.level, first=False, opened=False)
    mind.cases[nominated.draft] = case
    _tell_office(batch, case, batch.edition(mind.drafts[nominated.draft].edition), "nominated", at)


def _tell_office(batch: Batch, case: CaseView, edition: Edition, event: str, at: datetime) -> None:
    """Those who have the case in hand hear of it, with all else that came, at the next time of telling."""
    due = next_slot(at, edition.call.zone, china())
    for known in posts.holders(batch.connection, cases.holder(batch.connection, case.id), at):
        news.add(batch.connection, known.conversation, due, event)


def _erase(batch: Batch, mind: Mind) -> None:
    people.erase(batch.connection, mind.person.id, mind.conversation.id)
    mind.person = replace(mind.person, name="", post="", phone="", unit=None)
    mind.drafts, mind.texts, mind.cases = {}, {}, {}


# ---------------------------------------------------------------- what is kept


def _keep_state(batch: Batch, mind: Mind, turn: m.Turn, incoming: m.Incoming, spoke: Address) -> None:
    rows, at = batch.rows, incoming.at
    if turn.person is not None and turn.person != mind.person:
        mind.person = rows.people[mind.person.id] = turn.person
    for draft in turn.drafts:
        if draft.id not in mind.drafts:
            rows.new_drafts[draft.id] = at
            mind.texts.setdefault(draft.id, Texts(answers={}, fragments={}, attachments={}))
        mind.drafts[draft.id] = rows.drafts[draft.id] = draft
    for fragment in turn.fragments:
        mind.texts[fragment.draft].fragments[fragment.id] = fragment  # type: ignore[index]
        rows.fragments.append((fragment, at))
    for attachment in turn.attachments:
        mind.texts[attachment.draft].attachments[attachment.id] = attachment  # type: ignore[index]
        rows.attachments.append((attachment, at))
    for comment in turn.comments:
        noted = mind.comments[comment.draft]
        mind.comments[comment.draft] = tuple(comment if c.id == comment.id else c for c in noted)
        rows.comments.append((comment, at))
    for answer in turn.answers:
        answers = mind.texts[answer.draft].answers
        rows.answer(answer, answers.get(answer.question), at)
        answers[answer.question] = answer  # type: ignore[index]
        if mind.drafts[answer.draft].state == "returned":
            mind.touched.setdefault(answer.draft, set()).add(answer.question)
    _keep_records(batch, mind, turn, incoming, spoke)


def _keep_records(batch: Batch, mind: Mind, turn: m.Turn, incoming: m.Incoming, spoke: Address) -> None:
    rows, conversation, at = batch.rows, mind.conversation.id, incoming.at
    unit = "/".join((mind.person.unit or mind.person.invited).path)
    for event in turn.events:
        case = mind.drafts[event.draft].case if event.draft in mind.drafts else 0
        rows.events.append(
            EventRow(batch.next_event(), at, mind.person.id, event.kind, event.draft, case, unit, dict(event.params))
        )
    for want in turn.wants:
        args = {**want.args, ASKER: [spoke.channel, spoke.external]} if spoke.channel != HOUSE else dict(want.args)
        rows.jobs.append(JobRow(batch.setting.world.new_id(), want.job, conversation, args, at))
    if isinstance(incoming, m.Woke):
        rows.woken.append((conversation, incoming.kind, at))
    for one in turn.reminded:
        mind.reminded[one.edition] = one
        rows.reminded.append((mind.person.id, "", one))
    for wake in turn.wakes:
        rows.wakes[conversation, wake.kind] = WakeRow(conversation, wake.kind, wake.at, dict(wake.data))


def _keep_words(batch: Batch, item: Item, mind: Mind, turn: m.Turn, lines: list[Outgoing], *, typing: bool) -> Taken:
    """Messages with their seqs, what is owed, and the update itself."""
    rows, update, world = batch.rows, item.update, batch.setting.world
    before, now = mind.conversation, world.now()
    first = before.seq + 1
    kept = [Line(before.id, seq, update.ref, line, now) for seq, line in enumerate(lines, first)]
    rows.lines += kept
    replies = [line for line in kept if line.message.author == "bot"]
    seq = before.seq + len(lines)
    version = before.version if typing else before.version + 1
    mind.conversation = evolve(turn.conversation, seq=seq, version=version)
    mind.typed, mind.spoken = mind.typed or typing, mind.spoken or not typing
    rows.minds[mind.person.id] = mind
    rows.taken.append(((update.address.channel, update.ref), Seen(update.digest, before.id, first, seq), now))
    _note_use(batch, update.address, update.incoming, now)
    if lines:
        batch.heard[before.id] = seq
    return Taken(
        outcome="fresh",
        seq=seq,
        conversation=before.id,
        replies=tuple([line.message for line in replies]),
        seqs=tuple([line.seq for line in replies]),
        wants=bool(turn.wants),
        wakes=bool(turn.wakes),
        owed=_owe(batch, mind, update, replies, now) if replies else (),
        stands=None if turn.erase else batch.standing(mind, kept),
    )


def _owe(batch: Batch, mind: Mind, update: Update, replies: list[Line], now: datetime) -> tuple[Debt, ...]:
    """Owes the replies to whoever can be spoken to; what this process itself is to send, if that is so."""
    to = batch.listener(mind, _asker(update))
    if to is None:
        return ()
    return _owe_to(batch, to, batch.stands(mind, to), replies, now, notice=isinstance(update.incoming, m.Woke | m.Told))


def _owe_to(
    batch: Batch, to: Address, stands: str, replies: Sequence[Line], now: datetime, *, notice: bool
) -> tuple[Debt, ...]:
    mine = to.channel in batch.setting.delivers
    until = now + LEASE if mine else None
    debts = [
        Debt(
            id=batch.setting.world.new_id(),
            to=to,
            conversation=line.conversation,
            seq=line.seq,
            message=line.message,
            notice=notice,
            trace=trace_in(stands),
        )
        for line in replies
    ]
    batch.rows.owed += [Owed(d.id, d.conversation, d.seq, to, d.message.slot, now, until) for d in debts]
    return tuple(debts) if mine else ()


def _tell_others(batch: Batch, mind: Mind, spoke: Address, taken: Taken) -> list[Debt]:
    """The first line of what was said when a device came by code, for the messengers where the person was before."""
    now = batch.setting.world.now()
    line = Line(taken.conversation, taken.seqs[0], "", taken.replies[0], now)
    others = people.open_addresses(batch.connection, [mind.person.id]).get(mind.person.id, {})
    return [
        debt
        for to, stands in others.items()
        if to != spoke and batch.caps(to).push
        for debt in _owe_to(batch, to, stands, [line], now, notice=True)
    ]


def _asker(update: Update) -> Address:
    """Who spoke; of a finished job whoever asked for it."""
    incoming = update.incoming
    if isinstance(incoming, m.Done) and ASKER in incoming.args:
        channel, external = incoming.args[ASKER]
        return Address(channel=channel, external=external)
    return update.address


def _note_use(batch: Batch, address: Address, incoming: m.Incoming, now: datetime) -> None:
    """Somebody spoke from there, or has closed the door."""
    known = batch.spoke_from(address)
    if isinstance(incoming, m.Reach) and not incoming.open:
        batch.rows.shut.append(address)
    elif known is not None and (known.state != "open" or now - known.last_used > _TOUCH_AFTER):
        batch.rows.used[address] = now


def own_words(incoming: m.Incoming) -> Outgoing | None:
    """What the person said, as their own message; None where nothing of it is shown."""
    if isinstance(incoming, m.Said | m.Edited):
        return Outgoing(text=incoming.text, author="me") if incoming.text.strip() else None
    if isinstance(incoming, m.Pressed):
        return Outgoing(text=incoming.label, author="me") if incoming.label else None
    if isinstance(incoming, m.Shared):
        return Outgoing(text=incoming.phone or incoming.place, author="me")
    if isinstance(incoming, m.Sent):
        return _files_sent([asdict(f) for f in incoming.files], incoming.caption)
    if isinstance(incoming, m.Done) and incoming.job == FETCH and incoming.result.get("files"):
        files = incoming.result["files"]
        return _files_sent(files, "\n".join([f["caption"] for f in files if f["caption"]]))
    return None


def _files_sent(files: Sequence[Mapping[str, Any]], caption: str) -> Outgoing:
    items = [{"file": f["file"], "kind": f["kind"], "name": f["name"], "caption": ""} for f in files]
    return Outgoing(text=caption, card={"kind": "pictures", "items": items}, author="me")
