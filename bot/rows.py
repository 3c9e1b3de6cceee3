"""What a batch has to write, gathered turn by turn and written with one statement a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from bot.channel import Address
from bot.engine.model import (
    Answer,
    Attachment,
    CaseView,
    Comment,
    Conversation,
    Draft,
    Fragment,
    Person,
    Reminded,
    Texts,
)
from storage import comments, conversations, deliveries, drafts, messages, people, records, reminding, updates


@dataclass(slots=True)
class Mind:
    """One person as a batch knows them: what was loaded, with all turns of this batch applied.

    `loaded` is the version the database has; `spoken` says that the whole conversation is to be saved,
    `typed` that its half-typed text is.
    """

    person: Person
    conversation: Conversation
    loaded: int
    drafts: dict[int, Draft] = field(default_factory=dict)
    texts: dict[int, Texts] = field(default_factory=dict)
    cases: dict[int, CaseView] = field(default_factory=dict)
    comments: dict[int, tuple[Comment, ...]] = field(default_factory=dict)
    touched: dict[int, set[str]] = field(default_factory=dict)
    reminded: dict[int, Reminded] = field(default_factory=dict)
    spoken: bool = False
    typed: bool = False


@dataclass(slots=True)
class Rows:
    """New and changed rows of a batch. Written once, then thrown away."""

    minds: dict[int, Mind] = field(default_factory=dict)
    people: dict[int, Person] = field(default_factory=dict)
    new_drafts: dict[int, datetime] = field(default_factory=dict)
    drafts: dict[int, Draft] = field(default_factory=dict)
    answers: dict[tuple[int, str], list[tuple[Answer, datetime]]] = field(default_factory=dict)
    superseded: list[Answer] = field(default_factory=list)
    fragments: list[tuple[Fragment, datetime]] = field(default_factory=list)
    attachments: list[tuple[Attachment, datetime]] = field(default_factory=list)
    comments: list[tuple[Comment, datetime]] = field(default_factory=list)
    lines: list[messages.Line] = field(default_factory=list)
    owed: list[messages.Owed] = field(default_factory=list)
    taken: list[tuple[tuple[str, str], updates.Seen, datetime]] = field(default_factory=list)
    used: dict[Address, datetime] = field(default_factory=dict)
    events: list[records.EventRow] = field(default_factory=list)
    jobs: list[records.JobRow] = field(default_factory=list)
    wakes: dict[tuple[int, str], records.WakeRow] = field(default_factory=dict)
    reminded: list[tuple[int, str, Reminded]] = field(default_factory=list)
    woken: list[tuple[int, str, datetime]] = field(default_factory=list)
    shut: list[Address] = field(default_factory=list)

    def answer(self, answer: Answer, before: Answer | None, at: datetime) -> None:
        """A new version; `before` is the one it follows, stored or of this batch."""
        waiting = self.answers.setdefault((answer.draft, answer.question), [])
        if not waiting and before is not None:
            self.superseded.append(before)
        waiting.append((answer, at))

    def write(self, connection: Connection) -> None:
        """Writes everything. Raises Stale, IntegrityError or whatever the database says."""
        spoken = [m for m in self.minds.values() if m.spoken]
        conversations.save(connection, [(m.conversation, m.loaded) for m in spoken])
        conversations.save_typing(connection, [m.conversation for m in self.minds.values() if m.typed and not m.spoken])
        people.save(connection, self.people.values())
        people.touch(connection, self.used.items())
        drafts.add(connection, [(self.drafts[i], at) for i, at in self.new_drafts.items()])
        drafts.save(connection, [d for i, d in self.drafts.items() if i not in self.new_drafts])
        drafts.add_answers(
            connection,
            [(a, at, a is versions[-1][0]) for versions in self.answers.values() for a, at in versions],
            self.superseded,
        )
        drafts.add_fragments(connection, self.fragments)
        drafts.add_attachments(connection, self.attachments)
        people.keep(connection, [a.file for a, _ in self.attachments])
        comments.answer(connection, self.comments)
        messages.add(connection, self.lines)
        messages.owe(connection, self.owed)
        updates.add(connection, self.taken)
        records.add_events(connection, self.events)
        records.add_jobs(connection, self.jobs)
        reminding.save(connection, self.reminded)
        records.spend_wakes(connection, self.woken)
        records.set_wakes(connection, self.wakes.values())
        for address in self.shut:
            deliveries.shut(connection, address)
        for mind in self.minds.values():
            mind.loaded, mind.spoken, mind.typed = mind.conversation.version, False, False
