"""What goes wrong on the way, told beforehand: for the next requests of a method, or for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from handlers.telegram_fake.trouble import Refused, too_many

KINDS: Final = ("error", "flood", "gateway", "slow", "drop", "reset", "lost")


@dataclass(slots=True, kw_only=True)
class Fault:
    """Something that happens `times` times, after `skip` requests of the method were let through.

    `kind`: "error" (`status`, `description`, `parameters`), "flood" (429, `seconds` to wait), "gateway" (a 502 that is
    not JSON), "slow" (`seconds` later), "drop" (the connection is closed before anything is done), "reset" (the same,
    with a TCP reset), "lost" (done, but the connection is closed instead of an answer). `method` may be a pattern
    such as `send*`; `chat` narrows it to one chat.
    """

    kind: str
    method: str = "*"
    chat: int | None = None
    times: int = 1
    skip: int = 0
    status: int = 500
    description: str = "Internal Server Error"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no kind of fault: {self.kind}")

    def refusal(self) -> Refused | None:
        """The answer, for the kinds that are one."""
        if self.kind == "error":
            return Refused(self.status, self.description, parameters=self.parameters)
        return too_many(int(self.seconds)) if self.kind == "flood" else None


@dataclass(slots=True)
class Faults:
    """The faults that are still to come."""

    coming: list[Fault] = field(default_factory=list)

    def take(self, method: str, chat: object) -> Fault | None:
        """What is to happen to this request."""
        for fault in self.coming:
            if not fnmatchcase(method, fault.method) or fault.chat not in (None, chat):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.coming.remove(fault)
            return fault
        return None
