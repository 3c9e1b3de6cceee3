"""What the coordinators work with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_HELD = "ix_cases_holder_edition_state_n"
_COUNTED = "ix_cases_edition_unit_state_level_holder"
_LISTED = "ix_cases_edition_submitted_at_id_state_holder_level_unit_n"


def upgrade() -> None:
    op.create_table(
        "chain",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("hash", sa.Text(), server_default="", nullable=False),
        sa.Column("links", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain")),
    )
    op.create_table(
        "phrases",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_phrases_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phrases")),
        sa.UniqueConstraint("unit", "text", name=op.f("uq_phrases_unit_text")),
    )
    op.create_table(
        "plans",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("made_of", sa.Text(), server_default="", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_plans")),
    )
    op.create_table(
        "reminders",
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Text(), server_default="", nullable=False),
        sa.Column("told_at", Instant(), nullable=True),
        sa.Column("unanswered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("off", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_reminders_person"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_reminders_edition"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", "edition", "level", name=op.f("pk_reminders")),
    )
    op.create_table(
        "quotas",
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.Column("own", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_quotas_edition"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_quotas_unit")),
        sa.PrimaryKeyConstraint("edition", "level", "unit", "key", name=op.f("pk_quotas")),
    )
    op.create_table(
        "late_keys",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("revoked", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("issuer", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_late_keys_edition"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_late_keys_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_keys")),
    )
    with op.batch_alter_table("late_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_late_keys_edition"), ["edition"], unique=False)
    op.create_table(
        "late_grants",
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_late_grants_person"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_late_grants_edition"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["key"], ["late_keys.id"], name=op.f("fk_late_grants_key"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", "edition", name=op.f("pk_late_grants")),
    )
    op.create_table(
        "enclosures",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("actor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_enclosures_case"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enclosures")),
    )
    with op.batch_alter_table("enclosures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_enclosures_case"), ["case"], unique=False)
        batch_op.create_index(batch_op.f("ix_enclosures_file"), ["file"], unique=False)

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("back_by", Instant(), nullable=True))
        batch_op.add_column(sa.Column("route_back", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("category", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("origin", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("late", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("nominated", sa.Boolean(), server_default=sa.text("(false)"), nullable=False))
        batch_op.create_index(batch_op.f(_HELD), ["holder", "edition", "state", "n"], unique=False)
        batch_op.create_index(batch_op.f("ix_cases_person"), ["person"], unique=False)
        batch_op.create_index(batch_op.f(_COUNTED), ["edition", "unit", "state", "level", "holder"], unique=False)
        batch_op.create_index(
            batch_op.f(_LISTED),
            ["edition", "submitted_at", "id", "state", "holder", "level", "unit", "n"],
            unique=False,
        )

    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("start", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("sent_at", Instant(), nullable=True))
        batch_op.add_column(sa.Column("level", sa.Text(), server_default="", nullable=False))

    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unit", sa.BigInteger(), server_default="0", nullable=False))

    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.drop_column("due")  # the edition, the extensions and the return say until when

    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("link", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.create_index(batch_op.f("ix_events_case"), ["case"], unique=False)
        batch_op.create_index(batch_op.f("ix_events_link"), ["link"], unique=False)

    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_units_parent"), ["parent"], unique=False)

    with op.batch_alter_table("invites", schema=None) as batch_op:
        batch_op.add_column(sa.Column("replaces", sa.BigInteger(), server_default="0", nullable=False))

    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pin", sa.Text(), server_default="", nullable=False))
        batch_op.create_index(batch_op.f("ix_people_unit"), ["unit"], unique=False)
        batch_op.create_index(batch_op.f("ix_people_invited"), ["invited"], unique=False)

    with op.batch_alter_table("roles", schema=None) as batch_op:
        batch_op.add_column(sa.Column("until", Instant(), nullable=True))
        batch_op.add_column(sa.Column("instead", sa.BigInteger(), server_default="0", nullable=False))

    if op.get_bind().dialect.name == "postgresql":  # compared byte by byte, as SQLite does: a subtree is a range
        op.execute('ALTER TABLE units ALTER COLUMN path TYPE TEXT COLLATE "C"')

    # Until now all cases stood at the first level, with the county that gave the number.
    op.execute(
        "UPDATE cases SET holder = COALESCE((SELECT units.id FROM units WHERE units.path = cases.county), cases.unit)"
    )


def downgrade() -> None:
    op.drop_table("late_grants")
    with op.batch_alter_table("late_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_late_keys_edition"))
    op.drop_table("late_keys")
    op.drop_table("reminders")
    op.drop_table("plans")
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE units ALTER COLUMN path TYPE TEXT COLLATE "default"')

    with op.batch_alter_table("roles", schema=None) as batch_op:
        batch_op.drop_column("instead")
        batch_op.drop_column("until")

    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_people_invited"))
        batch_op.drop_index(batch_op.f("ix_people_unit"))
        batch_op.drop_column("pin")

    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_units_parent"))

    with op.batch_alter_table("invites", schema=None) as batch_op:
        batch_op.drop_column("replaces")

    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("due", Instant(), nullable=True))

    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_events_link"))
        batch_op.drop_index(batch_op.f("ix_events_case"))
        batch_op.drop_column("link")

    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.drop_column("unit")

    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.drop_column("level")
        batch_op.drop_column("sent_at")
        batch_op.drop_column("start")

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f(_LISTED))
        batch_op.drop_index(batch_op.f(_COUNTED))
        batch_op.drop_index(batch_op.f("ix_cases_person"))
        batch_op.drop_index(batch_op.f(_HELD))
        batch_op.drop_column("nominated")
        batch_op.drop_column("late")
        batch_op.drop_column("origin")
        batch_op.drop_column("category")
        batch_op.drop_column("route_back")
        batch_op.drop_column("back_by")

    with op.batch_alter_table("enclosures", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_enclosures_file"))
        batch_op.drop_index(batch_op.f("ix_enclosures_case"))

    op.drop_table("enclosures")
    op.drop_table("quotas")
    op.drop_table("phrases")
    op.drop_table("chain")
