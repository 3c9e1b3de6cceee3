"""The schema. Tables and columns carry the glossary's words.

Ids are 63-bit integers from `World.new_id()`, so nobody asks the database for one; 0 stands for "none"
where the engine's values say 0. Times are `Instant` (aware UTC). What the program itself never searches
is `Json`. Columns that name something which may be gone while the row stays (an erased draft of a case)
have no foreign key, on purpose.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects import postgresql

from storage.columns import flag, instant, metadata, number, own_id, ref, string
from storage.tables_office import (
    cases,
    chain,
    comments,
    counters,
    decisions,
    documents,
    enclosures,
    events,
    files,
    jobs,
    late_grants,
    late_keys,
    phrases,
    plans,
    quotas,
    submissions,
    uploads,
    wakes,
)
from storage.types import Json, Numbers

__all__ = [
    "addresses",
    "answers",
    "attachments",
    "cases",
    "chain",
    "codes",
    "comments",
    "conversations",
    "counters",
    "decisions",
    "deliveries",
    "documents",
    "drafts",
    "editions",
    "enclosures",
    "events",
    "extensions",
    "files",
    "fragments",
    "invites",
    "jobs",
    "late_grants",
    "late_keys",
    "messages",
    "metadata",
    "people",
    "phrases",
    "plans",
    "quarantine",
    "quotas",
    "redeems",
    "reminders",
    "roles",
    "submissions",
    "units",
    "updates",
    "uploads",
    "wakes",
]

# ---------------------------------------------------------------- the tree and the people

# Tables without rowid lie in the order of their key: what is read together lies together, in one tree instead of two.

# `path` is the names from the root down, joined by "/": "云溪县/石桥镇/槐树村".
units = Table(
    "units",
    metadata,
    own_id(),
    ref("parent", "units.id", null=True),
    string("name", None),
    string("level", None),
    Column("path", Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False, unique=True),
    Column("confirmed", Boolean, nullable=False, server_default=text("true")),
    string("kind"),
    Index(None, "parent"),
)

people = Table(
    "people",
    metadata,
    own_id(),
    string("name"),
    string("post"),
    string("phone"),
    ref("invited", "units.id"),
    ref("unit", "units.id", null=True),
    flag("erased"),
    instant("created_at"),
    string("pin"),  # its Argon2 hash; "": none is set
    Index(None, "unit"),
    Index(None, "invited"),
)

roles = Table(
    "roles",
    metadata,
    ref("person", "people.id", cascade=True),
    string("role", None),  # writer | coordinator | administrator
    ref("unit", "units.id"),
    instant("until", null=True),  # a stand-in's last instant
    ref("instead"),  # whom a stand-in stands in for
    PrimaryKeyConstraint("person", "role", "unit"),
    Index(None, "unit"),
)

# For the page `external` is the hash of the session's token; created_at and last_used bound its life.
addresses = Table(
    "addresses",
    metadata,
    string("channel", None),
    string("external", None),
    ref("person", "people.id", cascade=True),
    string("state", "open"),  # open | blocked
    instant("created_at"),
    instant("last_used"),
    string("stands"),  # what a messenger shows there: see `storage.codec.trace_out`
    PrimaryKeyConstraint("channel", "external"),
    Index(None, "person"),
)

invites = Table(
    "invites",
    metadata,
    own_id(),
    ref("unit", "units.id"),
    string("role", "writer"),
    flag("personal"),
    Column("uses_left", Integer, nullable=True),  # null: without a limit
    instant("expires_at", null=True),
    flag("revoked"),
    number("n"),  # part of the link's signature: revoking raises it
    ref("person", "people.id", null=True),  # whom a personal invite is bound to
    ref("edition", "editions.id", null=True),
    ref("issuer"),  # a person, 0: the command line
    string("note"),
    instant("created_at"),
    ref("replaces"),  # whose role at this unit ends when it is redeemed
    Index(None, "unit"),
)

# Every try of an invite, for "five an hour" and for showing the issuer who used it.
redeems = Table(
    "redeems",
    metadata,
    own_id(),
    ref("invite"),  # 0: a 接续码 was tried
    string("channel", None),
    string("external", None),
    ref("person"),
    string("outcome", None),  # new | resume | takeover | refused
    instant(),
    Index(None, "invite", "at"),
)

# 接续码: six digits kept as a keyed hash, ten minutes, once.
codes = Table(
    "codes",
    metadata,
    own_id(),
    Column("hash", Text, nullable=False, index=True),
    ref("person", "people.id", cascade=True),
    instant("expires_at"),
    instant("used_at", null=True),
    ref("other"),  # whose device it was used on, as long as that person's drafts may still be brought along
)

# ---------------------------------------------------------------- what is collected

editions = Table(
    "editions",
    metadata,
    own_id(),
    string("call", None),
    string("title", None),
    instant("opened_at"),
    instant("due"),
    Column("dates", Json, nullable=False),  # level id -> ISO instant
    Column("office", Json, nullable=False),  # the fields of Office; keep_until as an ISO date
    flag("closed"),
)

extensions = Table(
    "extensions",
    metadata,
    ref("edition", "editions.id", cascade=True),
    string("level"),  # "": the writer's date
    ref("unit", "units.id"),
    instant("until"),
    PrimaryKeyConstraint("edition", "level", "unit"),
)

# What somebody was reminded of. `level`: "" as a writer, else as somebody who holds that level's cases.
reminders = Table(
    "reminders",
    metadata,
    ref("person", "people.id", cascade=True),
    ref("edition", "editions.id", cascade=True),
    string("level"),
    instant("told_at", null=True),
    number("unanswered"),  # how often since they last came
    flag("off"),  # they want no more of it
    PrimaryKeyConstraint("person", "edition", "level"),
)

conversations = Table(
    "conversations",
    metadata,
    own_id(),
    Column("person", BigInteger, ForeignKey("people.id"), nullable=False, unique=True),
    number("version"),
    number("seq"),
    Column("focus", Json, nullable=True),
    Column("pending", Json, nullable=True),
    string("typing_question"),
    string("typing_text"),
    string("undo"),  # a line of JSON an entry
    string("consent"),
    flag("declined"),
    instant("seen_at", null=True),
    Column("arriving", Json, nullable=True),
    string("spoke"),  # the channel on which the person spoke last
    string("pressed"),  # the last button: its message, a space, its id
)

drafts = Table(
    "drafts",
    metadata,
    own_id(),
    ref("person", "people.id"),
    string("call", None),
    ref("edition", "editions.id", null=True),  # null: the profile
    string("state", "writing"),  # writing | handed_in | returned | closed
    string("title"),
    number("words"),
    number("sections_done"),
    number("next", 1),
    number("n"),
    ref("case"),
    string("at"),  # the question last in focus
    instant("created_at"),
    instant("seen_at", null=True),
    string("track"),  # the one chosen, where the call has tracks
    Index(None, "person"),
    Index(None, "edition", "state"),
)

answers = Table(
    "answers",
    metadata,
    ref("draft", "drafts.id", cascade=True),
    string("question", None),
    Column("n", Integer, nullable=False),
    string("state", None),  # open | closed | skipped | none
    Column("parts", Numbers, nullable=False),
    Column("picks", Json, nullable=False),
    number("words"),
    instant(),
    Column("latest", Boolean, nullable=False),
    PrimaryKeyConstraint("draft", "question", "n"),
    Index(
        "ix_answers_latest",
        "draft",
        "question",
        unique=True,
        sqlite_where=text("latest = 1"),  # word for word as the query says it, or SQLite passes it over
        postgresql_where=text("latest"),
    ),
    sqlite_with_rowid=False,
)

fragments = Table(
    "fragments",
    metadata,
    ref("draft", "drafts.id", cascade=True),
    Column("id", Integer, nullable=False),
    string("question", None),
    string("text", None),
    number("words"),
    string("source"),
    instant(),
    PrimaryKeyConstraint("draft", "id"),
    sqlite_with_rowid=False,
)

attachments = Table(
    "attachments",
    metadata,
    ref("draft", "drafts.id", cascade=True),
    Column("id", Integer, nullable=False),
    string("question", None),
    string("kind", None),  # picture | file | voice
    Column("file", Text, nullable=False, index=True),
    string("name"),
    string("mime"),
    Column("size", BigInteger, nullable=False, server_default="0"),
    number("width"),
    number("height"),
    string("source"),
    instant(),
    PrimaryKeyConstraint("draft", "id"),
)

# ---------------------------------------------------------------- what was said

# `body`: {"text", "buttons": [[press, label, strong, note?], …], "card": {…} | null}.
messages = Table(
    "messages",
    metadata,
    ref("conversation", "conversations.id", cascade=True),
    Column("seq", Integer, nullable=False),
    string("cause"),
    string("slot"),
    string("author", "bot"),  # bot | me
    Column("body", Json, nullable=False),
    instant(),
    PrimaryKeyConstraint("conversation", "seq"),
)

deliveries = Table(
    "deliveries",
    metadata,
    own_id(),
    ref("conversation", "conversations.id", cascade=True),
    Column("seq", Integer, nullable=False),
    string("channel", None),
    string("external", None),
    string("state", "owed"),  # owed | claimed | sent | failed
    instant("after", null=True),  # not before
    instant("claimed_until", null=True),
    string("messenger"),  # the messenger's id of what was sent
    string("slot"),
    number("tries"),
    instant(),
    Index(None, "state", "conversation", "seq"),
    Index(None, "conversation", "channel", "external", "slot"),
)

# What has been taken in, once each: the messages it caused are seq_from … seq_to.
updates = Table(
    "updates",
    metadata,
    string("channel", None),
    string("ref", None),
    string("digest"),
    ref("conversation"),
    number("seq_from"),
    number("seq_to"),
    instant(),
    PrimaryKeyConstraint("ref", "channel"),  # the ref first: it alone finds the row, whatever the planner knows
    Index(None, "at"),
    sqlite_with_rowid=False,
)

quarantine = Table(
    "quarantine",
    metadata,
    own_id(),
    string("channel", None),
    string("external", None),
    string("ref", None),
    ref("conversation"),
    string("number", None),  # what the person was told to name on the phone
    string("update", None),  # JSON in plain ASCII: whatever poisoned the turn must not poison this row
    string("trace"),
    string("state", "open"),  # open | replayed | dropped
    instant(),
    Index(None, "state", "at"),
)
