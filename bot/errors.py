"""The exceptions of the product. What a *person* does wrong is a value (`Trouble`), never one of these.

AnlitongError
├── CallErrors            a call definition has mistakes: all of them at once
├── ConfigError           the settings of this deployment cannot be used
├── StoreError            the database refused
│   ├── Stale             somebody else changed the row in between: load again and step again
│   ├── NewerDatabase     the data were written by a newer version of the program
│   └── StoreBusy         the lock could not be had in time: try again
├── FileRefused           a file a person sent cannot be taken; names the sentence to say
├── Stranger              an address belongs to nobody
├── NoPost                who asks for the workbench oversees nothing
├── PaperError            a document could not be written
└── ChannelError          a messenger did not take a message
    ├── Blocked           the person does not want messages there: stop sending
    ├── TryLater          temporary: send again after so many seconds
    ├── NotYet            the channel may not speak before a certain time
    └── Refused           this message will never be taken: do not repeat it
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


class AnlitongError(Exception):
    """The root: everything the program raises on purpose."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """One thing to put right in a definition. `key` is the place as written, "section[2].limit.min".

    `sentence` is Chinese and says what to do. A `hint` is worth knowing and fails nothing.
    """

    file: str
    key: str
    sentence: str
    hint: bool = False

    def __str__(self) -> str:
        """The line a definer reads: file, key, sentence."""
        return f"{self.file}: {self.key}: {self.sentence}"


class CallErrors(AnlitongError):
    """A call definition has mistakes; `mistakes` holds all of them, hints included, in file order."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes: tuple[Mistake, ...] = tuple(mistakes)
        super().__init__("\n".join(str(m) for m in self.mistakes if not m.hint))


class ConfigError(AnlitongError):
    """A setting is missing, unknown or contradicts another; the text names the key."""


class StoreError(AnlitongError):
    """The database refused; see the subclasses for what to do."""


class Stale(StoreError):
    """The row's `version` moved on since it was loaded."""


class NewerDatabase(StoreError):
    """The database's schema is newer than this program."""


class StoreBusy(StoreError):
    """The database is locked by somebody else, or the folder is already served."""


class FileRefused(AnlitongError):
    """A file cannot be taken. `key` names the sentence in the wording, `params` fill it."""

    def __init__(self, key: str, params: Mapping[str, str | int] | None = None) -> None:
        self.key = key
        self.params: dict[str, str | int] = dict(params or {})
        super().__init__(key)

    def __reduce__(self) -> tuple[type[FileRefused], tuple[str, dict[str, str | int]]]:
        """It may come from another process."""
        return FileRefused, (self.key, self.params)


class Stranger(AnlitongError):
    """Nobody is known by this address."""


class NoPost(AnlitongError):
    """They oversee nothing: for them there is no workbench."""


class PaperError(AnlitongError):
    """A document could not be written or read back."""


class ChannelError(AnlitongError):
    """A messenger did not take a message; exactly one of the four below."""


class Blocked(ChannelError):
    """The person blocked the bot or is gone: the address is closed until they speak again."""


class TryLater(ChannelError):
    """Temporary. `after`: seconds to wait before sending the same message again."""

    def __init__(self, after: float, reason: str = "") -> None:
        self.after = after
        super().__init__(reason or f"try again after {after:g} s")


class NotYet(ChannelError):
    """The channel may not speak to this person before `until` (aware, UTC)."""

    def __init__(self, until: datetime, reason: str = "") -> None:
        self.until = until
        super().__init__(reason or f"not before {until.isoformat()}")


class Refused(ChannelError):
    """The messenger will never take this message as it is."""
