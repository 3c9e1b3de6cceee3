"""What a benchmark hands back: figures with their limits, and how a process is looked at from outside."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `limit`: at most (`least`: at least) so much; None: told, not judged.

    `spread` is the smallest and greatest of the single measurements, where there were several.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    least: bool = False
    spread: tuple[float, float] | None = None

    @property
    def met(self) -> bool:
        """Whether the limit is kept."""
        return self.limit is None or (self.value >= self.limit if self.least else self.value <= self.limit)


def median_of(
    name: str, values: Sequence[float], unit: str, limit: float | None = None, *, least: bool = False
) -> Figure:
    """The median of several measurements, with their spread."""
    return Figure(name, statistics.median(values), unit, limit, least, (min(values), max(values)))


def table(figures: Sequence[Figure]) -> str:
    """The figures, a line each."""
    lines = []
    for f in figures:
        spread = f"({f.spread[0]:.4g} to {f.spread[1]:.4g})" if f.spread else ""
        sign = ">=" if f.least else "<="
        limit = "" if f.limit is None else f"{sign} {f.limit:g}: {'met' if f.met else 'MISSED'}"
        lines.append(f"{f.name:62} {f.value:9.4g} {f.unit:8} {spread:22} {limit}".rstrip())
    return "\n".join(lines)


def resident(pid: int, *, peak: bool = False) -> float:
    """A process's resident memory in MB (1024 × 1024 bytes), now or at its greatest."""
    key = "VmHWM:" if peak else "VmRSS:"
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(key))
    return int(line.split()[1]) / 1024


def children(pid: int) -> list[int]:
    """The processes that a process has begun."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_seconds(pid: int) -> float:
    """What a process has computed so far, in seconds of one core."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
