"""What a person sees: the chat as it stands now."""

from __future__ import annotations

from typing import Any

from handlers.telegram_fake.account import Account
from handlers.telegram_fake.chats import Chat, Json
from handlers.telegram_fake.sundry import scope_key


def screen(account: Account, user: int, chat: int | None = None, last: int = 200) -> Json:
    """The chat on somebody's phone, the last messages of it. See `phone.Screen` for what is what."""
    here = account.chats.get(user if chat is None else chat) or Chat({"id": user, "type": "private"})
    numbers = sorted(here.messages)[-last:]
    pinned = here.messages.get(here.pinned[-1]) if here.pinned else None
    return {
        "version": account.bell.version,
        "open": here.open,
        "messages": [_seen(here, here.messages[n], user) for n in numbers],
        "pinned": _seen(here, pinned, user) if pinned else None,
        "keyboard": here.keyboard,
        "commands": _commands(account, user),
        "action": here.action,
        "blocked": here.blocked,
        "waiting": [query.id for query in here.queries if query.answer is None],
        "answers": [{"query": query.id, **query.answer} for query in here.queries if query.answer is not None],
    }


def _seen(here: Chat, message: Json, user: int) -> Json:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return {
        "id": message["message_id"],
        "mine": message["from"]["id"] == user,
        "name": message["from"]["first_name"],
        "date": message["date"],
        "edited": "edit_date" in message,
        "kind": _kind(message),
        "text": message.get("text", message.get("caption", "")),
        "entities": message.get("entities", message.get("caption_entities", [])),
        "file": _file(message),
        "about": next((message[kind] for kind in _TOLD if kind in message), None),
        "album": message.get("media_group_id", ""),
        "reply_to": message.get("reply_to_message", {}).get("message_id", 0),
        "pinned": message["message_id"] in here.pinned,
        "buttons": [[_button(button) for button in row] for row in rows],
    }


def _button(given: Json) -> Json:
    return {"label": given["text"], "data": given.get("callback_data", ""), "url": given.get("url", "")}


_TOLD = ("voice", "contact", "location", "sticker")  # what a phone shows of these stands in the message itself
_KINDS = ("text", "photo", "document", *_TOLD, "pinned_message", "new_chat_members")


def _kind(message: Json) -> str:
    return next((kind for kind in _KINDS if kind in message), "service")


def _file(message: Json) -> Json | None:
    found: Any = message.get("document") or message.get("voice")
    if "photo" in message:
        found = message["photo"][-1]
    if found is None:
        return None
    return {"id": found["file_id"], "name": found.get("file_name", ""), "size": found["file_size"]}


def _commands(account: Account, user: int) -> list[Json]:
    """The menu of a private chat: the narrowest scope for which there are commands."""
    chat = account.chats.get(user)
    tongues = [chat.language, ""] if chat and chat.language else [""]
    for scope in ({"type": "chat", "chat_id": user}, {"type": "all_private_chats"}, {"type": "default"}):
        for tongue in tongues:
            found = account.commands.get((scope_key(scope), tongue))
            if found:
                return found
    return []
