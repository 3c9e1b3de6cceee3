"""A whole season of 6,500 cadres over 55 days, as `anlitong season` plays it: `python -m benchmarks.season [PEOPLE]`.

The command as it is typed, with the call that asks the most; its wall clock, and what its processes held in memory.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time

from benchmarks.figures import Figure, median_of, table

PEOPLE, ROUNDS, SECONDS = 6500, 3, 120.0


def figures(people: int = PEOPLE) -> list[Figure]:
    """Rounds with seeds of their own."""
    taken: list[float] = []
    handed: list[float] = []
    for seed in range(1, ROUNDS + 1):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "bot", "season", "--call", "mca", "--people", str(people)]
            began = time.perf_counter()
            done = subprocess.run(
                [*command, "--seed", str(seed), "--json"], check=True, capture_output=True, text=True, cwd=folder
            )
        taken.append(time.perf_counter() - began)
        last = json.loads(done.stdout)["days"][-1]
        handed.append(last["submitted"] / people * 100)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return [
        median_of(f"{people:,} cadres of mca, all days", taken, "s", SECONDS),
        median_of("  of whom have handed in at the end", handed, "%"),
        median_of("  memory of the largest house", [largest], "MB"),
    ]


if __name__ == "__main__":
    print(table(figures(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE)))
