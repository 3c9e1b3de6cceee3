"""The process beside the serving one in which the workbench's views are read: `python -m bot.workbench.aside`.

A view is tens of milliseconds of Python, and a hundred coordinators ask for them while cadres write. In one process
each takes its turn on the same core, and every message waits for whole lists; here lists wait for lists alone.

It hears frames on standard input and answers on standard output: four bytes of length and a pickle, both from and for
its own parent. The first names the database, the tools and the time; it is answered by the word that all is ready.
Then come `(number, Asked)`, answered in their order by `(number, fine, value)`. It ends with its input, so whatever
ends the parent ends it as well.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import struct
from contextlib import suppress
from typing import Any, BinaryIO

import structlog

from bot import logs
from bot.errors import StoreBusy
from bot.workbench import views
from bot.workbench.base import Tools
from storage import database
from storage.readers import Readers

HEAD = struct.Struct(">I")
_log = structlog.get_logger("views")


def frame(value: object) -> bytes:
    """A value as it is sent."""
    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return HEAD.pack(len(body)) + body


def taken(body: bytes) -> Any:
    """The value that was sent. Raises EOFError where there is none."""
    return pickle.loads(body)


def take(hearing: BinaryIO) -> Any:
    """The next value. Raises EOFError when nobody speaks any more."""
    head = hearing.read(HEAD.size)
    return taken(hearing.read(HEAD.unpack(head)[0]) if len(head) == HEAD.size else b"")


def answer(readers: Readers, tools: Tools, asked: views.Asked) -> tuple[bool, Any]:
    """What is told of one look: whether it went well, and the view or the error that the asker is to meet."""
    try:
        return True, readers.now(lambda c: views.seen(c, tools, asked))
    except (ValueError, StoreBusy) as error:
        return False, error
    except Exception as error:
        _log.error("a view failed", view=asked.view, error=type(error).__name__, exc_info=error)
        return False, RuntimeError(type(error).__name__)


def main() -> None:
    """Answers until its input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C ends the parent, and with it our input
    hearing, telling = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints meanwhile does not speak to the parent
    logs.set_up()
    place, tools, now = take(hearing)
    readers = Readers(database.open_reader(place), threads=1)
    with suppress(StoreBusy):
        readers.now(lambda c: views.warm(c, tools, now))
    gc.freeze()
    gc.set_threshold(100_000, 10, 10)
    telling.write(frame("ready"))
    telling.flush()
    while True:
        try:
            number, asked = take(hearing)
        except EOFError:
            return
        telling.write(frame((number, *answer(readers, tools, asked))))
        telling.flush()


if __name__ == "__main__":
    main()
