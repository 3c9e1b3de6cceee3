"""Methods about the bot itself: who it is, its updates, its commands, its answers to buttons, files."""

from __future__ import annotations

import json
import re
from typing import Any

from handlers.telegram_fake import limits
from handlers.telegram_fake.account import Account, Call
from handlers.telegram_fake.trouble import bad

Json = dict[str, Any]
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


def get_me(account: Account, _: Call) -> Json:
    """getMe."""
    able = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
    return {**account.user, **able}


async def get_updates(account: Account, call: Call) -> list[Json]:
    """getUpdates."""
    _allow(account, call)
    return await account.updates.poll(call.get("offset") or 0, call.get("limit") or 100, call.get("timeout") or 0)


def set_webhook(account: Account, call: Call) -> bool:
    """setWebhook."""
    secret = call.get("secret_token") or ""
    if secret and not _SECRET.fullmatch(secret):
        raise bad("secret token contains unallowed characters", breach=True)
    _allow(account, call)
    if call.get("drop_pending_updates"):
        account.updates.drop()
    if call.fields["url"]:
        most = call.get("max_connections")
        part = call.get("certificate")
        account.webhook.set(call.fields["url"], secret, 40 if most is None else most, part.data if part else b"")
    else:
        account.webhook.remove()
    return True


def delete_webhook(account: Account, call: Call) -> bool:
    """deleteWebhook."""
    if call.get("drop_pending_updates"):
        account.updates.drop()
    account.webhook.remove()
    return True


def get_webhook_info(account: Account, _: Call) -> Json:
    """getWebhookInfo."""
    return account.webhook.info


def _allow(account: Account, call: Call) -> None:
    allowed = call.get("allowed_updates")
    if allowed is not None:
        account.updates.allowed = tuple(allowed)


def leave_chat(account: Account, call: Call) -> bool:
    """leaveChat."""
    chat = account.open_chat(call.fields["chat_id"])
    if chat.private:
        raise bad("chat member status can't be changed in private chats", breach=True)
    chat.open = False
    account.member(chat, account.user, "member", "left")
    return True


def answer_callback_query(account: Account, call: Call) -> bool:
    """answerCallbackQuery: each query once, while it is fresh."""
    if limits.units(call.get("text") or "") > limits.CALLBACK_ANSWER:
        raise bad("MESSAGE_TOO_LONG", breach=True)
    query = account.queries.get(call.fields["callback_query_id"])
    if query is None or query.answer is not None or account.now() - query.at > account.query_life:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    query.answer = {"text": call.get("text") or "", "alert": bool(call.get("show_alert"))}
    return True


def get_file(account: Account, call: Call) -> Json:
    """getFile."""
    file = account.files.to_fetch(call.fields["file_id"])
    return {**file.about, "file_path": file.path}


def set_my_commands(account: Account, call: Call) -> bool:
    """setMyCommands."""
    limits.check_commands(call.fields["commands"])
    account.commands[_scope(call)] = call.fields["commands"]
    return True


def get_my_commands(account: Account, call: Call) -> list[Json]:
    """getMyCommands."""
    return account.commands.get(_scope(call), [])


def _scope(call: Call) -> tuple[str, str]:
    return scope_key(call.get("scope") or {"type": "default"}), call.get("language_code") or ""


def scope_key(scope: Json) -> str:
    """A scope as the key under which its commands are kept."""
    return json.dumps(scope, sort_keys=True)


METHODS = {
    "getMe": get_me,
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "leaveChat": leave_chat,
    "answerCallbackQuery": answer_callback_query,
    "getFile": get_file,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
}
