"""Telegram through python-telegram-bot 22: its Bot and its types, on our transport. No Application, nothing of
`telegram.ext`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from typing import Any, TypeVar

from telegram import (
    Bot,
    CallbackQuery,
    ChatMemberRestricted,
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
)
from telegram import Message as TelegramMessage
from telegram import Update as TelegramUpdate
from telegram.error import TelegramError
from telegram.request import BaseRequest, RequestData

from bot.errors import ChannelError, Refused, TryLater
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
from handlers.telegram_words import INSIDE, PAUSE, SERVICE, Settled, check_token, failure, is_sound
from handlers.transport import Part, Transport

_SECONDS = 20.0  # for an answer
_MORE_SECONDS = 10.0  # than Telegram waits for an update
_FILE_SECONDS = 60.0  # for a file, either way
_WHICH = ("message_id", "date", "chat")  # without these there is no message for the library
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_Result = TypeVar("_Result")


def open_library(token: str, api: str, transport: Transport) -> Library:
    """The library for a bot; `api` is Telegram's address without a path. Raises WrongToken for what is no token."""
    check_token(token)
    # Its Bot writes its address, with the token in it, and every text it sends to the log, at DEBUG.
    logging.getLogger("telegram.Bot").setLevel(logging.INFO)
    return Ptb(
        Bot(
            token,
            base_url=f"{api.rstrip('/')}/bot",
            base_file_url=f"{api.rstrip('/')}/file/bot",
            request=Calls(transport),
            get_updates_request=Polls(transport),
        ),
        transport,
    )


# ---------------------------------------------------------------- what is asked for


class _Failed(TelegramError):
    """Carries what went wrong through the library, which lets nothing else pass as it is."""

    def __init__(self, failure: ChannelError) -> None:
        super().__init__(type(failure).__name__)
        self.failure = failure


class Calls(BaseRequest):
    """The library's requests on a transport that belongs to somebody else."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def read_timeout(self) -> float:
        """Seconds for an answer."""
        return _SECONDS

    async def initialize(self) -> None:
        """The transport opens itself."""

    async def shutdown(self) -> None:
        """The transport stays open."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """An answer that is `ok`. Raises _Failed with what `failure` makes of another one."""
        given = request_data or RequestData()
        fields = {name: _written(value) for name, value in given.parameters.items()}
        files = {name: _part(field) for name, field in given.multipart_data.items()} if given.contains_files else None
        seconds = _FILE_SECONDS if files else _SECONDS
        if isinstance(read_timeout, int | float):
            seconds = read_timeout
        try:
            status, body = await self._transport.post(url, fields, files, seconds=seconds)
        except ChannelError as error:
            raise _Failed(error) from None
        if status != 200:
            raise _Failed(failure(status, body))
        return status, body

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """As the library's own, but nothing of what came goes into the log, and of a message that was sent it is read
        which one it is and no more: it counts as sent whatever else the answer holds."""
        try:
            given = json.loads(payload)
        except ValueError:
            given = None
        if not isinstance(given, dict) or "result" not in given:
            raise TelegramError("an answer that cannot be read")
        result = given["result"]
        if isinstance(result, dict) and all(name in result for name in _WHICH):
            return {**given, "result": {name: result[name] for name in _WHICH}}
        return given


class Polls(Calls):
    """getUpdates: each update goes untouched through the library, as an extra field of an update without content, so
    that one that it cannot read does not take its neighbours with it."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """See the class."""
        given = Calls.parse_json_payload(payload)
        return {**given, "result": [{"update_id": 0, "raw": raw} for raw in given["result"]]}


def _written(value: Any) -> str | int | float | bool:
    return value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)


def _part(field: tuple[str, Any, str]) -> Part:
    name, data, mime = field
    return Part(name=name, data=data, mime=mime)


def _inline(rows: Rows) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=data) for label, data in row] for row in rows]
    )


def _reply(message: int) -> ReplyParameters | None:
    return ReplyParameters(message, allow_sending_without_reply=True) if message else None


def _markup(speak: Speak) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | None:
    if speak.clear:
        return ReplyKeyboardRemove()
    if not speak.keys:
        return _inline(speak.rows)
    keys = [
        [
            KeyboardButton(label, request_contact=gives == "phone" or None, request_location=gives == "place" or None)
            for label, gives in row
        ]
        for row in speak.keys
    ]
    return ReplyKeyboardMarkup(keys, resize_keyboard=True, one_time_keyboard=True)


class Ptb:
    """`Library` for python-telegram-bot."""

    name = "ptb"

    def __init__(self, bot: Bot, transport: Transport) -> None:
        self._bot = bot
        self._transport = transport

    async def _ask(self, call: Awaitable[_Result]) -> _Result:
        try:
            return await call
        except _Failed as failed:
            wrong = failed.failure
        except TelegramError as error:
            wrong = TryLater(PAUSE, f"an answer that cannot be read ({type(error).__name__})")
        raise wrong  # outside, so that nothing of the library's hangs on it

    async def me(self) -> Me:
        """See `Library`."""
        user = await self._ask(self._bot.get_me())
        return Me(id=user.id, username=user.username or "")

    async def updates(self, offset: int, *, seconds: int) -> Sequence[Mapping[str, Any]]:
        """See `Library`."""
        call = self._bot.get_updates(
            offset=offset, limit=100, timeout=seconds, allowed_updates=ALLOWED, read_timeout=_MORE_SECONDS
        )
        return [update.api_kwargs["raw"] for update in await self._ask(call)]

    def read(self, raw: Mapping[str, Any]) -> Heard:
        """See `Library`."""
        kind = "of the wrong types"
        try:
            made = heard(TelegramUpdate.de_json(dict(raw)))
            if is_sound(made):
                return made
        except Exception as error:
            kind = type(error).__name__
        raise Unread(kind)  # outside, so that nothing of the update hangs on it

    async def do(self, request: Request) -> int:
        """See `Library`."""
        try:
            result = await self._ask(self._call(request))
        except Settled:
            return 0
        sent = isinstance(request, Speak | Hand) and isinstance(result, TelegramMessage)
        return result.message_id if sent else 0

    def _call(self, request: Request) -> Awaitable[Any]:
        bot = self._bot
        match request:
            case Speak():
                return bot.send_message(
                    request.chat,
                    request.text,
                    link_preview_options=_NO_PREVIEW,
                    reply_parameters=_reply(request.reply),
                    reply_markup=_markup(request),
                )
            case Hand():
                return bot.send_document(
                    request.chat,
                    request.data,
                    filename=request.name,
                    caption=request.caption or None,
                    reply_markup=_inline(request.rows),
                )
            case Change():
                return bot.edit_message_text(
                    request.text,
                    request.chat,
                    request.message,
                    link_preview_options=_NO_PREVIEW,
                    reply_markup=_inline(request.rows),
                )
            case Strip():
                return bot.edit_message_reply_markup(request.chat, request.message)
            case Pin():
                return bot.pin_chat_message(request.chat, request.message, disable_notification=True)
            case Leave():
                return bot.leave_chat(request.chat)
            case Answered():
                return bot.answer_callback_query(request.query, request.text or None)
            case Menu():
                return bot.set_my_commands(request.commands)
            case Webhook(url=""):
                return bot.delete_webhook()
            case Webhook():
                return bot.set_webhook(
                    request.url,
                    secret_token=request.secret or None,
                    max_connections=request.max_connections,
                    allowed_updates=ALLOWED,
                    certificate=request.certificate or None,
                )
        raise TypeError(type(request).__name__)

    async def webhook(self) -> Mapping[str, Any]:
        """See `Library`."""
        return (await self._ask(self._bot.get_webhook_info())).to_dict()

    async def fetch(self, file: str) -> AsyncIterator[bytes]:
        """See `Library`."""
        found = await self._ask(self._bot.get_file(file))
        if not found.file_path:
            raise Refused("this file cannot be fetched")
        async for chunk in self._transport.stream(found.file_path, seconds=_FILE_SECONDS):
            yield chunk

    async def close(self) -> None:
        """See `Library`."""
        await self._bot.shutdown()


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
    service = not taken and _is_service(message)
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


def _is_service(message: TelegramMessage) -> bool:
    """Fields that are newer than the library are among its extra ones."""
    return not SERVICE.isdisjoint(message.api_kwargs) or any(getattr(message, name, None) for name in SERVICE)


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
