"""The only clock and the only randomness. Everything else takes time and ids as data."""

from __future__ import annotations

import random
import secrets
import time
from datetime import UTC, datetime

_random = random.Random()  # an id must be new, not secret


class World:
    """The real one. Tests give their own with the same methods."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only grow, for measuring waits."""
        return time.monotonic()

    def new_id(self) -> int:
        """A fresh positive id of 63 bits whose order follows time to the millisecond."""
        return (int(time.time() * 1000) << 21 | _random.getrandbits(21)) & (2**63 - 1)

    def new_ids(self, count: int) -> list[int]:
        """So many ids of one moment, no two of them the same: drawn one by one, thousands would meet."""
        now = int(time.time() * 1000) << 21
        return [(now | low) & (2**63 - 1) for low in _random.sample(range(2**21), count)]

    def fraction(self) -> float:
        """A random number from 0 up to 1, for pauses that are not to fall together."""
        return _random.random()

    def token(self, size: int = 32) -> str:
        """A secret of `size` random bytes in URL-safe text."""
        return secrets.token_urlsafe(size)

    def digits(self, length: int) -> str:
        """A random number of exactly `length` decimal digits, zeros included."""
        return "".join(secrets.choice("0123456789") for _ in range(length))
