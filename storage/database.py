"""Engines for SQLite and PostgreSQL, and the schema's version.

`open_writer` is for whoever writes: on SQLite its transactions begin with BEGIN IMMEDIATE, since a
deferred transaction that reads first and writes later fails at once when somebody else wrote in between,
whatever busy_timeout says. `open_reader` cannot write at all.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.pool import NullPool

from bot.errors import NewerDatabase, Stale
from storage.prepared import run
from storage.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0002"  # the newest revision in `migrations`
_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_SECONDS = 5
_LOG_PAGES = 16_000  # of 4 KB, then SQLite moves its log into the database
_CACHE_KB = 32_000  # at most, for the writer


def url_of(place: str) -> URL:
    """A database's address: a URL as SQLAlchemy reads it, or the path of an SQLite file."""
    url = make_url(place) if "://" in place else URL.create("sqlite", database=place)
    return url.set(drivername="postgresql+psycopg") if url.drivername.startswith("postgres") else url


def open_writer(place: str) -> Engine:
    """An engine whose transactions write. On SQLite keep to one thread that uses it for long."""
    return _open(place, "write")


def open_reader(place: str) -> Engine:
    """An engine whose connections only read."""
    return _open(place, "read")


def _open(place: str, use: Literal["read", "write"]) -> Engine:
    url = url_of(place)
    if url.get_backend_name() == "sqlite":
        # A statement has a text for each length of its list (see `storage.prepared`); all of them are kept ready.
        settings = {"check_same_thread": False, "timeout": _BUSY_SECONDS, "cached_statements": 512}
        engine = create_engine(url, connect_args=settings)
        _prepare_sqlite(engine, use)
        return engine
    options = "-c timezone=UTC" + (" -c default_transaction_read_only=on" if use == "read" else "")
    # Gaps by position, as on SQLite: a row is filled in as it is (see `storage.prepared`).
    return create_engine(url, paramstyle="format", pool_pre_ping=use == "read", connect_args={"options": options})


def _prepare_sqlite(engine: Engine, use: str) -> None:
    def connect(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None  # Python 3.11 would begin transactions of its own, and too late
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        if use == "read":
            cursor.execute("PRAGMA query_only=ON")
        else:
            # A full batch changes 5 MB of pages in a large database: with the usual 4 MB log each would end in a
            # checkpoint, and with the usual 2 MB of memory read its pages again. A page that was written twelve
            # times since the last checkpoint is moved once.
            cursor.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
            cursor.execute(f"PRAGMA cache_size=-{_CACHE_KB}")
        cursor.close()

    def begin(connection: Connection) -> None:
        run(connection, "BEGIN IMMEDIATE" if use == "write" else "BEGIN")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)


def is_race(error: BaseException) -> bool:
    """Whether somebody else was quicker: load again and step again."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(error, Stale | IntegrityError) or state in ("40P01", "40001")


def is_outage(error: BaseException) -> bool:
    """Whether the database is away, locked, full or read-only: nothing is wrong with the statement.

    When PostgreSQL restarts, callers meet OperationalError, but raw ConnectionErrors as well.
    """
    if isinstance(error, ConnectionError):
        return True
    if isinstance(error, OperationalError | InterfaceError):
        return True
    if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError):
        return bool(error.connection_invalidated) or "readonly" in type(error.orig).__name__.lower()
    return False


# ---------------------------------------------------------------- the schema's version


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config  # a sixth of a second that a start with a present schema does without

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _plain(engine: Engine) -> Engine:
    """A second engine on the same database without the foreign keys that get in the way of batch moves."""
    other = create_engine(engine.url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":

        def connect(connection: sqlite3.Connection, record: Any) -> None:
            connection.isolation_level = None

        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

        event.listen(other, "connect", connect)
        event.listen(other, "begin", begin)
    return other


def check(engine: Engine) -> bool:
    """Whether the schema is the program's own. False: it is older, or empty, and `upgrade` is needed.

    Raises NewerDatabase when a newer program has written it.
    """
    current = schema(engine)
    if current in ("", HEAD):
        return current == HEAD
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(_config())
    if current not in {r.revision for r in script.walk_revisions()}:
        raise NewerDatabase(f"the database has schema {current}; this program knows {HEAD}")
    return False


def schema(engine: Engine) -> str:
    """The revision the database is at, "" when it is empty."""
    with engine.connect() as connection:
        if not engine.dialect.has_table(connection, "alembic_version"):
            return ""
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or ""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Brings the schema to this program's version in one transaction. Raises NewerDatabase."""
    empty = not check(engine) and not schema(engine)
    plain = _plain(engine)
    with plain.begin() as connection:
        if engine.dialect.name == "postgresql":  # two processes may start at once; SQLite is locked by BEGIN IMMEDIATE
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(20260101)")
        if empty and revision == "head" and not engine.dialect.has_table(connection, "alembic_version"):
            _create(connection)
        else:
            from alembic import command

            command.upgrade(_config(connection), revision)
    plain.dispose()


def _create(connection: Connection) -> None:
    """The newest schema at once, without walking through its history: a new folder starts in half the time.

    A test holds the tables to what the migrations make.
    """
    metadata.create_all(connection)
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def downgrade(engine: Engine, revision: str) -> None:
    """Takes the schema back to an older revision ("base": nothing is left)."""
    from alembic import command

    plain = _plain(engine)
    with plain.begin() as connection:
        command.downgrade(_config(connection), revision)
    plain.dispose()
