"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Instant, Json, Numbers

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "editions",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("due", Instant(), nullable=False),
        sa.Column("dates", Json(), nullable=False),
        sa.Column("office", Json(), nullable=False),
        sa.Column("closed", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editions")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("draft", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("case", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unit", sa.Text(), server_default="", nullable=False),
        sa.Column("params", Json(), nullable=False),
        sa.Column("prev", sa.Text(), server_default="", nullable=False),
        sa.Column("hash", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_events_draft"), ["draft"], unique=False)
        batch_op.create_index(batch_op.f("ix_events_unit_id"), ["unit", "id"], unique=False)

    op.create_table(
        "files",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), server_default="0", nullable=False),
        sa.Column("height", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refs", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_files")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("conversation", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("args", Json(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("result", Json(), nullable=True),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.Column("not_before", Instant(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_jobs_state_id"), ["state", "id"], unique=False)

    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("external", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("conversation", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("update", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_quarantine_state_at"), ["state", "at"], unique=False)

    op.create_table(
        "redeems",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("invite", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("external", sa.Text(), nullable=False),
        sa.Column("person", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redeems")),
    )
    with op.batch_alter_table("redeems", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_redeems_invite_at"), ["invite", "at"], unique=False)

    op.create_table(
        "units",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("parent", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), server_default=sa.text("(true)"), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["parent"], ["units.id"], name=op.f("fk_units_parent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("path", name=op.f("uq_units_path")),
    )
    op.create_table(
        "updates",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("conversation", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("seq_from", sa.Integer(), server_default="0", nullable=False),
        sa.Column("seq_to", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("ref", "channel", name=op.f("pk_updates")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("updates", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_updates_at"), ["at"], unique=False)

    op.create_table(
        "uploads",
        sa.Column("owner", sa.BigInteger(), nullable=False),
        sa.Column("upload", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.Text(), server_default="", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "upload", name=op.f("pk_uploads")),
    )
    op.create_table(
        "counters",
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_counters_edition"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("edition", "county", name=op.f("pk_counters")),
    )
    op.create_table(
        "extensions",
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Text(), server_default="", nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_extensions_edition"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_extensions_unit")),
        sa.PrimaryKeyConstraint("edition", "level", "unit", name=op.f("pk_extensions")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("post", sa.Text(), server_default="", nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("invited", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=True),
        sa.Column("erased", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["invited"], ["units.id"], name=op.f("fk_people_invited")),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_people_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
    )
    op.create_table(
        "addresses",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("external", sa.Text(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_used", Instant(), nullable=False),
        sa.Column("stands", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_addresses_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("channel", "external", name=op.f("pk_addresses")),
    )
    with op.batch_alter_table("addresses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_addresses_person"), ["person"], unique=False)

    op.create_table(
        "cases",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("draft", sa.BigInteger(), nullable=False),
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("words", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("level", sa.Text(), server_default="", nullable=False),
        sa.Column("holder", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), server_default="0", nullable=False),
        sa.Column("submitted_at", Instant(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_cases_edition")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_cases_person")),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_cases_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("draft", name=op.f("uq_cases_draft")),
        sa.UniqueConstraint("edition", "county", "number", name=op.f("uq_cases_edition_county_number")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cases_edition_level_state"), ["edition", "level", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_cases_unit"), ["unit"], unique=False)

    op.create_table(
        "codes",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("other", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_codes_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_codes")),
    )
    with op.batch_alter_table("codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_codes_hash"), ["hash"], unique=False)

    op.create_table(
        "conversations",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("focus", Json(), nullable=True),
        sa.Column("pending", Json(), nullable=True),
        sa.Column("typing_question", sa.Text(), server_default="", nullable=False),
        sa.Column("typing_text", sa.Text(), server_default="", nullable=False),
        sa.Column("undo", sa.Text(), server_default="", nullable=False),
        sa.Column("consent", sa.Text(), server_default="", nullable=False),
        sa.Column("declined", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("seen_at", Instant(), nullable=True),
        sa.Column("arriving", Json(), nullable=True),
        sa.Column("spoke", sa.Text(), server_default="", nullable=False),
        sa.Column("pressed", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_conversations_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("person", name=op.f("uq_conversations_person")),
    )
    op.create_table(
        "documents",
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("draft", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("n", sa.Integer(), server_default="0", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_documents_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", "file", name=op.f("pk_documents")),
    )
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_documents_file"), ["file"], unique=False)

    op.create_table(
        "drafts",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("edition", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="writing", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("words", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sections_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next", sa.Integer(), server_default="1", nullable=False),
        sa.Column("n", sa.Integer(), server_default="0", nullable=False),
        sa.Column("case", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=True),
        sa.Column("due", Instant(), nullable=True),
        sa.Column("track", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_drafts_edition")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_drafts_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
    )
    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drafts_edition_state"), ["edition", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_drafts_person"), ["person"], unique=False)

    op.create_table(
        "invites",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), server_default="writer", nullable=False),
        sa.Column("personal", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("revoked", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("n", sa.Integer(), server_default="0", nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=True),
        sa.Column("edition", sa.BigInteger(), nullable=True),
        sa.Column("issuer", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_invites_edition")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_invites_person")),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_invites_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invites")),
    )
    with op.batch_alter_table("invites", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invites_unit"), ["unit"], unique=False)

    op.create_table(
        "roles",
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_roles_person"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_roles_unit")),
        sa.PrimaryKeyConstraint("person", "role", "unit", name=op.f("pk_roles")),
    )
    with op.batch_alter_table("roles", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roles_unit"), ["unit"], unique=False)

    op.create_table(
        "answers",
        sa.Column("draft", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("parts", Numbers(), nullable=False),
        sa.Column("picks", Json(), nullable=False),
        sa.Column("words", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("latest", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["draft"], ["drafts.id"], name=op.f("fk_answers_draft"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("draft", "question", "n", name=op.f("pk_answers")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.create_index(
            "ix_answers_latest",
            ["draft", "question"],
            unique=True,
            sqlite_where=sa.text("latest = 1"),
            postgresql_where=sa.text("latest"),
        )

    op.create_table(
        "attachments",
        sa.Column("draft", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("mime", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("width", sa.Integer(), server_default="0", nullable=False),
        sa.Column("height", sa.Integer(), server_default="0", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["draft"], ["drafts.id"], name=op.f("fk_attachments_draft"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("draft", "id", name=op.f("pk_attachments")),
    )
    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attachments_file"), ["file"], unique=False)

    op.create_table(
        "comments",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("author", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("section", sa.Text(), server_default="", nullable=False),
        sa.Column("question", sa.Text(), server_default="", nullable=False),
        sa.Column("block", sa.Text(), server_default="", nullable=False),
        sa.Column("quote", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("explained", sa.Text(), server_default="", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_comments_case"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_comments_case_n"), ["case", "n"], unique=False)

    op.create_table(
        "decisions",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_decisions_case"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decisions_case"), ["case"], unique=False)

    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("conversation", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("external", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="owed", nullable=False),
        sa.Column("after", Instant(), nullable=True),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.Column("messenger", sa.Text(), server_default="", nullable=False),
        sa.Column("slot", sa.Text(), server_default="", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.id"], name=op.f("fk_deliveries_conversation"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_deliveries_conversation_channel_external_slot"),
            ["conversation", "channel", "external", "slot"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_deliveries_state_conversation_seq"), ["state", "conversation", "seq"], unique=False
        )

    op.create_table(
        "fragments",
        sa.Column("draft", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", sa.Integer(), server_default="0", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["draft"], ["drafts.id"], name=op.f("fk_fragments_draft"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("draft", "id", name=op.f("pk_fragments")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "messages",
        sa.Column("conversation", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("slot", sa.Text(), server_default="", nullable=False),
        sa.Column("author", sa.Text(), server_default="bot", nullable=False),
        sa.Column("body", Json(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.id"], name=op.f("fk_messages_conversation"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conversation", "seq", name=op.f("pk_messages")),
    )
    op.create_table(
        "submissions",
        sa.Column("case", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("words", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_submissions_case"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case", "n", name=op.f("pk_submissions")),
    )
    op.create_table(
        "wakes",
        sa.Column("conversation", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due", Instant(), nullable=False),
        sa.Column("data", Json(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.id"], name=op.f("fk_wakes_conversation"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conversation", "kind", name=op.f("pk_wakes")),
    )
    with op.batch_alter_table("wakes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_wakes_due"), ["due"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("wakes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_wakes_due"))

    op.drop_table("wakes")
    op.drop_table("submissions")
    op.drop_table("messages")
    op.drop_table("fragments")
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deliveries_state_conversation_seq"))
        batch_op.drop_index(batch_op.f("ix_deliveries_conversation_channel_external_slot"))

    op.drop_table("deliveries")
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decisions_case"))

    op.drop_table("decisions")
    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_comments_case_n"))

    op.drop_table("comments")
    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attachments_file"))

    op.drop_table("attachments")
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.drop_index("ix_answers_latest", sqlite_where=sa.text("latest = 1"), postgresql_where=sa.text("latest"))

    op.drop_table("answers")
    with op.batch_alter_table("roles", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_roles_unit"))

    op.drop_table("roles")
    with op.batch_alter_table("invites", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invites_unit"))

    op.drop_table("invites")
    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_drafts_person"))
        batch_op.drop_index(batch_op.f("ix_drafts_edition_state"))

    op.drop_table("drafts")
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_documents_file"))

    op.drop_table("documents")
    op.drop_table("conversations")
    with op.batch_alter_table("codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_codes_hash"))

    op.drop_table("codes")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cases_unit"))
        batch_op.drop_index(batch_op.f("ix_cases_edition_level_state"))

    op.drop_table("cases")
    with op.batch_alter_table("addresses", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_addresses_person"))

    op.drop_table("addresses")
    op.drop_table("people")
    op.drop_table("extensions")
    op.drop_table("counters")
    op.drop_table("uploads")
    with op.batch_alter_table("updates", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_updates_at"))

    op.drop_table("updates")
    op.drop_table("units")
    with op.batch_alter_table("redeems", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_redeems_invite_at"))

    op.drop_table("redeems")
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_quarantine_state_at"))

    op.drop_table("quarantine")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_jobs_state_id"))

    op.drop_table("jobs")
    op.drop_table("files")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_events_unit_id"))
        batch_op.drop_index(batch_op.f("ix_events_draft"))

    op.drop_table("events")
    op.drop_table("editions")
