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

from storage.columns import flag, instant, metadata, number, own_id, ref, string
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
    string("county", None),  # the county's path, whose counter gave the number
    string("number", None),
    string("title"),
    number("words"),
    string("category"),  # the option's id, "" without one
    string("state", "waiting"),
    string("level"),
    ref("holder"),  # the unit that has it in hand
    Column("n", Integer, nullable=False),
    number("rank"),  # its holder's order of choice, from 1; 0: not ranked
    instant("submitted_at"),
    instant("opened_at", null=True),
    instant("back_by", null=True),  # while it is returned: until when it is to come back
    string("route_back"),  # while it is returned: direct | again
    string("origin"),  # "": written here; entered: it came on paper or by other ways, and the office entered it
    string("late"),  # it came after the date: grace (it was on its way) | key (by a late key)
    flag("nominated"),  # its writer laid it before a level above the one that did not recommend it
    UniqueConstraint("edition", "county", "number"),
    Index(None, "unit"),
    Index(None, "edition", "level", "state"),
    Index(None, "holder", "edition", "state", "n"),
    Index(None, "person"),
    # What the workbench counts and what it lists stands in an index whole: no row is read for it.
    Index(None, "edition", "unit", "state", "level", "holder"),
    Index(None, "edition", "submitted_at", "id", "state", "holder", "level", "unit", "n"),
)

# `content` is the canonical text of bot.engine.content.Content, `hash` its SHA-256. Never altered.
submissions = Table(
    "submissions",
    metadata,
    ref("case", "cases.id", cascade=True),
    Column("n", Integer, nullable=False),
    string("content", None),
    string("hash", None),
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
    string("section"),
    string("question"),
    string("block"),
    number("start"),  # where the quote begins in its block's text
    string("quote"),
    string("text", None),
    Column("change", Text, nullable=True),  # a proposed replacement of the quote
    string("answer"),  # "" | changed | explained
    string("explained"),
    instant(),
    instant("answered_at", null=True),
    instant("sent_at", null=True),  # null: the writer has not been given it yet
    string("level"),
    Index(None, "case", "n"),
)

decisions = Table(
    "decisions",
    metadata,
    own_id(),
    ref("case", "cases.id", cascade=True),
    Column("n", Integer, nullable=False),
    string("level", None),
    string("kind", None),  # returned | handed_down | passed | recommended | unrecommended | …
    number("rank"),
    string("reason"),
    ref("actor"),
    instant(),
    ref("unit"),  # the unit in whose name it was done
    Index(None, "case"),
)

# Places a unit may hand upward: one row a key it is limited by, "" (all), "category:ID", "kind:KIND".
# `used` grows by a conditional UPDATE, so that nobody is ever one place too many.
quotas = Table(
    "quotas",
    metadata,
    ref("edition", "editions.id", cascade=True),
    string("level", None),
    ref("unit", "units.id"),
    string("key"),
    Column("most", Integer, nullable=False),
    number("used"),
    flag("own"),  # set for this unit by hand; else as the call says
    PrimaryKeyConstraint("edition", "level", "unit", "key"),
)

# A secret (derived from the id, see storage.latekeys) by which so many of a unit may hand in after the date.
late_keys = Table(
    "late_keys",
    metadata,
    own_id(),
    ref("edition", "editions.id", cascade=True),
    ref("unit", "units.id"),
    Column("uses", Integer, nullable=False),
    Column("left", Integer, nullable=False),
    instant("until"),
    flag("revoked"),
    ref("issuer"),
    instant("created_at"),
    Index(None, "edition"),
)

# Who entered one: their own date for that edition is the key's.
late_grants = Table(
    "late_grants",
    metadata,
    ref("person", "people.id", cascade=True),
    ref("edition", "editions.id", cascade=True),
    ref("key", "late_keys.id", cascade=True),
    instant("until"),
    PrimaryKeyConstraint("person", "edition"),
)

# What the office lays beside a case: the sealed scan, the paper it was entered from.
enclosures = Table(
    "enclosures",
    metadata,
    own_id(),
    ref("case", "cases.id", cascade=True),
    Column("n", Integer, nullable=False),
    string("kind", None),  # sealed | source
    Column("file", Text, nullable=False, index=True),
    string("name", None),
    ref("actor"),
    instant(),
    Index(None, "case"),
)

# Comments that an office uses again and again, beside those that the wording brings.
phrases = Table(
    "phrases",
    metadata,
    own_id(),
    ref("unit", "units.id"),
    string("text", None),
    ref("author"),
    instant(),
    UniqueConstraint("unit", "text"),
)

# Append-only; ids grow in the order of writing. `prev` and `hash` chain them, in the order of `link`.
events = Table(
    "events",
    metadata,
    own_id(),
    instant(),
    ref("actor"),
    string("kind", None),
    ref("draft"),
    ref("case"),
    string("unit"),  # the path of the unit it belongs to
    Column("params", Json, nullable=False),
    string("prev"),
    string("hash"),
    Column("link", BigInteger, nullable=False, server_default="0"),  # its place in the chain, from 1
    Index(None, "draft"),
    Index(None, "case"),
    Index(None, "unit", "id"),
    Index(None, "link"),
)

# The chain's end: one row, locked by whoever adds to it.
chain = Table(
    "chain",
    metadata,
    own_id(),
    ref("event"),
    string("hash"),
    Column("links", BigInteger, nullable=False, server_default="0"),
)

counters = Table(
    "counters",
    metadata,
    ref("edition", "editions.id", cascade=True),
    string("county", None),
    Column("last", Integer, nullable=False),
    PrimaryKeyConstraint("edition", "county"),
)

# ---------------------------------------------------------------- what is to be done

wakes = Table(
    "wakes",
    metadata,
    ref("conversation", "conversations.id", cascade=True),
    string("kind", None),
    Column("due", Instant, nullable=False, index=True),
    Column("data", Json, nullable=False),
    instant("claimed_until", null=True),
    PrimaryKeyConstraint("conversation", "kind"),
)

# What was planned last: its kind, what it was made of, and when.
plans = Table(
    "plans",
    metadata,
    string("kind", None),
    string("made_of"),
    instant(),
    PrimaryKeyConstraint("kind"),
)

jobs = Table(
    "jobs",
    metadata,
    own_id(),
    string("kind", None),
    ref("conversation"),
    string("channel"),  # the messenger that must be at hand to do it
    Column("args", Json, nullable=False),
    string("state", "waiting"),  # waiting | claimed | done | failed
    Column("result", Json, nullable=True),
    instant("claimed_until", null=True),
    instant("not_before", null=True),
    number("tries"),
    instant(),
    Index(None, "state", "id"),
)

# ---------------------------------------------------------------- bytes on disk, named by their hash

files = Table(
    "files",
    metadata,
    Column("hash", Text, primary_key=True),
    string("kind", None),  # picture | file | voice | document
    string("mime"),
    string("name"),
    Column("size", BigInteger, nullable=False),
    number("width"),
    number("height"),
    number("refs"),
    instant(),
)

uploads = Table(
    "uploads",
    metadata,
    Column("owner", BigInteger, nullable=False),
    string("upload", None),
    string("name", None),
    Column("size", BigInteger, nullable=False),
    string("file"),  # the hash when it is finished
    instant(),
    PrimaryKeyConstraint("owner", "upload"),
)

# Papers made for a person (草稿, 定稿, 我的资料), which that person may fetch.
documents = Table(
    "documents",
    metadata,
    ref("person", "people.id", cascade=True),
    string("file", None),
    ref("draft"),
    number("n"),
    string("name", None),
    instant(),
    PrimaryKeyConstraint("person", "file"),
    Index(None, "file"),
)
