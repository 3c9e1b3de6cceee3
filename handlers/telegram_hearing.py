"""From what was heard on Telegram to the house's updates. Decides nothing: it says the same thing in other words.

What a chat's next message may belong to (a text that the app has cut, the link of somebody who is asked for their
name) is remembered for a while and for a bounded number of chats; forgotten, it costs one question more.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import Generic, Literal, NamedTuple, TypeVar

from bot.channel import Address, Update, clean
from bot.engine.messages import (
    Arrived,
    Clip,
    Edited,
    Incoming,
    Knock,
    Pressed,
    Reach,
    Said,
    Shared,
    Unreadable,
)
from bot.engine.values import evolve
from bot.wording import Wording
from bot.world import World
from handlers.telegram_common import CHANNEL, DOWNLOAD_LIMIT, Heard
from handlers.telegram_common import Clip as Heaped

_MB = 1024 * 1024
_CUT = 4000  # UTF-16 units from which on the app may have cut a text
_AT_ONCE = 1  # seconds between the pieces of a text that was cut
_BACKLOG = timedelta(minutes=1)  # what is older counts from when it was sent
_CHATS = 10_000
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@\w+)?(?:\s+(.*))?", re.ASCII | re.DOTALL)
_LINK = re.compile(r"(?:https?://)?[\w.:-]+/i/([\w-]{8,64})/?|(?:https?://)?t\.me/\w+\?start=([\w-]{1,64})", re.ASCII)
_BARE_LINK = re.compile(r"[\w-]{24,64}", re.ASCII)  # its last part alone, copied by hand
_CODE = re.compile(r"[\s　]*(\d{6})[\s　]*")
_WHO = re.compile(r"(\S{2,20}?)[\s　,，、]*(\d{4,8})")
_CODE_LINK = "c-"
_V = TypeVar("_V")


class Lately(Generic[_V]):
    """A value for each of the chats that were lately heard of."""

    def __init__(self, most: int = _CHATS) -> None:
        self._most = most
        self._values: OrderedDict[int, _V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def put(self, chat: int, value: _V) -> None:
        """Remembers it; the chat that was longest not heard of is forgotten."""
        self._values[chat] = value
        self._values.move_to_end(chat)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def take(self, chat: int) -> _V | None:
        """What was remembered, once."""
        return self._values.pop(chat, None)

    def get(self, chat: int) -> _V | None:
        """What is remembered."""
        return self._values.get(chat)


class _Piece(NamedTuple):
    message: int
    date: int


class Hearing:
    """Makes updates of what was heard in private chats."""

    def __init__(self, wording: Wording, world: World) -> None:
        self._wording = wording
        self._world = world
        self._long: Lately[_Piece] = Lately()
        self._links: Lately[str] = Lately()
        self._first, self._again = wording.say("button.join_new"), wording.say("button.join_again")
        commands = wording.vocabulary.commands
        self._words = {name: next(word for word, of in commands.items() if of == name) for name in commands.values()}

    def update(self, heard: Heard) -> Update | None:
        """What the house is to take; None where there is nothing for it."""
        at = self._world.now()
        if heard.kind == "message" and heard.date and at - (sent := datetime.fromtimestamp(heard.date, UTC)) > _BACKLOG:
            at = sent
        incoming = self._incoming(heard, at)
        if incoming is None:
            return None
        ref = ref_of(heard)
        digest = hashlib.sha256(repr(evolve(heard, update=0)).encode("utf-8", "surrogatepass")).hexdigest()
        return Update(address=address_of(heard.chat), ref=ref, incoming=evolve(incoming, ref=ref), digest=digest)

    def of_stranger(self, heard: Heard) -> Update | None:
        """What the same means from somebody who is not known: a 接续码, or a link with words around it; from whoever
        has come by a link and was asked something, name and last four (李建国 2217), 第一次来, or else the link once
        more. None where it means nothing else."""
        made, text = self.update(heard), clean(heard.text).strip()
        if made is None or not self.may_be_stranger(heard):
            return made
        at, ref, link = made.incoming.at, made.ref, self._links.get(heard.chat)
        if code := _CODE.fullmatch(text):
            return evolve(made, incoming=Knock(at=at, ref=ref, code=code[1]))
        if pasted := _link_in(text):
            return evolve(made, incoming=evolve(self._knock(pasted, heard.chat, at), ref=ref))
        assert link is not None
        if who := _WHO.fullmatch(text):
            return evolve(made, incoming=Knock(at=at, ref=ref, link=link, intent="again", name=who[1], last4=who[2]))
        intent: Literal["", "new", "again"] = "new" if text == self._first else "again" if text == self._again else ""
        return evolve(made, incoming=Knock(at=at, ref=ref, link=link, intent=intent))

    def may_be_stranger(self, heard: Heard) -> bool:
        """Whether it means something else if its sender is not known."""
        text = clean(heard.text).strip() if heard.kind == "message" else ""
        if _CODE.fullmatch(text) or (_link_in(text) and not _COMMAND.fullmatch(text)):
            return True
        return self._links.get(heard.chat) is not None and bool(text) and not _COMMAND.fullmatch(text)

    def is_known(self, chat: int) -> None:
        """Nobody there has to be asked for a name any more."""
        self._links.take(chat)

    # ------------------------------------------------------------ what it is

    def _incoming(self, heard: Heard, at: datetime) -> Incoming | None:
        if heard.kind == "pressed":
            return self._pressed(heard, at)
        if heard.kind == "member":
            return Reach(at=at, open=heard.inside)
        if heard.kind == "edited":
            return Edited(at=at, source=message_ref(heard.chat, heard.message), text=clean(heard.text))
        if heard.kind != "message" or heard.service:
            return None
        if heard.clips:
            return self._files(heard, at)
        if heard.phone:
            return Shared(at=at, phone=clean(heard.phone))
        if heard.place:
            return Shared(at=at, place=self._place(heard.place, clean(heard.venue)))
        if heard.odd or not heard.text:
            return Unreadable(at=at, key="telegram.odd")
        return self._text(heard, at)

    def _pressed(self, heard: Heard, at: datetime) -> Incoming:
        if heard.data.startswith(("join:new:", "join:again:")):
            self._links.put(heard.chat, heard.data.split(":", 2)[2])
        under = message_ref(heard.chat, heard.message)
        return Pressed(at=at, press=clean(heard.data), label=clean(heard.label), under=under)

    def _place(self, place: tuple[float, float], name: str) -> str:
        key = "telegram.venue" if name else "telegram.place"
        return self._wording.say(key, latitude=place[0], longitude=place[1], name=name)

    def _files(self, heard: Heard, at: datetime) -> Incoming:
        big = next((clip for clip in heard.clips if clip.size > DOWNLOAD_LIMIT), None)
        if big is not None:
            params = {"size": -(-big.size // _MB), "limit": DOWNLOAD_LIMIT // _MB}
            return Unreadable(at=at, key="file.too_big", params=params)
        clips = tuple(_clip(clip, heard) for clip in heard.clips)
        return Arrived(at=at, clips=clips, caption=clean(heard.text), album=heard.album, channel=CHANNEL)

    def _text(self, heard: Heard, at: datetime) -> Incoming:
        text = clean(heard.text)
        if found := _COMMAND.fullmatch(text.strip()):
            return self._command(found[1].lower(), (found[2] or "").strip(), heard.chat, at)
        if found := _LINK.fullmatch(text.strip()):
            return self._knock(found[1] or found[2], heard.chat, at)
        before = self._long.take(heard.chat)
        cut = before is not None and heard.message == before.message + 1 and 0 <= heard.date - before.date <= _AT_ONCE
        if len(heard.text.encode("utf-16-le")) // 2 >= _CUT:
            self._long.put(heard.chat, _Piece(heard.message, heard.date))
        return Said(at=at, text=text, cut=cut)

    def _command(self, name: str, rest: str, chat: int, at: datetime) -> Incoming:
        if name == "start" and rest:
            return self._knock(rest, chat, at)
        if name == "start":
            return Pressed(at=at, press="cmd:resume")
        return Said(at=at, text=self._words.get(name, self._words["help"]))

    def _knock(self, link: str, chat: int, at: datetime) -> Knock:
        if link.startswith(_CODE_LINK):
            return Knock(at=at, code=link.removeprefix(_CODE_LINK))
        self._links.put(chat, link)
        return Knock(at=at, link=link)


def _link_in(text: str) -> str:
    """The link that somebody has pasted, whatever stands around it; "" where there is none."""
    found = _LINK.search(text) or _BARE_LINK.fullmatch(text)
    return next((part for part in (*found.groups(), found[0]) if part), "") if found else ""


def _clip(clip: Heaped, heard: Heard) -> Clip:
    return Clip(
        kind=clip.kind,
        remote=clip.id,
        name=clean(clip.name),
        mime=clip.mime,
        size=clip.size,
        source=message_ref(heard.chat, heard.message),
        order=heard.message,
    )


def address_of(chat: int) -> Address:
    """Where somebody is reached."""
    return Address(channel=CHANNEL, external=str(chat))


def message_ref(chat: int, message: int) -> str:
    """What a message is known by for ever: its place in its chat, which no edit and no renumbering changes."""
    return f"{chat}:{message}"


def message_in(ref: str, chat: int) -> int:
    """The message of this chat that a ref stands for; 0 for any other ref."""
    where, _, number = ref.partition(":")
    return int(number) if where == str(chat) and number.isdecimal() else 0


def ref_of(heard: Heard) -> str:
    """What an update counts once by."""
    if heard.kind == "message":
        return message_ref(heard.chat, heard.message)
    if heard.kind == "pressed":
        return f"q:{heard.query}"
    return f"{heard.kind}:{heard.chat}:{heard.message}:{heard.update}"
