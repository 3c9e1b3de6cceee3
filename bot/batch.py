"""What one batch of updates knows: read in one query a table, stepped in memory, written at the end.

A `Batch` lives as long as its transaction and is thrown away with it: nothing of the database is kept in
memory between batches, since another process may have written meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from bot.channel import Address, ChannelCaps, Outgoing, Taken, Update
from bot.engine.definition import Call, Edition, Extension, LateKey
from bot.engine.latekeys import code_in
from bot.engine.messages import Arrived, Incoming, LateUse, Reach, Reply, Said, Turn, Typing
from bot.engine.model import PROFILE, Caps, Conversation, NotLoaded, Texts, Unread, View
from bot.engine.tree import TOWNSHIP, above
from bot.engine.values import evolve, value
from bot.engine.vocabulary import Vocabulary
from bot.errors import Stale
from bot.rows import Mind, Rows
from bot.world import World
from storage import cases, comments, conversations, drafts, editions, latekeys, people, reminding, updates
from storage.messages import Line

_T = TypeVar("_T")
NO_CAPS = ChannelCaps()
HOUSE = "house"  # the house's own address: external is the conversation's id

Step = Callable[[View, Conversation, Incoming], Turn]


@value
class Standing:
    """How a conversation stands after an update: its screen can be drawn without reading it again.

    `mind` is the batch's own, with all that the same person sent in it; once the batch is committed nobody
    changes it any more. `lines` are the messages of this update.
    """

    mind: Mind
    lines: tuple[Line, ...]
    editions: Mapping[int, Edition]
    extensions: tuple[Extension, ...]


class Speaker(Protocol):
    """What the desk needs of the wording."""

    @property
    def vocabulary(self) -> Vocabulary: ...

    def render(self, reply: Reply, extra: Mapping[str, Any] | None = None) -> Outgoing: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What stays the same from batch to batch.

    `levels`: the names of the tree's levels from the top down. `contact` and `phone`: whom to ask where no
    edition says so. `consent`: the version of the consent's words. `delivers`: the channels whose messages this
    process sends itself. `bot` and `home`: Telegram's name of us and the page's address, "" if there is none.
    """

    world: World
    wording: Speaker
    calls: Mapping[str, Call]
    profile: Call
    step: Step
    channels: Mapping[str, ChannelCaps]
    site_key: bytes
    levels: tuple[str, ...]
    contact: str = ""
    phone: str = ""
    consent: str = "1"
    delivers: frozenset[str] = frozenset()
    bot: str = ""
    home: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """An update to be taken. `replays`: the row of the quarantine it comes from. `trace`: why it must not
    be stepped but quarantined."""

    update: Update
    replays: int = 0
    trace: str = ""


class Batch:
    """What one transaction knows. `heard`: conversations with new messages, and their last seq.

    `seen`: what was taken in earlier transactions; `done`: in this one, with digest and result.
    """

    def __init__(self, connection: Connection, setting: Setting) -> None:
        self.connection = connection
        self.setting = setting
        self.rows = Rows()
        self.heard: dict[int, int] = {}
        self.seen: dict[tuple[str, str], updates.Seen] = {}
        self.done: dict[tuple[str, str], tuple[str, Taken]] = {}
        self._minds: dict[int, Mind] = {}
        self._known: dict[Address, people.Known] = {}
        self._owners: dict[int, int] = {}
        self._push: dict[int, dict[Address, str]] = {}
        self._editions: dict[int, Edition] = {}
        self._extensions: tuple[Extension, ...] = ()
        self._late_keys: tuple[LateKey, ...] = ()
        self._last_event = 0

    def person(self, address: Address) -> int:
        """Whose an address is; 0 for a stranger's."""
        if address.channel == HOUSE:
            return self._owners.get(int(address.external) if address.external.isdecimal() else 0, 0)
        known = self._known.get(address)
        return known.person if known else 0

    # ------------------------------------------------------------ reading

    def load(self, taken: Sequence[Update]) -> None:
        """Reads, in one query a table, what these updates need, and which of them were taken before."""
        self.seen = updates.seen(self.connection, {(u.address.channel, u.ref) for u in taken})
        new = [u for u in taken if (u.address.channel, u.ref) not in self.seen]
        self._known = people.find(self.connection, {u.address for u in new if u.address.channel != HOUSE})
        house = {int(u.address.external) for u in new if u.address.channel == HOUSE and u.address.external.isdecimal()}
        self._editions = editions.load(self.connection, self.setting.calls)
        self._extensions = editions.granted(self.connection)
        if any(isinstance(u.incoming, Said) and code_in(u.incoming.text, self.setting.wording.vocabulary) for u in new):
            self._late_keys = latekeys.load(self.connection, self.setting.site_key)
        other = {self.person(u.address) for u in new if not _adds(u.incoming)}
        self.load_minds({k.person for k in self._known.values()}, house, whole=other)
        self._push = people.open_addresses(self.connection, {self._owners[c] for c in house if c in self._owners})

    def load_minds(
        self, persons: Collection[int], ids: Collection[int] = (), *, whole: Collection[int] | None = None
    ) -> None:
        """Loads people by their ids or their conversations' ids, with what a step is likely to look at.

        `whole`: those of `persons` whose step looks at what is written already; None: all of them.
        """
        found: list[Mind] = []
        for person, conversation in conversations.load(self.connection, persons=persons, ids=ids):
            if person.id not in self._minds:
                mind = Mind(person=person, conversation=conversation, loaded=conversation.version)
                self._minds[person.id] = mind
                self._owners[conversation.id] = person.id
                found.append(mind)
        for draft in drafts.load(self.connection, [m.person.id for m in found]):
            self._minds[draft.person].drafts[draft.id] = draft
        submitted = [d.id for m in found for d in m.drafts.values() if d.case]
        for draft_id, case in cases.load(self.connection, submitted, self._editions).items():
            next(m for m in found if draft_id in m.drafts).cases[draft_id] = case
        returned = {c.id: (m, d) for m in found for d, c in m.cases.items() if c.state == "returned"}
        for case_id, noted in comments.load(self.connection, returned).items():
            mind, draft_id = returned[case_id]
            mind.comments[draft_id] = tuple(evolve(c, draft=draft_id) for c in noted)
        for draft_id, questions in comments.touched(self.connection, [d for _, d in returned.values()]).items():
            next(m for m in found if draft_id in m.drafts).touched[draft_id] = questions
        told = reminding.load(self.connection, [m.person.id for m in found])
        for mind in found:
            mind.reminded = told.get(mind.person.id, {})
        wanted = {d: m for m in found for d in _likely(m)}
        slim = [
            d for d, m in wanted.items() if whole is not None and m.person.id in persons and m.person.id not in whole
        ]
        for draft_id, texts in drafts.outlines(self.connection, slim).items():
            wanted.pop(draft_id).texts[draft_id] = texts
        for draft_id, texts in drafts.texts(self.connection, wanted).items():
            wanted[draft_id].texts[draft_id] = texts

    def flush(self) -> None:
        """Writes what there is, within the transaction."""
        self.rows.write(self.connection)
        self.rows = Rows()

    def forget(self, *persons: int) -> None:
        """Writes what there is and reads these people anew when they are next looked at."""
        self.flush()
        for person in persons:
            self._minds.pop(person, None)

    def mind(self, person: int) -> Mind:
        """The person's state, loaded if need be."""
        if person not in self._minds:
            self.load_minds([person])
        return self._minds[person]

    def give(self, address: Address, person: int, *, only: bool) -> None:
        """Notes that an address changed hands within this batch; `only`: the person has no other."""
        if only:
            self._known = {a: k for a, k in self._known.items() if k.person != person}
        self._known[address] = people.Known(person, "open", self.setting.world.now())

    def let_in(self, mind: Mind, used: LateUse) -> None:
        """Takes a use of a late key: from now on the person's own date is the key's. Raises Stale."""
        if not latekeys.use(self.connection, used, mind.person.id):
            raise Stale(f"late key {used.key}")
        unit = mind.person.unit or mind.person.invited
        own = (used.edition, mind.person.id)
        rest = tuple(e for e in self._extensions if (e.edition, e.person) != own)
        added = Extension(
            edition=used.edition, level="", unit=unit.id, until=used.until, person=mind.person.id, key=used.key
        )
        self._extensions = (*rest, added)
        keys = self._late_keys
        self._late_keys = tuple(replace(k, left=k.left - 1) if k.id == used.key else k for k in keys)

    def next_event(self) -> int:
        """An id for an event, greater than all before it in this batch."""
        self._last_event = max(self._last_event + 1, self.setting.world.new_id())
        return self._last_event

    # ------------------------------------------------------------ for those who carry a turn out

    def step(self, mind: Mind, address: Address, incoming: Incoming) -> Turn:
        """The engine's turn. Raises what the engine raises."""
        return self.show(mind, address, incoming.at, lambda view, told: self.setting.step(view, told, incoming))

    def show(self, mind: Mind, address: Address, at: datetime, work: Callable[[View, Conversation], _T]) -> _T:
        """Runs pure work on what is known at an instant; a draft it misses is loaded, and it runs again."""
        while True:
            try:
                return work(self._view(mind, address, at), mind.conversation)
            except NotLoaded as missing:
                if missing.draft not in mind.drafts:
                    raise
                mind.texts[missing.draft] = self._read(missing.draft, mind.texts.get(missing.draft))

    def _read(self, draft: int, outline: Texts | None) -> Texts:
        """A draft's texts, with what this batch has added to them and not written yet."""
        stored = drafts.texts(self.connection, [draft])[draft]
        if outline is None:
            return stored
        added, attached = outline.fragments, outline.attachments
        if not isinstance(added, Unread) or not isinstance(attached, Unread):
            raise NotLoaded(draft)
        return Texts(
            answers=outline.answers,
            fragments={**stored.fragments, **added.known()},
            attachments={**stored.attachments, **attached.known()},
        )

    def standing(self, mind: Mind, lines: Sequence[Line]) -> Standing:
        """How a mind stands, for whoever draws it once this batch is written."""
        return Standing(mind=mind, lines=tuple(lines), editions=self._editions, extensions=self._extensions)

    def _view(self, mind: Mind, address: Address, at: datetime) -> View:
        setting, focus = self.setting, mind.conversation.focus
        spoke = address if address.channel != HOUSE else next(reversed(self._push.get(mind.person.id, {})), address)
        about_self = mind.person.unit is None or (focus is not None and _is_profile(mind, focus.draft))
        units: tuple[str, ...] = ()
        if about_self:
            invited = mind.person.invited
            units = people.names_below(self.connection, above(invited.path, invited.level, TOWNSHIP, setting.levels))
        known = (mind, self._editions, self._extensions)
        new_id, keys = setting.world.new_id(), self._late_keys
        return view_of(setting, *known, spoke.channel, at, units=units, late_keys=keys, new_id=new_id)

    def edition(self, id: int) -> Edition:
        """An edition. Raises KeyError."""
        return self._editions[id]

    def caps(self, address: Address) -> ChannelCaps:
        """What the address's channel can do; an unknown channel can do nothing of its own."""
        return self.setting.channels.get(address.channel, NO_CAPS)

    def listener(self, mind: Mind, address: Address) -> Address | None:
        """Where replies are pushed: the address that spoke; for the house's own words the last used one that can."""
        around = [address] if address.channel != HOUSE else reversed(self._push.get(mind.person.id, {}))
        return next((a for a in around if self.caps(a).push), None)

    def stands(self, mind: Mind, address: Address) -> str:
        """What was noted to stand at an address of theirs."""
        known = self._known.get(address)
        return known.stands if known else self._push.get(mind.person.id, {}).get(address, "")

    def spoke_from(self, address: Address) -> people.Known | None:
        """What is known of an address; None for the house's own."""
        return self._known.get(address)


def view_of(
    setting: Setting,
    mind: Mind,
    editions: Mapping[int, Edition],
    extensions: tuple[Extension, ...],
    channel: str,
    at: datetime,
    *,
    units: tuple[str, ...] = (),
    late_keys: tuple[LateKey, ...] = (),
    new_id: int = 0,
) -> View:
    """What the engine may look at, as it is shown on a channel at an instant."""
    return View(
        now=at,
        person=mind.person,
        profile=setting.profile,
        editions=editions,
        drafts=mind.drafts,
        texts=mind.texts,
        cases=mind.cases,
        comments=mind.comments,
        touched=mind.touched,
        reminded=mind.reminded,
        units=units,
        extensions=extensions,
        late_keys=late_keys,
        caps=_caps(channel, setting.channels.get(channel, NO_CAPS)),
        vocabulary=setting.wording.vocabulary,
        levels=setting.levels,
        consent=setting.consent,
        bot=setting.bot,
        home=setting.home,
        new_id=new_id,
    )


def _caps(name: str, caps: ChannelCaps) -> Caps:
    return Caps(name=name, page=caps.page, edits=caps.edits, shares=caps.shares, menu=caps.menu)


def _adds(incoming: Incoming) -> bool:
    """What only adds to a draft, as nearly every turn does: its latest answers are enough."""
    return isinstance(incoming, Said | Typing | Arrived | Reach) and not getattr(incoming, "cut", False)


def _is_profile(mind: Mind, draft: int) -> bool:
    return draft in mind.drafts and mind.drafts[draft].call == PROFILE


def _likely(mind: Mind) -> list[int]:
    """The drafts whose texts a step will look at: the focused one's. What else it misses, it asks for."""
    focus = mind.conversation.focus
    return [focus.draft] if focus is not None and focus.draft in mind.drafts else []
