"""Logs as JSON lines on stderr: what happened and where, never a token, a link or an answer's text."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


class Log:
    """Standard error, but a full disk under it stops nobody: the line is lost, the writer lives on."""

    def write(self, text: str) -> int:
        """Writes what it can."""
        with suppress(OSError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """Sends on what it can."""
        with suppress(OSError):
            sys.stderr.flush()


def set_up() -> None:
    """Called once, by the commands that keep running."""
    logging.basicConfig(level=logging.WARNING, stream=Log(), format="%(levelname)s %(name)s %(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, Log())),
        cache_logger_on_first_use=True,
    )
