"""The schema, second half: what the office sees, what is to be done, and files."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from storage.columns import instant, metadata, number, own_id, ref, words
from storage.types import Instant, Json

# ---------------------------------------------------------------- what the office sees

cases = Table(
    "cases",
    metadata,
    own_id(),
    Column("draft", BigInteger, nullable=False, unique=True),  # stays when the draft is erased
    ref("edition", "editions.id"),
    ref("person", "people.id"),
    ref("unit", "units.id"),
    words("county", None),  # the county's path, whose counter gave the number
    words("number", None),
    words("title"),
    number("words"),
    words("state", "waiting"),
    words("level"),
    ref("holder"),
    Column("n", Integer, nullable=False),
    number("rank"),
    instant("submitted_at"),
    instant("opened_at", null=True),
    UniqueConstraint("edition", "county", "number"),
    Index(None, "unit"),
    Index(None, "edition", "level", "state"),
)

# `content` is the canonical text of bot.engine.content.Content, `hash` its SHA-256. Never altered.
submissions = Table(
    "submissions",
    metadata,
    ref("case", "cases.id", cascade=True),
    Column("n", Integer, nullable=False),
    words("content", None),
    words("hash", None),
    number("words"),
    instant(),
    PrimaryKeyConstraint("case", "n"),
)

comments = Table(
    "comments",
    metadata,
    own_id(),
    ref("case", "cases.id", cascade=True),
    Column("n", Integer, nullable=False),
    ref("author"),
    words("section"),
    words("question"),
    words("block"),
    words("quote"),
    words("text", None),
    Column("change", Text, nullable=True),  # a proposed replacement of the quote
    words("answer"),  # "" | changed | explained
    words("explained"),
    instant(),
    instant("answered_at", null=True),
    Index(None, "case", "n"),
)

decisions = Table(
    "decisions",
    metadata,
    own_id(),
    ref("case", "cases.id", cascade=True),
    Column("n", Integer, nullable=False),
    words("level", None),
    words("kind", None),  # returned | passed | recommended | not_recommended
    number("rank"),
    words("reason"),
    ref("actor"),
    instant(),
    Index(None, "case"),
)

# Append-only; ids grow in the order of writing. `prev` and `hash` are for chaining.
events = Table(
    "events",
    metadata,
    own_id(),
    instant(),
    ref("actor"),
    words("kind", None),
    ref("draft"),
    ref("case"),
    words("unit"),  # the path of the unit it belongs to
    Column("params", Json, nullable=False),
    words("prev"),
    words("hash"),
    Index(None, "draft"),
    Index(None, "unit", "id"),
)

counters = Table(
    "counters",
    metadata,
    ref("edition", "editions.id", cascade=True),
    words("county", None),
    Column("last", Integer, nullable=False),
    PrimaryKeyConstraint("edition", "county"),
)

# ---------------------------------------------------------------- what is to be done

wakes = Table(
    "wakes",
    metadata,
    ref("conversation", "conversations.id", cascade=True),
    words("kind", None),
    Column("due", Instant, nullable=False, index=True),
    Column("data", Json, nullable=False),
    instant("claimed_until", null=True),
    PrimaryKeyConstraint("conversation", "kind"),
)

jobs = Table(
    "jobs",
    metadata,
    own_id(),
    words("kind", None),
    ref("conversation"),
    Column("args", Json, nullable=False),
    words("state", "waiting"),  # waiting | claimed | done | failed
    Column("result", Json, nullable=True),
    instant("claimed_until", null=True),
    number("tries"),
    instant(),
    Index(None, "state", "id"),
)

# ---------------------------------------------------------------- bytes on disk, named by their hash

files = Table(
    "files",
    metadata,
    Column("hash", Text, primary_key=True),
    words("kind", None),  # picture | file | voice | document
    words("mime"),
    words("name"),
    Column("size", BigInteger, nullable=False),
    number("width"),
    number("height"),
    number("refs"),
    words("prepared"),  # the hash of the copy made for paper and screen
    instant(),
)

uploads = Table(
    "uploads",
    metadata,
    Column("owner", BigInteger, nullable=False),
    words("upload", None),
    words("name", None),
    Column("size", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False, server_default="0"),
    words("file"),  # the hash when it is finished
    instant(),
    PrimaryKeyConstraint("owner", "upload"),
)

# Papers made for a person (草稿, 定稿, 我的资料), which that person may fetch.
documents = Table(
    "documents",
    metadata,
    ref("person", "people.id", cascade=True),
    words("file", None),
    ref("draft"),
    number("n"),
    words("name", None),
    instant(),
    PrimaryKeyConstraint("person", "file"),
    Index(None, "file"),
)
