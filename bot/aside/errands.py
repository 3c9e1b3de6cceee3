"""What can be done aside: any frozen dataclass that can be pickled and knows how to do itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from bot.workbench.base import Tools
from storage.disk import Disk
from storage.readers import Readers


@dataclass(frozen=True, kw_only=True, slots=True)
class Here:
    """What there is to do it with, in whichever process it is done."""

    readers: Readers
    disk: Disk
    tools: Tools


class Errand(Protocol):
    """One piece of work. What is `brief` is done one after the other; what is not has a thread of its own."""

    brief: ClassVar[bool]

    def do(self, here: Here) -> Any:
        """The result, which can be pickled. Raises ValueError, OSError or an AnlitongError for who asked."""
