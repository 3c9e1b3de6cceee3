"""A county writing at once over HTTP, and how much one serving process holds.

    python -m benchmarks.load

Every person has a connection, an address and a half-written draft of their own, and sends on a timetable: a
message's time counts from when it was due, so that a slow server cannot hide behind people who wait for it.
The people live in a process of their own. The rates a person may send at are lifted (`benchmarks.crowd.LIFTED`).
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.crowd import LIFTED, NEW, gather, source
from benchmarks.figures import Figure, cpu_seconds, resident, table
from tests.browser import serving
from tests.http_person import HttpPerson

PEOPLE, EVERY, SECONDS = 200, 2.0, 60.0
P99_LIMIT, P99_HELD = 50, 250  # milliseconds: for the county, and where the ramp ends
STEP, RATES = 10.0, (150, 200, 250, 300, 350, 400, 500, 600, 800, 1000)


def figures() -> list[Figure]:
    """The county's minute, then ever more a second until answers come late."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "data"
        cookies = asyncio.run(gather(folder, PEOPLE))
        (Path(place) / "cookies").write_text("\n".join(cookies))
        with serving(folder, environ=LIFTED) as served:
            before, began = cpu_seconds(served.pid), time.monotonic()
            minute = _drive(served.url, place, PEOPLE / EVERY, SECONDS)
            share = (cpu_seconds(served.pid) - before) / (time.monotonic() - began)
            found = [
                Figure(f"{PEOPLE} people, a message each {EVERY:g} s, {SECONDS:g} s: p50", minute["p50"], "ms"),
                Figure("  p99", minute["p99"], "ms", P99_LIMIT),
                Figure("  slowest", minute["max"], "ms"),
                Figure("  messages", minute["sent"], ""),
                Figure("  errors", minute["errors"], "", 0),
                Figure("  the server's share of one core", share * 100, "%"),
                Figure("  its memory", resident(served.pid), "MB"),
            ]
            held = minute if minute["p99"] <= P99_HELD and not minute["errors"] else {}
            for rate in RATES:
                step = _drive(served.url, place, rate, STEP)
                if step["p99"] > P99_HELD or step["errors"]:
                    break
                held = step
    return [
        *found,
        Figure(f"most a second with p99 under {P99_HELD} ms", held.get("rate", 0), "/s"),
        Figure("  p99 there", held.get("p99", 0), "ms", P99_HELD),
    ]


def _drive(url: str, place: str, rate: float, seconds: float) -> dict[str, float]:
    """Lets the people write, in a process of their own; `rate` is messages a second of all of them."""
    command = [sys.executable, "-m", "benchmarks.load", "drive", url, place, str(rate), str(seconds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 120)
    result: dict[str, float] = json.loads(done.stdout)
    print(f"    {rate:g}/s: {result}", file=sys.stderr)
    return result


async def _people(url: str, place: str, rate: float, seconds: float) -> dict[str, Any]:
    cookies = (Path(place) / "cookies").read_text().split("\n")
    people = [HttpPerson(url, source=source(n), cookie=cookie) for n, cookie in enumerate(cookies)]
    for person in people:  # the page has loaded before anybody writes
        await person.read()
    took: list[float] = []
    errors: list[int] = []
    began, cpu = time.perf_counter() + 0.5, time.process_time()

    async def write(person: HttpPerson, n: int) -> None:
        every = len(people) / rate
        due = began + every * n / len(people)
        while due < began + seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            data = {"cid": os.urandom(8).hex(), "base_seq": person.seq, "text": NEW}
            try:
                answer = await person.ask("POST", "/api/say", data)
            except (OSError, TimeoutError):
                errors.append(0)
            else:
                if answer.status == 200:
                    person.seq = answer.json["seq"]
                else:
                    errors.append(answer.status)
            took.append((time.perf_counter() - due) * 1000)
            due += every

    await asyncio.gather(*[write(person, n) for n, person in enumerate(people)])
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    for person in people:
        person.close()
    took.sort()
    return {
        "rate": len(took) / wall,
        "sent": len(took),
        "errors": len(errors),
        "p50": took[len(took) // 2],
        "p99": took[int(len(took) * 0.99)],
        "max": took[-1],
        "driver_core": cpu / wall,
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["drive"]:
        url, place, rate, seconds = sys.argv[2:]
        print(json.dumps(asyncio.run(_people(url, place, float(rate), float(seconds)))))
    else:
        print(table(figures()))
