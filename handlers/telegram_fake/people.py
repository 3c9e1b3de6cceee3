"""What people do with their phones, as Telegram's apps do it, and what they see.

Every public method can be called by its name through the control interface: arguments and results are JSON, bytes
are base64. What cannot be done raises ValueError with the reason.
"""

from __future__ import annotations

import re
from base64 import b64decode
from contextlib import suppress
from typing import Any

from bot.errors import FileRefused
from handlers.telegram_fake import limits
from handlers.telegram_fake.account import Account
from handlers.telegram_fake.chats import Chat, Json, Query

_CAPTIONED = ("photo", "document", "voice")
_START = re.compile(r"(?:https?://)?t\.me/\w+\?start=([\w-]*)|/start(?: (\S+))?|([\w-]*)", re.ASCII)


class People:
    """The people around one bot."""

    def __init__(self, account: Account) -> None:
        self._account = account

    # ------------------------------------------------------------ who there is

    def person(self, user: int, first_name: str = "", **more: str) -> Json:
        """Somebody with a phone; `more`: last_name, username, phone, language. Known ones are changed."""
        chat = self._account.chats.get(user)
        if chat is None:
            chat = Chat({"id": user, "type": "private", "first_name": first_name or str(user)})
            self._account.chats[user] = chat
        names = {n: v for n, v in {"first_name": first_name, **more}.items() if v and n not in ("phone", "language")}
        chat.about = {**chat.about, **names}
        chat.phone, chat.language = more.get("phone", chat.phone), more.get("language", chat.language)
        return chat.about

    def crowd(self, count: int, first: int = 1_000_000) -> list[int]:
        """So many people who have written to the bot before."""
        for user in range(first, first + count):
            self._account.chats[user] = Chat({"id": user, "type": "private", "first_name": str(user)}, open=True)
        return [first, first + count - 1]

    def _chat(self, user: int, chat: int | None) -> Chat:
        """Where somebody does something: the private chat by default. Opens it."""
        if user not in self._account.chats:
            self.person(user)
        there = self._account.chats.get(user if chat is None else chat)
        if there is None:
            raise ValueError("no such chat")
        if there.private:
            if there.deactivated:
                raise ValueError("this account is no more")
            if there.blocked:
                raise ValueError("the bot is blocked: unblock it first")
            there.open = True
        return there

    # ------------------------------------------------------------ what they write and send

    def start(self, user: int, payload: str = "") -> int:
        """Follows a link `t.me/bot?start=…` (or types its payload) and taps Start."""
        found = _START.fullmatch(payload.strip())
        code = next((part for part in found.groups() if part), "") if found else payload
        if not found or (code and not limits.START.fullmatch(code)):
            raise ValueError("a start link has 1 to 64 of A-Z a-z 0-9 _ -")
        return self.say(user, f"/start {code}".strip())[0]

    def say(self, user: int, text: str, chat: int | None = None) -> list[int]:
        """Writes a text: the ids of its messages, several where the app had to split it."""
        there = self._chat(user, chat)
        pieces = split(text)
        if not pieces:
            raise ValueError("there is nothing to send")
        return [self._send(user, there, {"text": piece, **_commands(piece)}) for piece in pieces]

    def say_many(self, said: list[list[Any]]) -> int:
        """Many texts at once: pairs of user and text. How many messages came of it."""
        return sum(len(self.say(user, text)) for user, text in said)

    def edit(self, user: int, message: int, text: str) -> None:
        """Edits a message of one's own: its text, or the caption under a file, which may also come anew or go."""
        there = self._chat(user, None)
        own = there.messages.get(message)
        if own is None or own["from"]["id"] != user or not ({"text", *_CAPTIONED} & own.keys()):
            raise ValueError("this message cannot be edited")
        if "text" in own and (not text.strip() or limits.units(text) > limits.TEXT):
            raise ValueError("this text is empty or too long")
        new = {"text": text.strip(), **_commands(text.strip())} if "text" in own else _caption(text)
        for name in ("text", "caption", "entities"):
            own.pop(name, None)
        own |= {**new, "edit_date": int(self._account.now())}
        self._account.updates.add("edited_message", own)
        self._account.bell.ring()

    def delete(self, user: int, message: int) -> None:
        """Deletes a message for both sides, whoever wrote it; the bot hears nothing of it."""
        there = self._chat(user, None)
        if there.messages.pop(message, None) is None:
            raise ValueError("there is no such message")
        there.pinned = [pinned for pinned in there.pinned if pinned != message]
        self._account.bell.ring()

    def photo(self, user: int, data: str, caption: str = "") -> int:
        """Sends a photo: made smaller by the app, and there in several sizes."""
        return self._send(user, self._chat(user, None), {**self._photo(data), **_caption(caption)})

    def document(self, user: int, data: str, name: str, mime: str = "", caption: str = "") -> int:
        """Sends a file as it is."""
        return self._send(user, self._chat(user, None), {**self._document(data, name, mime), **_caption(caption)})

    def album(self, user: int, items: list[Json], caption: str = "") -> list[int]:
        """Sends 2 to 10 photos (`{"data"}`) or files (`{"data", "name"}`), the caption with the first one: an update
        each, with one media_group_id."""
        least, most = limits.ALBUM
        if not least <= len(items) <= most or len({"name" in item for item in items}) != 1:
            raise ValueError("an album has 2 to 10 items, all photos or all files")
        there = self._chat(user, None)
        made = [
            self._document(item["data"], item["name"], "") if "name" in item else self._photo(item["data"])
            for item in items
        ]
        group = {"media_group_id": str(10_000_000 + next(self._account.numbers))}
        first = _caption(caption)
        return [self._send(user, there, {**one, **group, **({} if n else first)}) for n, one in enumerate(made)]

    def voice(self, user: int, seconds: int = 3, data: str = "T2dnUw==") -> int:
        """Sends a voice message."""
        kept = self._account.files.keep("voice", b64decode(data), mime="audio/ogg")
        about = {**kept.about, "duration": seconds, "mime_type": kept.mime}
        return self._send(user, self._chat(user, None), {"voice": about})

    def sticker(self, user: int, emoji: str = "\N{THUMBS UP SIGN}") -> int:
        """Sends a sticker that stands for this emoji."""
        kept = self._account.files.keep("sticker", b"RIFF", mime="image/webp")
        about = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        return self._send(user, self._chat(user, None), {"sticker": {**kept.about, **about, "emoji": emoji}})

    def contact(self, user: int, phone: str = "", first_name: str = "", of: int | None = None) -> int:
        """Shares one's own phone number, or somebody else's (`of` is that person's id, 0 for one without Telegram)."""
        there = self._chat(user, None)
        about: Json = {"phone_number": phone or there.phone or "+8613900000000"}
        about["first_name"] = first_name or there.about["first_name"]
        if of != 0:
            about["user_id"] = user if of is None else of
        return self._send(user, there, {"contact": about})

    def location(self, user: int, latitude: float = 31.05, longitude: float = 107.1) -> int:
        """Shares a place."""
        return self._send(user, self._chat(user, None), {"location": {"latitude": latitude, "longitude": longitude}})

    def _send(self, user: int, there: Chat, content: Json) -> int:
        message = there.add(self._account.chats[user].user, self._account.now(), content)
        heard = there.private or content.get("text", "").startswith("/") or self._account.username in str(content)
        if heard and (there.private or there.open):
            self._account.updates.add("message", message)
        self._account.bell.ring()
        return int(message["message_id"])

    def _photo(self, data: str) -> Json:
        from bot.paper.pictures import prepare

        try:
            return {"photo": [file.size for file in self._account.photo(prepare(b64decode(data)))]}
        except FileRefused as refused:
            raise ValueError(f"no picture: {refused.key}") from None

    def _document(self, data: str, name: str, mime: str) -> Json:
        return {"document": self._account.files.keep("document", b64decode(data), name, mime).document}

    # ------------------------------------------------------------ buttons

    def press(self, user: int, label: str = "", data: str = "", message: int | None = None) -> str:
        """Presses the newest button with this label or data: the id of the query; "" for a button of the keyboard."""
        there = self._chat(user, None)
        if message is None and label and (key := _key(there, label)):
            self._press_key(user, there, key)
            return ""
        for number in sorted(there.messages if message is None else [message], reverse=True):
            rows = there.messages[number].get("reply_markup", {}).get("inline_keyboard", ())
            for button in (button for row in rows for button in row):
                if "callback_data" in button and (button["callback_data"] == data if data else button["text"] == label):
                    return self._query(user, there, there.messages[number], button["callback_data"])
        raise ValueError(f"there is no button {label or data}")

    def press_many(self, pressed: list[list[Any]]) -> int:
        """Many buttons at once: pairs of user and label. How many there were; who has no such button does nothing."""
        done = 0
        for user, label in pressed:
            with suppress(ValueError):
                self.press(user, label)
                done += 1
        return done

    def press_gone(self, user: int, message: int, data: str) -> str:
        """Presses a button that the app still shows although it is gone (or that somebody has invented)."""
        there = self._chat(user, None)
        shown = there.messages.get(message) or {"message_id": message, "date": 0, "chat": there.about}
        return self._query(user, there, shown, data)

    def _query(self, user: int, there: Chat, message: Json, data: str) -> str:
        query = Query(
            id=str(4_000_000_000 + next(self._account.numbers)),
            message=message["message_id"],
            data=data,
            at=self._account.now(),
        )
        self._account.queries[query.id] = query
        there.queries.append(query)
        about = {"id": query.id, "from": self._account.chats[user].user, "message": dict(message), "data": data}
        self._account.updates.add("callback_query", {**about, "chat_instance": str(there.id)})
        self._account.bell.ring()
        return query.id

    def _press_key(self, user: int, there: Chat, key: Json) -> None:
        if there.keyboard and there.keyboard.get("one_time_keyboard"):
            there.keyboard = None
        if key.get("request_contact"):
            self.contact(user)
        elif key.get("request_location"):
            self.location(user)
        else:
            self.say(user, key["text"])

    # ------------------------------------------------------------ coming and going

    def block(self, user: int) -> None:
        """Stops the bot."""
        self._member(user, True)

    def unblock(self, user: int) -> None:
        """Lets the bot speak again."""
        self._member(user, False)

    def _member(self, user: int, blocked: bool) -> None:
        if user not in self._account.chats:
            raise ValueError("nobody by this id")
        there = self._account.chats[user]
        if there.blocked != blocked:
            there.blocked = blocked
            before, after = ("member", "kicked") if blocked else ("kicked", "member")
            self._account.member(there, there.user, before, after)
            self._account.bell.ring()

    def deactivate(self, user: int) -> None:
        """Deletes the account."""
        self._chat(user, None).deactivated = True
        self._account.bell.ring()

    def add_to_group(self, user: int, title: str = "Group") -> int:
        """Makes a group and adds the bot: the group's id."""
        person = self._chat(user, None).user
        group = Chat({"id": -1000 - next(self._account.numbers), "type": "group", "title": title}, open=True)
        self._account.chats[group.id] = group
        self._account.member(group, person, "left", "member")
        joined = group.add(person, self._account.now(), {"new_chat_members": [self._account.user]})
        self._account.updates.add("message", joined)
        self._account.bell.ring()
        return group.id

    def migrate(self, chat: int) -> int:
        """Makes a supergroup of a group: its new id."""
        old = self._account.chats[chat]
        new = Chat({**old.about, "id": -100_000_000_0000 + chat, "type": "supergroup"}, open=old.open)
        self._account.chats[new.id] = new
        group = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
        gone = old.add(group, self._account.now(), {"migrate_to_chat_id": new.id})
        come = new.add(group, self._account.now(), {"migrate_from_chat_id": old.id})
        old.moved_to = new.id
        for message in (gone, come):
            self._account.updates.add("message", message)
        self._account.bell.ring()
        return new.id


def split(text: str) -> list[str]:
    """A text as Telegram's apps send it: in pieces of at most 4,096 units, cut at a line's end or a space where there
    is one in the last quarter, and without white space around them."""
    pieces, rest = [], text.strip()
    while limits.units(rest) > limits.TEXT:
        end = _fitting(rest)
        last = max(rest.rfind("\n", end * 3 // 4, end), rest.rfind(" ", end * 3 // 4, end))
        end = last if last > 0 else end
        pieces.append(rest[:end].strip())
        rest = rest[end:].strip()
    return [piece for piece in (*pieces, rest) if piece]


def _fitting(text: str) -> int:
    length = 0
    for n, character in enumerate(text):
        length += 2 if character > "\uffff" else 1
        if length > limits.TEXT:
            return n
    return len(text)


def _caption(text: str) -> Json:
    if limits.units(text) > limits.CAPTION:
        raise ValueError("this caption is too long")
    return {"caption": text.strip()} if text.strip() else {}


def _commands(text: str) -> Json:
    found = [m for m in re.finditer(r"(?:^|(?<=\s))/[a-zA-Z0-9_]{1,32}(?:@\w+)?", text)]
    about = [
        {"type": "bot_command", "offset": limits.units(text[: m.start()]), "length": limits.units(m[0])} for m in found
    ]
    return {"entities": about} if about else {}


def _key(there: Chat, label: str) -> Json | None:
    rows = (there.keyboard or {}).get("keyboard", ())
    return next((key for row in rows for key in row if key["text"] == label), None)
