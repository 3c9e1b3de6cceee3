"""Methods that put something new into a chat."""

from __future__ import annotations

from typing import Any

from bot.errors import FileRefused
from handlers.telegram_fake import limits
from handlers.telegram_fake.account import Account, Call
from handlers.telegram_fake.chats import Chat, File
from handlers.telegram_fake.entities import parsed
from handlers.telegram_fake.reading import Part
from handlers.telegram_fake.trouble import Refused, bad

Json = dict[str, Any]
ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ]
)


def send_message(account: Account, call: Call) -> Json:
    """sendMessage."""
    text, entities = parsed(call.fields["text"], call.get("parse_mode"), call.get("entities"))
    limits.check_text(text)
    content: Json = {"text": text, **({"entities": entities} if entities else {})}
    return _post(account, call, content)


def send_photo(account: Account, call: Call) -> Json:
    """sendPhoto."""
    account.open_chat(call.fields["chat_id"])
    more = {"has_media_spoiler": True} if call.get("has_spoiler") else {}
    return _post(account, call, {**_photo(account, call, call.fields["photo"]), **caption_of(call.fields), **more})


def send_document(account: Account, call: Call) -> Json:
    """sendDocument."""
    account.open_chat(call.fields["chat_id"])
    return _post(account, call, {**_document(account, call, call.fields["document"]), **caption_of(call.fields)})


def send_media_group(account: Account, call: Call) -> list[Json]:
    """sendMediaGroup: all of the album or nothing."""
    account.open_chat(call.fields["chat_id"])
    media = call.fields["media"]
    least, most = limits.ALBUM
    if not media:
        raise bad("there are no messages to send", breach=True)
    if not least <= len(media) <= most:
        raise bad("an album must have 2-10 items", breach=True)
    makers = {"photo": _photo, "document": _document}
    if any(item["type"] not in makers for item in media):
        raise bad("the fake plays albums of photos and of documents alone", breach=True)
    captions = [caption_of(item) for item in media]
    contents = [makers[item["type"]](account, call, item["media"]) for item in media]
    group = str(10_000_000 + next(account.numbers))
    return [
        _post(account, call, {"media_group_id": group, **content, **caption})
        for content, caption in zip(contents, captions, strict=True)
    ]


def send_chat_action(account: Account, call: Call) -> bool:
    """sendChatAction."""
    chat = account.open_chat(call.fields["chat_id"])
    if call.fields["action"] not in ACTIONS:
        raise bad("wrong parameter action in request", breach=True)
    chat.action = call.fields["action"]
    return True


def caption_of(fields: Json) -> Json:
    """A caption ready for a message. Raises Refused."""
    text, entities = parsed(fields.get("caption") or "", fields.get("parse_mode"), fields.get("caption_entities"))
    limits.check_caption(text)
    above = {"show_caption_above_media": True} if text and fields.get("show_caption_above_media") else {}
    return {**({"caption": text} if text else {}), **({"caption_entities": entities} if entities else {}), **above}


def _post(account: Account, call: Call, content: Json) -> Json:
    """The message, its keyboard and what it answers. Raises Refused."""
    markup = call.get("reply_markup")
    limits.check_markup(markup)
    chat = account.open_chat(call.fields["chat_id"])
    content = {**content, **_answered(chat, call.get("reply_parameters"))}
    if call.get("protect_content"):
        content["has_protected_content"] = True
    if markup and "inline_keyboard" in markup:
        content["reply_markup"] = markup
    message = chat.add(account.user, account.now(), content)
    if markup and "inline_keyboard" not in markup:
        chat.keyed.add(message["message_id"])
        if "keyboard" in markup:
            chat.keyboard = markup
        elif "remove_keyboard" in markup:
            chat.keyboard = None
    return message


def _answered(chat: Chat, reply: Json | None) -> Json:
    if not reply:
        return {}
    answered = chat.messages.get(reply["message_id"])
    if answered is None:
        if reply.get("allow_sending_without_reply"):
            return {}
        raise bad("message to be replied not found")
    return {"reply_to_message": {k: v for k, v in answered.items() if k != "reply_to_message"}}


def _photo(account: Account, call: Call, given: Any) -> Json:
    part = _given(account, call, given)
    if isinstance(part, File):
        if part.kind != "photo":
            raise bad("can't use file of type Document as Photo")
        return {"photo": [part.size]}
    if len(part.data) > limits.PHOTO:
        most = f"file of size {len(part.data)} bytes is too big for a photo; the maximum size is {limits.PHOTO} bytes"
        raise bad(most, breach=True)
    try:
        return {"photo": [file.size for file in account.photo(part.data)]}
    except FileRefused:
        raise bad("IMAGE_PROCESS_FAILED") from None


def _document(account: Account, call: Call, given: Any) -> Json:
    part = _given(account, call, given)
    if isinstance(part, File):
        if part.kind != "document":
            raise bad("type of file mismatch")
        return {"document": part.document}
    if len(part.data) > limits.UPLOAD:
        raise Refused(413, "Request Entity Too Large", breach=True)
    if not part.data:
        raise bad("file must be non-empty", breach=True)
    return {"document": account.files.keep("document", part.data, part.name, part.mime).document}


def _given(account: Account, call: Call, given: Any) -> Part | File:
    """What a field for a file holds: the upload itself, `attach://` and the name of its part, or a file_id."""
    if isinstance(given, Part):
        return given
    if given.startswith("attach://"):
        part = call.parts.get(given.removeprefix("attach://"))
        if part is None:
            raise bad("file not found in the request", breach=True)
        return part
    if given.startswith(("http://", "https://")):
        raise bad("failed to get HTTP URL content: the fake fetches nothing")
    return account.files.by_id(given)


METHODS = {
    "sendMessage": send_message,
    "sendPhoto": send_photo,
    "sendDocument": send_document,
    "sendMediaGroup": send_media_group,
    "sendChatAction": send_chat_action,
}
