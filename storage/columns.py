"""The schema's one metadata and the few shapes its columns have."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Integer,
    MetaData,
    Text,
    and_,
    or_,
    text,
)

from storage.types import Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def own_id() -> Column[int]:
    """The row's own id, given by the program."""
    return Column("id", BigInteger, primary_key=True, autoincrement=False)


def ref(name: str, target: str = "", *, null: bool = False, cascade: bool = False) -> Column[Any]:
    """A reference to another row; without a target it is a plain id where 0 means none."""
    if not target:
        return Column(name, BigInteger, nullable=False, server_default="0")
    return Column(name, BigInteger, ForeignKey(target, ondelete="CASCADE" if cascade else None), nullable=null)


def string(name: str, default: str | None = "") -> Column[str]:
    """A text that is never null; with default None it must be given."""
    return Column(name, Text, nullable=False, server_default=default)


def at_or_below(column: ColumnElement[str], path: str) -> ColumnElement[bool]:
    """Rows whose path is this one or begins with it, along an index: "0" is the character behind "/".

    The column must be compared byte by byte, as `units.path` is on both databases.
    """
    return or_(column == path, and_(column >= f"{path}/", column < f"{path}0"))


def number(name: str, default: int = 0) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=str(default))


def flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=text("false"))


def instant(name: str = "at", *, null: bool = False) -> Column[Any]:
    return Column(name, Instant, nullable=null)
