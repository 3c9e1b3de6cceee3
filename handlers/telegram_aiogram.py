"""Telegram through aiogram 3: its Bot and its types, on our transport. No Dispatcher and nothing that hangs on it.

Of an answer only what is needed is read, so that a message that has been sent counts as sent whatever else the
answer holds.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any, cast

from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteWebhook,
    EditMessageReplyMarkup,
    EditMessageText,
    GetFile,
    GetMe,
    GetUpdates,
    GetWebhookInfo,
    LeaveChat,
    PinChatMessage,
    Response,
    SendDocument,
    SendMessage,
    SetMyCommands,
    SetWebhook,
    TelegramMethod,
)
from aiogram.methods.base import TelegramType
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    CallbackQuery,
    ChatMemberRestricted,
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
    TelegramObject,
)
from aiogram.types import Message as TelegramMessage
from aiogram.types import Update as TelegramUpdate

from bot.errors import Refused, TryLater
from handlers.telegram_common import (
    ALLOWED,
    Answered,
    Change,
    Clip,
    Hand,
    Heard,
    Leave,
    Library,
    Me,
    Menu,
    Pin,
    Request,
    Rows,
    Speak,
    Strip,
    Unread,
    Webhook,
)
from handlers.telegram_words import INSIDE, PAUSE, SERVICE, Settled, check_token, failure
from handlers.transport import Part, Transport

_SECONDS = 20  # for an answer
_MORE_SECONDS = 10  # than Telegram waits for an update
_FILE_SECONDS = 60  # for a file, either way
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


def open_library(token: str, api: str, transport: Transport) -> Library:
    """The library for a bot; `api` is Telegram's address without a path. Raises WrongToken for what is no token."""
    check_token(token)
    return Aiogram(Bot(token, session=Session(transport, TelegramAPIServer.from_base(api))))


# ---------------------------------------------------------------- what is asked for


class Session(BaseSession):
    """aiogram's requests on a transport that belongs to somebody else."""

    def __init__(self, transport: Transport, api: TelegramAPIServer) -> None:
        super().__init__(api=api, timeout=_SECONDS)
        self._transport = transport

    async def make_request(
        self, bot: Bot, method: TelegramMethod[TelegramType], timeout: int | None = None
    ) -> TelegramType:
        """Raises what `failure` makes of an answer that is not `ok`."""
        fields: dict[str, str | int | float | bool] = {}
        attached: dict[str, InputFile] = {}
        for name, value in method.model_dump(warnings=False, exclude_none=True).items():
            plain = isinstance(value, str | int | float)
            given = value if plain else self.prepare_value(value, bot=bot, files=attached)
            if given is not None:
                fields[name] = given
        files = {name: await _part(file, bot) for name, file in attached.items()}
        status, body = await self._transport.post(
            self.api.api_url(bot.token, method.__api_method__),
            fields,
            files or None,
            seconds=timeout or (_FILE_SECONDS if files else self.timeout),
        )
        if status != 200:
            raise failure(status, body)
        kind = _READ_AS.get(type(method), method.__returning__)
        try:
            answer = Response[kind].model_validate(json.loads(body))  # type: ignore[valid-type]
            if answer.ok:
                return cast(TelegramType, answer.result)
            wrong = "not ok"
        except ValueError as error:  # JSON's errors and pydantic's are ValueErrors
            wrong = type(error).__name__
        # Outside, so that nothing of the answer hangs on what is raised.
        raise TryLater(PAUSE, f"{method.__api_method__}: an answer that cannot be read ({wrong})")

    async def stream_content(
        self,
        url: str,
        headers: dict[str, Any] | None = None,
        timeout: int = _FILE_SECONDS,
        chunk_size: int = 65536,
        raise_for_status: bool = True,
    ) -> AsyncGenerator[bytes, None]:
        """The bytes behind an address, in the transport's own chunks."""
        async for chunk in self._transport.stream(url, seconds=timeout):
            yield chunk

    async def close(self) -> None:
        """The transport stays open."""


async def _part(file: InputFile, bot: Bot) -> Part:
    return Part(name=file.filename or "", data=b"".join([chunk async for chunk in file.read(bot)]))


class _Sent(TelegramObject):
    message_id: int


# As what an answer is read, where the library would read more than is needed or less than came.
_READ_AS: Mapping[type[TelegramMethod[Any]], Any] = {
    SendMessage: _Sent,
    SendDocument: _Sent,
    EditMessageText: Any,
    EditMessageReplyMarkup: Any,
    GetUpdates: list[dict[str, Any]],
    GetWebhookInfo: dict[str, Any],
}


def method_for(request: Request) -> TelegramMethod[Any]:
    """aiogram's method for a request. What is not said is not sent."""
    match request:
        case Speak():
            return SendMessage(
                chat_id=request.chat,
                text=request.text,
                link_preview_options=_NO_PREVIEW,
                reply_parameters=_reply(request.reply),
                reply_markup=_markup(request),
            )
        case Hand():
            return SendDocument(
                chat_id=request.chat,
                document=BufferedInputFile(request.data, request.name),
                caption=request.caption or None,
                reply_markup=_inline(request.rows),
            )
        case Change():
            return EditMessageText(
                chat_id=request.chat,
                message_id=request.message,
                text=request.text,
                link_preview_options=_NO_PREVIEW,
                reply_markup=_inline(request.rows),
            )
        case Strip():
            return EditMessageReplyMarkup(chat_id=request.chat, message_id=request.message)
        case Pin():
            return PinChatMessage(chat_id=request.chat, message_id=request.message, disable_notification=True)
        case Leave():
            return LeaveChat(chat_id=request.chat)
        case Answered():
            return AnswerCallbackQuery(callback_query_id=request.query, text=request.text or None)
        case Menu():
            return SetMyCommands(commands=[BotCommand(command=c, description=text) for c, text in request.commands])
        case Webhook(url=""):
            return DeleteWebhook()
        case Webhook():
            return SetWebhook(
                url=request.url,
                secret_token=request.secret or None,
                max_connections=request.max_connections,
                allowed_updates=list(ALLOWED),
                certificate=BufferedInputFile(request.certificate, "certificate.pem") if request.certificate else None,
            )
    raise TypeError(type(request).__name__)


def _inline(rows: Rows) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    made = [[InlineKeyboardButton(text=label, callback_data=data) for label, data in row] for row in rows]
    return InlineKeyboardMarkup(inline_keyboard=made)


def _reply(message: int) -> ReplyParameters | None:
    return ReplyParameters(message_id=message, allow_sending_without_reply=True) if message else None


def _markup(speak: Speak) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | None:
    if speak.clear:
        return ReplyKeyboardRemove(remove_keyboard=True)
    if not speak.keys:
        return _inline(speak.rows)
    keys = [
        [
            KeyboardButton(
                text=label,
                request_contact=gives == "phone" or None,
                request_location=gives == "place" or None,
            )
            for label, gives in row
        ]
        for row in speak.keys
    ]
    return ReplyKeyboardMarkup(keyboard=keys, resize_keyboard=True, one_time_keyboard=True)


class Aiogram:
    """`Library` for aiogram."""

    name = "aiogram"

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def me(self) -> Me:
        """See `Library`."""
        user = await self._bot(GetMe())
        return Me(id=user.id, username=user.username or "")

    async def updates(self, offset: int, *, seconds: int) -> Sequence[Mapping[str, Any]]:
        """See `Library`."""
        method = GetUpdates(offset=offset, limit=100, timeout=seconds, allowed_updates=list(ALLOWED))
        raw = await self._bot(method, seconds + _MORE_SECONDS)
        return cast("list[dict[str, Any]]", raw)

    def read(self, raw: Mapping[str, Any]) -> Heard:
        """See `Library`."""
        try:
            return heard(TelegramUpdate.model_validate(raw))
        except Exception as error:
            kind = type(error).__name__
        raise Unread(kind)  # outside, so that nothing of the update hangs on it

    async def do(self, request: Request) -> int:
        """See `Library`."""
        try:
            result = await self._bot(method_for(request))
        except Settled:
            return 0
        return result.message_id if isinstance(result, _Sent) else 0

    async def webhook(self) -> Mapping[str, Any]:
        """See `Library`."""
        return cast("dict[str, Any]", await self._bot(GetWebhookInfo()))

    async def fetch(self, file: str) -> AsyncIterator[bytes]:
        """See `Library`."""
        found = await self._bot(GetFile(file_id=file))
        if not found.file_path:
            raise Refused("this file cannot be fetched")
        session = self._bot.session
        async for chunk in session.stream_content(session.api.file_url(self._bot.token, found.file_path)):
            yield chunk

    async def close(self) -> None:
        """See `Library`."""
        await self._bot.session.close()


# ---------------------------------------------------------------- what comes in


def heard(update: TelegramUpdate) -> Heard:
    """An update in our words; pure."""
    if update.message:
        return _message(update.update_id, update.message)
    if update.edited_message:
        made = _message(update.update_id, update.edited_message, edited=True)
        return made if made.text or made.clips else Heard(update=update.update_id, kind="other")
    if update.callback_query and update.callback_query.message:
        return _pressed(update.update_id, update.callback_query)
    if update.my_chat_member:
        return _member(update.update_id, update.my_chat_member)
    return Heard(update=update.update_id, kind="other")


def _message(update: int, message: TelegramMessage, *, edited: bool = False) -> Heard:
    clips, place, contact, venue = _clips(message), message.location, message.contact, message.venue
    taken = message.text is not None or bool(clips) or contact is not None or place is not None
    service = not taken and not SERVICE.isdisjoint(message.model_fields_set)
    return Heard(
        update=update,
        kind="edited" if edited else "message",
        chat=message.chat.id,
        private=message.chat.type == "private",
        user=message.from_user.id if message.from_user else 0,
        message=message.message_id,
        date=int(message.date.timestamp()),
        text=message.text or message.caption or "",
        album=message.media_group_id or "",
        clips=clips,
        odd=not taken and not service,
        service=service,
        phone=contact.phone_number if contact else "",
        place=(place.latitude, place.longitude) if place else None,
        venue=f"{venue.title} {venue.address}".strip() if venue else "",
    )


def _clips(message: TelegramMessage) -> tuple[Clip, ...]:
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return (Clip(id=largest.file_id, kind="picture", size=largest.file_size or 0),)
    file = message.document
    if file and not message.animation:  # a film without sound is a document as well
        named = {"name": file.file_name or "", "mime": file.mime_type or ""}
        return (Clip(id=file.file_id, kind="file", size=file.file_size or 0, **named),)
    sound = message.voice or message.audio
    if sound:
        name = message.audio.file_name or "" if message.audio else ""
        return (Clip(id=sound.file_id, kind="voice", name=name, mime=sound.mime_type or "", size=sound.file_size or 0),)
    return ()


def _pressed(update: int, query: CallbackQuery) -> Heard:
    message, data = query.message, query.data or ""
    assert message is not None
    shown = message if isinstance(message, TelegramMessage) else None
    rows = shown.reply_markup.inline_keyboard if shown and shown.reply_markup else ()
    return Heard(
        update=update,
        kind="pressed",
        chat=message.chat.id,
        private=message.chat.type == "private",
        user=query.from_user.id,
        message=message.message_id,
        date=int(shown.date.timestamp()) if shown else 0,
        text=(shown.text or "") if shown else "",
        query=query.id,
        data=data,
        label=next((button.text for row in rows for button in row if button.callback_data == data), ""),
    )


def _member(update: int, changed: ChatMemberUpdated) -> Heard:
    now = changed.new_chat_member
    return Heard(
        update=update,
        kind="member",
        chat=changed.chat.id,
        private=changed.chat.type == "private",
        user=changed.from_user.id,
        date=int(changed.date.timestamp()),
        inside=now.is_member if isinstance(now, ChatMemberRestricted) else now.status in INSIDE,
    )
