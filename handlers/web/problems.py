"""What the edge itself refuses: a status and one sentence."""

from __future__ import annotations

from collections.abc import Mapping


class Problem(Exception):
    """A request cannot be served. `key` names the sentence in the wording, `params` fill its gaps.

    `retry_after`: seconds, where trying again makes sense; the answer then carries Retry-After.
    """

    def __init__(self, status: int, key: str, params: Mapping[str, object] | None = None, retry_after: int = 0) -> None:
        super().__init__(key)
        self.status = status
        self.key = key
        self.params = dict(params or {})
        self.retry_after = retry_after
