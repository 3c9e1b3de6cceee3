"""Methods that change what stands in a chat."""

from __future__ import annotations

from typing import Any

from handlers.telegram_fake import limits
from handlers.telegram_fake.account import Account, Call
from handlers.telegram_fake.entities import parsed
from handlers.telegram_fake.sending import caption_of
from handlers.telegram_fake.trouble import bad

Json = dict[str, Any]
_SAME = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
_DELETABLE = 48 * 3600  # seconds
_CAPTIONED = ("photo", "document", "voice")


def edit_text(account: Account, call: Call) -> Json:
    """editMessageText."""
    message = _editable(account, call)
    text, entities = parsed(call.get("text") or "", call.get("parse_mode"), call.get("entities"))
    limits.check_text(text)
    if "text" not in message:
        raise bad("there is no text in the message to edit")
    return _changed(account, call, message, {"text": text, "entities": entities or None})


def edit_caption(account: Account, call: Call) -> Json:
    """editMessageCaption."""
    message = _editable(account, call)
    caption = caption_of(call.fields)
    if not any(kind in message for kind in _CAPTIONED):
        raise bad("there is no caption in the message to edit")
    new = {"caption": caption.get("caption"), "caption_entities": caption.get("caption_entities")}
    return _changed(account, call, message, new)


def edit_markup(account: Account, call: Call) -> Json:
    """editMessageReplyMarkup."""
    return _changed(account, call, _editable(account, call), {})


def _editable(account: Account, call: Call) -> Json:
    if call.get("inline_message_id") is not None:
        raise bad("the fake has no inline messages")
    if call.get("chat_id") is None or call.get("message_id") is None:
        raise bad("message identifier is not specified", breach=True)
    limits.check_markup(call.get("reply_markup"))
    chat = account.open_chat(call.fields["chat_id"])
    message = account.message(chat, call.fields["message_id"], "edit")
    own = message["from"]["id"] == account.id
    if not own or message["message_id"] in chat.keyed or "pinned_message" in message:
        raise bad("message can't be edited")
    return message


def _changed(account: Account, call: Call, message: Json, new: Json) -> Json:
    """The message with new values in place; None takes one out. Without buttons in the request it has none."""
    markup = call.get("reply_markup")
    new = {**new, "reply_markup": markup if markup and markup["inline_keyboard"] else None}
    if all(message.get(name) == value for name, value in new.items()):
        raise bad(_SAME)
    for name, value in new.items():
        if value is None:
            message.pop(name, None)
        else:
            message[name] = value
    message["edit_date"] = int(account.now())
    return message


def delete(account: Account, call: Call) -> bool:
    """deleteMessage."""
    chat = account.open_chat(call.fields["chat_id"])
    message = account.message(chat, call.fields["message_id"], "delete")
    if account.now() - message["date"] > _DELETABLE:
        raise bad("message can't be deleted for everyone")
    del chat.messages[message["message_id"]]
    chat.pinned = [pinned for pinned in chat.pinned if pinned != message["message_id"]]
    return True


def pin(account: Account, call: Call) -> bool:
    """pinChatMessage: the chat says so, and the bot hears of it as of any message."""
    chat = account.open_chat(call.fields["chat_id"])
    message = account.message(chat, call.fields["message_id"], "pin")
    if message["message_id"] not in chat.pinned:
        chat.pinned.append(message["message_id"])
        said = chat.add(account.user, account.now(), {"pinned_message": dict(message)})
        account.updates.add("message", said)
    return True


def unpin(account: Account, call: Call) -> bool:
    """unpinChatMessage: the one that is named, else the newest."""
    chat = account.open_chat(call.fields["chat_id"])
    named = call.get("message_id")
    if not chat.pinned or (named is not None and named not in chat.pinned):
        raise bad("message to unpin not found")
    chat.pinned.remove(chat.pinned[-1] if named is None else named)
    return True


METHODS = {
    "editMessageText": edit_text,
    "editMessageCaption": edit_caption,
    "editMessageReplyMarkup": edit_markup,
    "deleteMessage": delete,
    "pinChatMessage": pin,
    "unpinChatMessage": unpin,
}
