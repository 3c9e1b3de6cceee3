"""The books: whatever is altered, taken out or put in shows; two processes add to one chain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, insert, select, update

from bot.doors import Scope
from bot.wording import Wording
from storage import audit
from storage.database import open_writer
from storage.records import EventRow, add_events
from storage.tables import chain, events
from tests.storehouse import NOW

TOP = Path(__file__).parent.parent


@pytest.fixture
def engine(place: str) -> Iterator[Engine]:
    """A database on SQLite and on PostgreSQL."""
    one = open_writer(place)
    yield one
    one.dispose()


def line(n: int, unit: str = "云溪县", **params: Any) -> EventRow:
    """An event, the n-th."""
    at = NOW + timedelta(seconds=n, microseconds=n)
    return EventRow(n, at, 0, "case.opened", n, 7, unit, {"n": n, **params})


def note(engine: Engine, *lines: EventRow) -> None:
    """Adds lines in one transaction."""
    with engine.begin() as c:
        add_events(c, lines)


def look(engine: Engine, expect: str = "") -> audit.Verdict:
    """What a look at the chain finds."""
    with engine.connect() as c:
        return audit.verify(c, expect)


def test_a_chain_is_sound_over_transactions(engine: Engine) -> None:
    """One line, several at once, none; the end's hash is that of the last line, and an old one is found again."""
    assert look(engine) == audit.Verdict(links=0, last="")
    note(engine, line(1))
    kept = look(engine).last
    note(engine, line(2, word="山"), line(3))
    note(engine)
    found = look(engine, kept)
    assert (found.links, found.broken, found.found) == (3, 0, True)
    assert look(engine, "0" * 64).found is False


@pytest.mark.parametrize(
    "column",
    [
        {"at": NOW},
        {"actor": 9},
        {"kind": "case.passed"},
        {"draft": 99},
        {"case": 8},
        {"unit": "白沙县"},
        {"params": {"n": 30}},
        {"prev": "0" * 64},
        {"hash": "0" * 64},
    ],
    ids=lambda c: next(iter(c)),
)
def test_an_altered_line_shows(engine: Engine, column: dict[str, Any]) -> None:
    """Whatever column it was."""
    note(engine, *(line(n) for n in range(1, 6)))
    with engine.begin() as c:
        c.execute(update(events).where(events.c.link == 3).values(**column))
    found = look(engine)
    assert (found.broken, found.why, found.links) == (3, "altered", 2)


def test_a_line_taken_out_shows(engine: Engine) -> None:
    """In the middle, at the end, and one that was put in without being linked."""
    note(engine, *(line(n) for n in range(1, 6)))
    with engine.begin() as c:
        c.execute(delete(events).where(events.c.link == 5))
    assert (look(engine).broken, look(engine).why) == (5, "cut")
    with engine.begin() as c:
        c.execute(delete(events).where(events.c.link == 2))
    assert (look(engine).broken, look(engine).why) == (2, "missing")


def test_a_loose_line_shows_and_older_ones_are_told(engine: Engine) -> None:
    """What was noted before the chain began is no fault; what is loose since then is."""
    with engine.begin() as c:
        c.execute(insert(events), line(-50)._asdict())
    note(engine, line(1))
    assert (look(engine).broken, look(engine).before) == (0, 1)
    with engine.begin() as c:
        c.execute(insert(events), line(50)._asdict())
    assert look(engine).why == "loose"


def test_a_tail_that_was_made_anew_loses_the_hash_that_was_kept(engine: Engine) -> None:
    """The chain itself fits; what was written down elsewhere does not."""
    note(engine, line(1), line(2))
    kept = look(engine).last
    with engine.begin() as c:
        c.execute(delete(events).where(events.c.link == 2))
        first = c.execute(select(events.c.id, events.c.hash)).one()
        c.execute(update(chain).values(event=first.id, hash=first.hash, links=1))
    note(engine, line(3))
    assert look(engine).broken == 0 and look(engine, kept).found is False


def test_a_transaction_that_is_undone_leaves_no_gap(engine: Engine) -> None:
    """The next line takes its place."""
    note(engine, line(1))
    with pytest.raises(RuntimeError), engine.begin() as c:
        add_events(c, [line(2)])
        raise RuntimeError
    note(engine, line(3))
    assert (look(engine).links, look(engine).broken) == (2, 0)


def test_two_processes_never_fork_the_chain(engine: Engine, place: str) -> None:
    """A hundred lines from four connections at once: all there, one chain."""

    def some(start: int) -> None:
        other = open_writer(place)
        for n in range(start, start + 25):
            note(other, line(n))
        other.dispose()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(some, (1000, 2000, 3000, 4000)))
    found = look(engine)
    assert (found.links, found.broken) == (100, 0)


def test_events_are_read_within_a_scope(engine: Engine) -> None:
    """A township's own, not those of one whose name begins alike; the newest first."""
    note(engine, line(1, "云溪县/石桥镇"), line(2, "云溪县/石桥镇二"), line(3, "云溪县/石桥镇/槐树村"), line(4))
    with engine.connect() as c:
        own = audit.seen(c, Scope(person=1, units=("云溪县/石桥镇",)))
        assert [one.id for one in own] == [3, 1]
        assert audit.seen(c, Scope(person=1)) == []
        assert len(audit.seen(c, Scope(person=0, units=("",)), limit=3)) == 3


def test_every_kind_of_event_has_words() -> None:
    """Whatever the program notes can be read."""
    wording = Wording.load()
    noted = set()
    for path in (TOP / "bot").rglob("*.py"):
        text = path.read_text("utf-8")
        noted |= set(re.findall(r'(?:\.event|\.note|\.note_case)\(\s*"([a-z_]+\.[a-z_]+)"', text))
        noted |= set(re.findall(r'kind="([a-z_]+\.[a-z_]+)"', text))
    assert len(noted) > 30
    assert [kind for kind in sorted(noted) if f"audit.kind.{kind}" not in wording.sentences] == []
