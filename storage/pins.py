"""PINs, kept as Argon2 hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, update

from storage.tables import people

if TYPE_CHECKING:
    from argon2 import PasswordHasher


def _hasher() -> PasswordHasher:
    """Weak enough for the one thread that writes (some 20 ms), strong enough for what is tried five times an hour."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def set_pin(connection: Connection, person: int, pin: str) -> None:
    """A new PIN; "" takes it away."""
    kept = _hasher().hash(pin) if pin else ""
    connection.execute(update(people).where(people.c.id == person).values(pin=kept))


def is_pin(kept: str, pin: str) -> bool:
    """Whether this is the PIN that was kept."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return bool(_hasher().verify(kept, pin))
    except (Argon2Error, InvalidHashError):
        return False
