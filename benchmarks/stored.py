"""A database as it is after years: other people's drafts in great number, made by the database itself."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

EACH = 40  # answers, fragments, messages and updates of one person
FIRST, BETWEEN = 1 << 40, 1000  # ids: FIRST, FIRST + BETWEEN, …
_TEXT = "村里一共有四百一十二户，常住的多是老人，我们先从院坝会做起。"
_PEOPLE = f"WITH RECURSIVE x(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM x WHERE i < :people - 1), \
p AS (SELECT {FIRST} + i * {BETWEEN} AS id FROM x)"
_EACH = (
    _PEOPLE + f", y(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM y WHERE i < {EACH}), "
    "n AS (SELECT p.id, y.i, :at AS at FROM p CROSS JOIN y)"
)
_STATEMENTS = (
    f"INSERT INTO people (id, name, invited, created_at) {_PEOPLE} SELECT id, '某某', 3, :at FROM p",
    f"INSERT INTO conversations (id, person, seq) {_PEOPLE} SELECT id, id, {EACH} FROM p",
    f"INSERT INTO addresses (channel, external, person, state, created_at, last_used) "
    f"{_PEOPLE} SELECT 'page', 's' || id, id, 'open', :at, :at FROM p",
    f"INSERT INTO drafts (id, person, call, edition, created_at) {_PEOPLE} SELECT id, id, 'mca', 9, :at FROM p",
    f"INSERT INTO answers (draft, question, n, state, parts, picks, words, at, latest) "
    f"{_EACH} SELECT id, 'q' || i, 1, 'closed', '[' || i || ']', '[]', 29, at, true FROM n",
    f"INSERT INTO fragments (draft, id, question, text, words, source, at) "
    f"{_EACH} SELECT id, i, 'q' || i, '{_TEXT}', 29, 's' || id || ':' || i, at FROM n",
    f"INSERT INTO messages (conversation, seq, cause, author, body, at) "
    f"{_EACH} SELECT id, i, 's' || id || ':' || i, 'me', '{{\"text\":\"{_TEXT}\"}}', at FROM n",
    f"INSERT INTO updates (channel, ref, digest, conversation, seq_from, seq_to, at) "
    f"{_EACH} SELECT 'page', 's' || id || ':' || i, 'd', id, i, i, at FROM n",
)


def fill(engine: Engine, answers: int) -> None:
    """So many stored answers of other people, with what belongs to them. Nothing for 0."""
    if not answers:
        return
    sqlite = engine.dialect.name == "sqlite"
    at = "1700000000000000" if sqlite else "timestamptz '2023-11-14 22:13:20+00'"
    with engine.begin() as connection:
        for statement in _STATEMENTS:
            _insert(connection, statement.replace(":at", at), answers // EACH)
    # As the database itself would have done long since.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if sqlite else "VACUUM ANALYZE")


def _insert(connection: Connection, statement: str, people: int) -> None:
    connection.execute(text(statement.replace(":people", str(people))))
