"""Telegram itself: takes a bot's request, does what it asks, and says what came of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from handlers.telegram_fake import editing, sending, sundry
from handlers.telegram_fake.account import Account, Call
from handlers.telegram_fake.clock import Clock, RealTime
from handlers.telegram_fake.faults import Fault
from handlers.telegram_fake.journal import described, without_token
from handlers.telegram_fake.reading import Raw
from handlers.telegram_fake.table import Table
from handlers.telegram_fake.trouble import Refused, bad

TOKEN: Final = "1000000001:AAFakeTokenForTryingOutOnThisMachine00"
METHODS: Final[Mapping[str, Callable[[Account, Call], Any]]] = {
    **sending.METHODS,
    **editing.METHODS,
    **sundry.METHODS,
}
_UNSEEN = frozenset({"getMe", "getUpdates", "getWebhookInfo", "getFile", "getMyCommands"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What goes back: `body` is the Bot API's JSON (None: a gateway's page instead). `fate` "dropped", "reset" and
    "lost" mean that nothing goes back and the connection ends."""

    status: int
    body: Mapping[str, Any] | None
    fate: str = ""


class Telegram:
    """The fake's world: bots by their token. The first is the one that is meant where none is named."""

    def __init__(self, *tokens: str, clock: Clock | None = None, name: str = "Anlitong") -> None:
        self.clock = clock or RealTime()
        self.table = Table.load()
        self.accounts = {token: Account(token, self.clock, name=name) for token in tokens or (TOKEN,)}

    def account(self, token: str = "") -> Account:
        """A bot's account. Raises KeyError for a token that nobody has."""
        return self.accounts[token] if token else next(iter(self.accounts.values()))

    async def close(self) -> None:
        """Ends the pushes, and lets go whoever waits."""
        for account in self.accounts.values():
            account.bell.end()
            account.updates.end()
            await account.webhook.close()

    async def answer(self, account: Account, method: str, raw: Raw) -> Answer:
        """Does what a bot asks, and writes it into the journal."""
        at = account.now()
        name = self.table.named(method)
        fields, wrong = self.table.check(name, raw) if name else (dict(raw.fields), ["no such method"])
        account.journal.violations.extend(f"{name or method}: {without_token(reason)}" for reason in wrong)
        chat = fields.get("chat_id")
        fault = account.faults.take(name or method, chat)
        answer = await self._go(account, Call(name or method, fields, raw.parts), wrong, fault)
        kept, files = described(fields, raw.parts)
        body = answer.body or {}
        account.journal.write(
            at=at,
            method=name or method,
            fields=kept,
            files=tuple(files),
            status=answer.status,
            description=body.get("description", ""),
            fate=answer.fate,
            took=account.now() - at,
        )
        if name not in _UNSEEN:
            account.bell.ring()
        return answer

    async def _go(self, account: Account, call: Call, wrong: list[str], fault: Fault | None) -> Answer:
        seconds = account.latency + (fault.seconds if fault and fault.kind == "slow" else 0.0)
        if seconds > 0:
            await account.clock.sleep(seconds)
        if fault and fault.kind in ("drop", "reset"):
            return Answer(status=0, body=None, fate="dropped" if fault.kind == "drop" else "reset")
        if fault and fault.kind == "gateway":
            return Answer(status=502, body=None)
        try:
            if fault and (refusal := fault.refusal()):
                raise refusal
            if wrong:
                raise bad(wrong[0])
            result = await self._do(account, call)
        except Refused as refused:
            if refused.breach:
                account.journal.violations.append(f"{call.method}: {refused.description}")
            return Answer(status=refused.status, body=_refusal(refused))
        return Answer(status=200, body={"ok": True, "result": result}, fate="lost" if _is_lost(fault) else "")

    async def _do(self, account: Account, call: Call) -> Any:
        if isinstance(chat := call.get("chat_id"), int):
            account.pace.take(call.method, chat, account.now())
        result = METHODS[call.method](account, call)
        return await result if inspect.isawaitable(result) else result


def _is_lost(fault: Fault | None) -> bool:
    return fault is not None and fault.kind == "lost"


def _refusal(refused: Refused) -> dict[str, Any]:
    more = {"parameters": refused.parameters} if refused.parameters else {}
    return {"ok": False, "error_code": refused.status, "description": refused.description, **more}
