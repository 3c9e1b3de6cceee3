"""Run by alembic: always on the connection that `storage.database.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from storage.tables import metadata
from storage.types import Instant, Json


def _render(kind: str, item: object, autogen: object) -> str | bool:
    """Our own column types by their names, when a migration is generated."""
    if kind == "type" and isinstance(item, Instant | Json):
        return f"{type(item).__name__}()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_item=_render,  # type: ignore[arg-type]
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
