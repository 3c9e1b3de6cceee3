"""How the Bot API says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """An answer that is not `ok`, with Telegram's own words.

    `breach`: the request asked for what the Bot API's description forbids, which a well-made bot never does;
    the journal keeps it among the violations. The others may happen to anybody.
    """

    def __init__(
        self, status: int, description: str, *, breach: bool = False, parameters: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.breach = breach
        self.parameters = dict(parameters or {})


def bad(description: str, *, breach: bool = False, **parameters: Any) -> Refused:
    """A 400."""
    return Refused(400, f"Bad Request: {description}", breach=breach, parameters=parameters)


def forbidden(description: str) -> Refused:
    """A 403."""
    return Refused(403, f"Forbidden: {description}")


def too_many(seconds: int) -> Refused:
    """A 429."""
    return Refused(429, f"Too Many Requests: retry after {seconds}", parameters={"retry_after": seconds})
