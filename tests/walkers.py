"""The same person on the page and on Telegram: what they do and what they then read, whatever the channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import uuid4

from handlers.telegram_fake.phone import Seen
from tests.http_person import HttpPerson
from tests.telegram_house import Talk, said


class Walker(Protocol):
    """Somebody on a channel. Every act returns what the assistant says to it, one text; `papers` are the Word files
    that have come, oldest first."""

    papers: list[bytes]

    @property
    def buttons(self) -> Sequence[str]: ...

    async def join(self, link: str) -> str: ...

    async def say(self, text: str) -> str: ...

    async def press(self, label: str) -> str: ...

    async def send(self, *pictures: bytes, caption: str = "", name: str = "") -> str:
        """Photos together with a caption; with a name: a photo as a file."""
        ...

    async def correct(self, old: str, new: str) -> str:
        """What was just sent is put right in the channel's own way: an edited message, or undone and sent anew."""
        ...

    async def come_back(self) -> str:
        """Opens the chat again after the house was closed."""
        ...


class OnThePage:
    """Somebody in a browser."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self.http = HttpPerson(talk.page)
        self.papers: list[bytes] = []

    @property
    def buttons(self) -> Sequence[str]:
        return [face["label"] for face in self.http.faces]

    async def join(self, link: str) -> str:
        await self.http.join(f"{self._talk.page}/i/{link}")
        self.http.seq = 0
        return await self.read()

    async def say(self, text: str) -> str:
        return await self._read(await self.http.say(text))

    async def press(self, label: str) -> str:
        return await self._read(await self.http.press(label))

    async def send(self, *pictures: bytes, caption: str = "", name: str = "") -> str:
        uploads = [await self._upload(data, name or f"{n}.jpg") for n, data in enumerate(pictures, 1)]
        body = {"cid": uuid4().hex, "base_seq": self.http.seq, "files": uploads, "text": caption}
        answer = (await self.http.until_answered("POST", "/api/say", body)).json
        return await self._read(answer)

    async def _upload(self, data: bytes, name: str) -> str:
        upload = uuid4().hex
        await self.http.until_answered("POST", "/api/uploads", {"upload": upload, "name": name, "size": len(data)})
        for offset in range(0, len(data), 1 << 18):
            put = await self.http.ask("PUT", f"/api/uploads/{upload}?offset={offset}", raw=data[offset:][: 1 << 18])
            assert put.status == 200
        await self.http.until_answered("POST", f"/api/uploads/{upload}/finish")
        return upload

    async def correct(self, old: str, new: str) -> str:
        await self.press("撤销这条")
        return await self.say(new)

    async def come_back(self) -> str:
        self.http.move(self._talk.page)
        return await self.read()

    async def read(self) -> str:
        """What has come since."""
        return await self._read({"events": []})

    async def _read(self, answer: dict[str, Any]) -> str:
        await self._talk.quiet()
        self.http.seq = max([self.http.seq, *(event["seq"] for event in answer["events"])])
        events = [*answer["events"], *await self.http.read()]
        faces = [face for event in events for face in event["buttons"]]
        self.http.faces = faces or self.http.faces  # the lines of a turn stand side by side with all their buttons
        for event in events:
            if (event["card"] or {}).get("kind") == "document":
                self.papers.append((await self.http.ask("GET", f"/file/{event['card']['file']}")).body)
        return "\n".join(event["text"] for event in events if event["author"] == "bot")

    def close(self) -> None:
        """Hangs up."""
        self.http.close()


class OnTelegram:
    """Somebody with a phone."""

    def __init__(self, talk: Talk, user: int = 1001, name: str = "李建国") -> None:
        self.somebody = talk.somebody(user, name)
        self.papers: list[bytes] = []

    @property
    def buttons(self) -> Sequence[str]:
        return self.somebody.buttons

    async def join(self, link: str) -> str:
        return self._read(await self.somebody.start(link))

    async def say(self, text: str) -> str:
        return self._read(await self.somebody.say(text))

    async def press(self, label: str) -> str:
        return self._read(await self.somebody.press(label))

    async def send(self, *pictures: bytes, caption: str = "", name: str = "") -> str:
        phone = self.somebody.phone
        if name:
            return self._read(await self.somebody.does(phone.document, pictures[0], name, caption=caption))
        if len(pictures) == 1:
            return self._read(await self.somebody.does(phone.photo, pictures[0], caption))
        return self._read(await self.somebody.does(phone.album, pictures, caption))

    async def correct(self, old: str, new: str) -> str:
        mine = next(m for m in reversed(self.somebody.phone.screen().messages) if m.mine and m.text == old)
        return self._read(await self.somebody.does(self.somebody.phone.edit, mine.id, new))

    async def come_back(self) -> str:
        return self._read(await self.somebody.start())

    def _read(self, seen: Sequence[Seen]) -> str:
        self.papers += [self.somebody.phone.fetch(m) for m in seen if m.kind == "document" and not m.edited]
        return said(seen)

    def close(self) -> None:
        """Nothing to hang up."""
