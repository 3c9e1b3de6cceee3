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

from storage.columns import flag, instant, metadata, number, own_id, ref, words
from storage.tables_office import (
    cases,
    comments,
    counters,
    decisions,
    documents,
    events,
    files,
    jobs,
    submissions,
    uploads,
    wakes,
)
from storage.types import Json

__all__ = [
    "addresses",
    "answers",
    "attachments",
    "cases",
    "codes",
    "comments",
    "conversations",
    "counters",
    "decisions",
    "deliveries",
    "documents",
    "drafts",
    "editions",
    "events",
    "extensions",
    "files",
    "fragments",
    "invites",
    "jobs",
    "messages",
    "metadata",
    "people",
    "quarantine",
    "redeems",
    "roles",
    "submissions",
    "units",
    "updates",
    "uploads",
    "wakes",
]

# ---------------------------------------------------------------- the tree and the people

# `path` is the names from the root down, joined by "/": "云溪县/石桥镇/槐树村".
units = Table(
    "units",
    metadata,
    own_id(),
    ref("parent", "units.id", null=True),
    words("name", None),
    words("level", None),
    Column("path", Text, nullable=False, unique=True),
    Column("confirmed", Boolean, nullable=False, server_default=text("true")),
    words("kind"),
)

people = Table(
    "people",
    metadata,
    own_id(),
    words("name"),
    words("post"),
    words("phone"),
    ref("invited", "units.id"),
    ref("unit", "units.id", null=True),
    flag("erased"),
    instant("created_at"),
)

roles = Table(
    "roles",
    metadata,
    ref("person", "people.id", cascade=True),
    words("role", None),  # writer | coordinator | administrator
    ref("unit", "units.id"),
    PrimaryKeyConstraint("person", "role", "unit"),
    Index(None, "unit"),
)

# For the page `external` is the hash of the session's token; created_at and last_used bound its life.
addresses = Table(
    "addresses",
    metadata,
    words("channel", None),
    words("external", None),
    ref("person", "people.id", cascade=True),
    words("state", "open"),  # open | blocked
    instant("created_at"),
    instant("last_used"),
    PrimaryKeyConstraint("channel", "external"),
    Index(None, "person"),
)

invites = Table(
    "invites",
    metadata,
    own_id(),
    ref("unit", "units.id"),
    words("role", "writer"),
    flag("personal"),
    Column("uses_left", Integer, nullable=True),  # null: without a limit
    instant("expires_at", null=True),
    flag("revoked"),
    number("n"),  # part of the link's signature: revoking raises it
    ref("person", "people.id", null=True),  # whom a personal invite is bound to
    ref("edition", "editions.id", null=True),
    ref("issuer"),  # a person, 0: the command line
    words("note"),
    instant("created_at"),
    Index(None, "unit"),
)

# Every try of an invite, for "five an hour" and for showing the issuer who used it.
redeems = Table(
    "redeems",
    metadata,
    own_id(),
    ref("invite", "invites.id", cascade=True),
    words("channel", None),
    words("external", None),
    ref("person"),
    words("outcome", None),  # new | resume | takeover | refused
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
)

# ---------------------------------------------------------------- what is collected

editions = Table(
    "editions",
    metadata,
    own_id(),
    words("call", None),
    words("title", None),
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
    words("level"),  # "": the writer's date
    ref("unit", "units.id"),
    instant("until"),
    PrimaryKeyConstraint("edition", "level", "unit"),
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
    words("typing_question"),
    words("typing_text"),
    Column("undo", Json, nullable=False),
    words("consent"),
    flag("declined"),
    instant("seen_at", null=True),
)

drafts = Table(
    "drafts",
    metadata,
    own_id(),
    ref("person", "people.id"),
    words("call", None),
    ref("edition", "editions.id", null=True),  # null: the profile
    words("state", "writing"),  # writing | handed_in | returned | closed
    words("title"),
    number("words"),
    number("sections_done"),
    number("next", 1),
    number("n"),
    ref("case"),
    instant("created_at"),
    instant("seen_at", null=True),
    instant("due", null=True),
    Index(None, "person"),
    Index(None, "edition", "state"),
)

answers = Table(
    "answers",
    metadata,
    ref("draft", "drafts.id", cascade=True),
    words("question", None),
    Column("n", Integer, nullable=False),
    words("state", None),  # open | closed | skipped | none
    Column("parts", Json, nullable=False),
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
        sqlite_where=text("latest"),
        postgresql_where=text("latest"),
    ),
)

fragments = Table(
    "fragments",
    metadata,
    ref("draft", "drafts.id", cascade=True),
    Column("id", Integer, nullable=False),
    words("question", None),
    words("text", None),
    number("words"),
    words("source"),
    instant(),
    PrimaryKeyConstraint("draft", "id"),
)

attachments = Table(
    "attachments",
    metadata,
    ref("draft", "drafts.id", cascade=True),
    Column("id", Integer, nullable=False),
    words("question", None),
    words("kind", None),  # picture | file | voice
    Column("file", Text, nullable=False, index=True),
    words("name"),
    words("mime"),
    Column("size", BigInteger, nullable=False, server_default="0"),
    number("width"),
    number("height"),
    words("source"),
    instant(),
    PrimaryKeyConstraint("draft", "id"),
)

# ---------------------------------------------------------------- what was said

# `body`: {"text", "buttons": [[press, label, strong], …], "card": {…} | null}.
messages = Table(
    "messages",
    metadata,
    ref("conversation", "conversations.id", cascade=True),
    Column("seq", Integer, nullable=False),
    words("cause"),
    words("slot"),
    words("author", "bot"),  # bot | me
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
    words("channel", None),
    words("external", None),
    words("state", "owed"),  # owed | claimed | sent | failed
    instant("after", null=True),  # not before
    instant("claimed_until", null=True),
    words("messenger"),  # the messenger's id of what was sent
    words("slot"),
    number("tries"),
    instant(),
    Index(None, "state", "conversation", "seq"),
    Index(None, "conversation", "channel", "external", "slot"),
)

# What has been taken in, once each: the messages it caused are seq_from … seq_to.
updates = Table(
    "updates",
    metadata,
    words("channel", None),
    words("ref", None),
    words("digest"),
    ref("conversation"),
    number("seq_from"),
    number("seq_to"),
    instant(),
    PrimaryKeyConstraint("channel", "ref"),
    Index(None, "at"),
)

quarantine = Table(
    "quarantine",
    metadata,
    own_id(),
    words("channel", None),
    words("external", None),
    words("ref", None),
    ref("conversation"),
    Column("update", Json, nullable=False),
    words("trace"),
    words("state", "open"),  # open | replayed | dropped
    instant(),
    Index(None, "state", "at"),
)
