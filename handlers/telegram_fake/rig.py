"""What a test arranges around the people: faults, time, pace, and what it reads of the journal.

Every public method can be called by its name through the control interface, as those of `People` can.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from handlers.telegram_fake.account import Account
from handlers.telegram_fake.chats import Json
from handlers.telegram_fake.clock import VirtualTime
from handlers.telegram_fake.faults import Fault
from handlers.telegram_fake.journal import OWN
from handlers.telegram_fake.limits import Pace, Rate
from handlers.telegram_fake.seeing import screen


class Rig:
    """The strings behind one bot."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def screen(self, user: int, chat: int | None = None, last: int = 200) -> Json:
        """What somebody sees; see `phone.Screen`."""
        return screen(self._account, user, chat, last)

    def groups(self) -> list[Json]:
        """The groups there are; everybody is in all of them. `open`: so is the bot."""
        groups = [chat for chat in self._account.chats.values() if not chat.private and chat.moved_to is None]
        return [{"id": chat.id, "title": chat.about["title"], "open": chat.open} for chat in groups]

    def file(self, id: str) -> str:
        """The bytes of a file, base64."""
        return b64encode(self._account.files.by_id(id).data).decode()

    def fault(self, **about: Any) -> None:
        """Something that will go wrong; the arguments of `faults.Fault`."""
        self._account.faults.coming.append(Fault(**about))

    def calm(self) -> None:
        """Nothing goes wrong any more, and nothing is slow."""
        self._account.faults.coming.clear()
        self._account.latency = 0.0

    def latency(self, seconds: float) -> None:
        """From now on every answer takes so long."""
        self._account.latency = seconds

    def pace(
        self, on: bool = True, every: float = 30, chat: float = 1, burst: float = 30, chat_burst: float = 3
    ) -> None:
        """New buckets: messages a second over all chats and in one, and how many at once. Or none."""
        self._account.pace = Pace(
            every=Rate(burst=burst, per_second=every), chat=Rate(burst=chat_burst, per_second=chat), on=on
        )

    def advance(self, seconds: float) -> float:
        """Moves virtual time on: the time it is now. Raises ValueError where time is real."""
        if not isinstance(self._account.clock, VirtualTime):
            raise ValueError("time is real here")
        self._account.clock.advance(seconds)
        return self._account.now()

    def update(self, payload: Json) -> int:
        """Queues any update, of whatever kind: its id."""
        return self._account.updates.add_raw(payload)

    def renumber(self, first: int) -> None:
        """Updates go on with other ids."""
        self._account.updates.renumber(first)

    def pending(self) -> int:
        """How many updates are not confirmed."""
        return len(self._account.updates)

    def polled(self) -> bool:
        """Whether a poll waits at this moment."""
        return self._account.updates.polled

    def journal(self, since: int = 0) -> list[Json]:
        """The requests after a number, with everything about them."""
        return self._account.journal.plain(since)

    def normalised(self, skip: list[str] | None = None) -> list[Json]:
        """The requests as two libraries may be compared by them."""
        return self._account.journal.normalised(skip=OWN if skip is None else skip)

    def counts(self) -> dict[str, int]:
        """How many requests, by method and status."""
        return dict(self._account.journal.counts)

    def violations(self) -> list[str]:
        """What broke the Bot API's rules."""
        return list(self._account.journal.violations)

    def clear(self) -> None:
        """Begins the journal anew."""
        journal = self._account.journal
        journal.entries.clear()
        journal.violations.clear()
        journal.counts.clear()
