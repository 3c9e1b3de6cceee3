"""Writing many rows with one statement, without paying for each of them again.

SQLAlchemy looks every value of every row up by its name and asks whether it was meant as something else: half
of what a batch's writes cost. Here a Core statement is compiled once for each kind of database; a row is a
plain tuple in the order of `names`, and only the columns whose type says so are translated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, Insert, Update
from sqlalchemy.sql.compiler import SQLCompiler

Row = tuple[Any, ...]


class _Ready(NamedTuple):
    """A statement as one database reads it. `order` puts a row into the order of its gaps."""

    sql: str
    translate: tuple[tuple[int, Callable[[Any], Any]], ...]
    order: Callable[[Sequence[Any]], Any]


class Many:
    """An INSERT or UPDATE whose gaps are `names`; the names of an UPDATE are its bind parameters."""

    def __init__(self, statement: Insert | Update, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._ready: dict[str, _Ready] = {}

    def run(self, connection: Connection, rows: Iterable[Row]) -> int:
        """Writes the rows; returns how many rows it met. Nothing happens where there is none."""
        ready = self._ready.get(connection.dialect.name) or self._prepare(connection.dialect)
        filled = []
        for row in rows:
            if ready.translate:
                values = list(row)
                for at, translate in ready.translate:
                    values[at] = translate(values[at])
                filled.append(ready.order(values))
            else:
                filled.append(ready.order(row))
        return connection.exec_driver_sql(ready.sql, filled).rowcount if filled else 0

    def _prepare(self, dialect: Dialect) -> _Ready:
        is_insert = isinstance(self._statement, Insert)
        compiled = self._statement.compile(dialect=dialect, column_keys=list(self._names) if is_insert else None)
        assert isinstance(compiled, SQLCompiler)
        types = {name: bind.type for bind, name in compiled.bind_names.items()}
        translators = (
            (i, types[name].dialect_impl(dialect).bind_processor(dialect)) for i, name in enumerate(self._names)
        )
        gaps = compiled.positiontup
        assert gaps is not None  # both engines are opened with gaps by position
        order = itemgetter(*map(self._names.index, gaps))
        ready = _Ready(str(compiled), tuple((i, t) for i, t in translators if t is not None), order)
        self._ready[dialect.name] = ready
        return ready
