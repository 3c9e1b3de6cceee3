"""The process itself: `python -m bot.aside.process`.

Lists and cases of the workbench are tens of milliseconds of Python, a Word file is fifty, and a hundred coordinators
ask for them while cadres write. In one process each takes its turn on the same core, and every message waits; here they
wait for each other alone. Views come in their order; papers have a thread beside them.

It hears frames on standard input and answers on standard output: four bytes of length and a pickle, both from and for
its own parent. The first names the database, the data folder, the tools and the time; it is answered by the word that
all is ready. Then come `(number, Errand)`, answered by `(number, fine, value)`. It ends with its input, so whatever
ends the parent ends it as well.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import Any, BinaryIO

import structlog

from bot import logs
from bot.aside.errands import Errand, Here
from bot.errors import AnlitongError, StoreBusy
from bot.workbench import views
from storage import database
from storage.disk import Disk
from storage.readers import Readers

HEAD = struct.Struct(">I")
_log = structlog.get_logger("aside")


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
    size = HEAD.unpack(head)[0] if len(head) == HEAD.size else 0
    body = hearing.read(size)
    return taken(body if len(body) == size else b"")


def answer(here: Here, errand: Errand) -> tuple[bool, Any]:
    """What is told of one piece: whether it went well, and the result or the error that the asker is to meet."""
    try:
        return True, errand.do(here)
    except (ValueError, OSError, AnlitongError) as error:
        return False, error
    except Exception as error:
        _log.error("broke off aside", errand=type(errand).__name__, error=type(error).__name__, exc_info=error)
        return False, RuntimeError(type(error).__name__)


class _Telling:
    """Frames, each whole, from whichever thread."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._lock = Lock()

    def __call__(self, value: object) -> None:
        whole = frame(value)
        with self._lock:
            self._out.write(whole)
            self._out.flush()


def main() -> None:
    """Answers until its input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C ends the parent, and with it our input
    hearing, tell = os.fdopen(os.dup(0), "rb"), _Telling(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # whatever prints meanwhile does not speak to the parent
    logs.set_up()
    place, folder, tools, now = take(hearing)
    here = Here(readers=Readers(database.open_reader(place), threads=1), disk=Disk(folder), tools=tools)
    with suppress(StoreBusy):
        here.readers.now(lambda c: views.warm(c, tools, now))
    # Every statement lets another thread run; to come back costs a view as long as this while a paper is made.
    sys.setswitchinterval(0.0005)
    gc.freeze()
    gc.set_threshold(100_000, 10, 10)
    tell("ready")
    with ThreadPoolExecutor(1) as papers, suppress(EOFError, BrokenPipeError):
        while True:
            number, errand = take(hearing)
            run = partial(_run, tell, here, number, errand)
            if errand.brief:
                run()
            else:
                papers.submit(run)


def _run(tell: _Telling, here: Here, number: int, errand: Errand) -> None:
    tell((number, *answer(here, errand)))


if __name__ == "__main__":
    main()
