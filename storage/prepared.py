"""The statements of a turn: written in SQLAlchemy's Core, compiled once, run on the driver's own cursor.

SQLAlchemy's way from a compiled statement to its rows costs 0.1 ms a statement, and each value of each row is
looked up by name again: two thirds of what a turn cost. Here a parameter or a written row is a plain value or
tuple, only the columns whose type says so are translated, and errors are raised as SQLAlchemy raises them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple
from typing import cast as typed

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Connection,
    Delete,
    Dialect,
    Insert,
    Select,
    Update,
    any_,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.operators import in_op
from sqlalchemy.sql.visitors import replacement_traverse
from sqlalchemy.types import TypeEngine

from storage.types import Instant, encode

Row = Sequence[Any]
_Translators = tuple[tuple[int, Callable[[Any], Any]], ...]


def run(
    connection: Connection, sql: str, values: Any = (), *, many: bool = False, rows: bool = False
) -> tuple[list[Row], int]:
    """The rows found, if asked for, and how many were met.

    Raises DBAPIError and its kinds, or what the driver lets through.
    """
    proxy = connection.connection
    cursor = proxy.cursor()
    try:
        if many:
            cursor.executemany(sql, values)
        else:
            cursor.execute(sql, values)
        return typed("list[Row]", cursor.fetchall() if rows else []), cursor.rowcount
    except Exception as error:
        base = typed("type[Exception]", connection.dialect.loaded_dbapi.Error)
        if not isinstance(error, base):
            raise
        lost = connection.dialect.is_disconnect(error, proxy, cursor)  # type: ignore[arg-type]
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            sql, None, error, base, connection_invalidated=lost, dialect=connection.dialect
        ) from error
    finally:
        cursor.close()


def _translated(rows: Iterable[Row], translators: _Translators) -> list[Row]:
    columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
    if columns:  # a column at a time: the loop over the rows is then one of C
        for at, translate in translators:
            columns[at] = map(translate, columns[at])
    return list(zip(*columns, strict=True))


class _Written(NamedTuple):
    sql: str
    translators: _Translators
    order: Callable[[Row], Row]


_TOGETHER = 64  # rows of one INSERT at most


class Write:
    """An INSERT, UPDATE or DELETE of many rows whose gaps are `names`: but in an INSERT its bind parameters.

    One way to the database and back, not one for each row. PostgreSQL gets all rows as one array of JSON, which
    takes less than half as long as a gap for each value; SQLite gets many rows an INSERT, in powers of two, and an
    UPDATE or DELETE row by row, which costs nothing there. An UPDATE must not meet one row twice.
    """

    def __init__(self, statement: Insert | Update | Delete, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._ready: dict[tuple[str, int], _Written] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Writes the rows; returns how many rows it met. Nothing happens where there is none."""
        if not rows:
            return 0
        dialect, met, done = connection.dialect, 0, 0
        sql, translators, order = self._ready.get((dialect.name, 1)) or self._prepare(dialect, 1)
        rows = _translated(rows, translators) if translators else rows
        if dialect.name == "postgresql":
            return run(connection, sql, [encode(rows)])[1]
        if isinstance(self._statement, Insert):
            while (left := len(rows) - done) > 1:
                size = min(_TOGETHER, 1 << left.bit_length() - 1)
                text, _, many = self._ready.get((dialect.name, size)) or self._prepare(dialect, size)
                values = [v for row in rows[done : done + size] for v in row]
                met += run(connection, text, many(values))[1]
                done += size
        filled = list(map(order, rows[done:]))
        if len(filled) == 1:
            met += run(connection, sql, filled[0])[1]
        elif filled:
            met += run(connection, sql, filled, many=True)[1]
        return met

    def _prepare(self, dialect: Dialect, size: int) -> _Written:
        names, statement = self._names, self._statement
        if isinstance(statement, Insert):
            statement = statement.values([{n: bindparam(f"{n}__{i}") for n in names} for i in range(size)])
            places = {f"{n}__{i}": i * len(names) + at for i in range(size) for at, n in enumerate(names)}
        else:
            places = {n: at for at, n in enumerate(names)}
        compiled = statement.compile(dialect=dialect)
        types = {places[name]: bind.type for bind, name in compiled.bind_names.items()}
        if dialect.name == "postgresql":
            sql = str(self._from_json([types[at] for at in range(len(names))]).compile(dialect=dialect))
            processors = [_for_json(types[at], dialect) for at in range(len(names))]
            ready = _Written(sql, tuple((i, t) for i, t in enumerate(processors) if t is not None), tuple)
        else:
            processors = [types[at].dialect_impl(dialect).bind_processor(dialect) for at in range(len(names))]
            assert compiled.positiontup is not None  # both engines are opened with gaps by position
            order = itemgetter(*(places[name] for name in compiled.positiontup))
            ready = _Written(str(compiled), tuple((i, t) for i, t in enumerate(processors) if t is not None), order)
        self._ready[dialect.name, size] = ready
        return ready

    def _from_json(self, types: Sequence[TypeEngine[Any]]) -> Insert | Update | Delete:
        """The statement for as many rows as an array of JSON holds, each an array in the order of the gaps."""
        row = func.jsonb_array_elements(bindparam("rows", type_=JSONB)).column_valued("row")
        gaps = {
            name: cast(row.op("->>")(literal_column(str(at))), kind)
            for at, (name, kind) in enumerate(zip(self._names, types, strict=True))
        }
        if isinstance(self._statement, Insert):
            return insert(self._statement.table).from_select(self._names, select(*gaps.values()))

        def fill(element: Any, **_: Any) -> Any:
            return gaps.get(element.key) if isinstance(element, BindParameter) else None

        return typed("Update | Delete", replacement_traverse(self._statement, {}, fill))


def _for_json(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    if isinstance(kind, Instant):
        return lambda at: None if at is None else at.isoformat()
    return kind.dialect_impl(dialect).bind_processor(dialect)


class _Asked(NamedTuple):
    sql: str
    translators: _Translators
    order: tuple[int, ...]


class Read:
    """A SELECT with the parameters `names`: numbers, texts, and at most one expanding list of them.

    PostgreSQL gets a list as one array, since its driver reads a statement of two thousand gaps for as long as the
    database needs to answer it. For SQLite a list is filled up to the next power of two with its last value: few
    lengths, so few texts of the statement, and the database knows them all.
    """

    def __init__(self, statement: Select[Any] | CompoundSelect[Any], *names: str) -> None:
        self._statement = statement
        self._names = names
        self._ready: dict[tuple[str, int], _Asked] = {}

    def rows(self, connection: Connection, *values: int | str | Collection[int] | Collection[str]) -> list[Row]:
        """The rows, by position. None where a list is empty."""
        size, arrays = 0, connection.dialect.name == "postgresql"
        filled: list[Sequence[Any]] = []
        for value in values:
            if isinstance(value, int | str):
                filled.append((value,))
                continue
            if not value:
                return []
            wanted = list(value)
            if arrays:
                filled.append((wanted,))
                continue
            size = 1 << (len(wanted) - 1).bit_length()
            filled.append(wanted + wanted[-1:] * (size - len(wanted)))
        key = (connection.dialect.name, size)
        sql, translators, order = self._ready.get(key) or self._prepare(connection.dialect, size)
        found, _ = run(connection, sql, [v for i in order for v in filled[i]], rows=True)
        return _translated(found, translators) if translators else found

    def _prepare(self, dialect: Dialect, size: int) -> _Asked:
        statement = _with_arrays(self._statement) if dialect.name == "postgresql" else self._statement
        compiled = statement.compile(dialect=dialect)
        lists = {bind.key for bind in compiled.bind_names if bind.expanding}
        state = compiled.construct_expanded_state({n: [0] * size if n in lists else 0 for n in self._names})
        assert state.positiontup is not None
        owner = {part: name for name, parts in state.parameter_expansion.items() for part in parts}
        order = dict.fromkeys(self._names.index(owner.get(gap, gap)) for gap in state.positiontup)
        types = (column.type.dialect_impl(dialect) for column in self._statement.selected_columns)
        translators = ((i, kind.result_processor(dialect, None)) for i, kind in enumerate(types))
        ready = _Asked(state.statement, tuple((i, t) for i, t in translators if t is not None), tuple(order))
        self._ready[dialect.name, size] = ready
        return ready


def _with_arrays(statement: Select[Any] | CompoundSelect[Any]) -> Select[Any] | CompoundSelect[Any]:
    """The same with each list that is filled in later as one value, an array."""

    def fill(element: Any, **_: Any) -> Any:
        gap = element.right if getattr(element, "operator", None) is in_op else None
        if not isinstance(gap, BindParameter) or not gap.expanding:
            return None
        whole = cast(bindparam(gap.key, type_=ARRAY(gap.type)), ARRAY(gap.type))
        return element.left == any_(whole)

    return typed("Select[Any] | CompoundSelect[Any]", replacement_traverse(statement, {}, fill))
