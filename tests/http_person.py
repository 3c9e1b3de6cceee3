"""A fake person whose phone speaks docs/http.md: an outbox in order, one at a time, sent again until answered.

On bare sockets, so that a few hundred of them cost one process little. Each may come from a loopback address
of its own, as people come from addresses of their own.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

PATIENCE = 15.0  # seconds a request may take, as in the page
LINK_PATH = re.compile(r"/i/([\w-]+)")
Pause = Callable[[int], float]


def page_pause(tries: int) -> float:
    """How long the page waits before it sends again: 1, 2, 4 … 30 seconds."""
    return float(min(30, 2**tries))


def short_pause(tries: int) -> float:
    """The same steps, twenty times quicker."""
    return page_pause(tries) / 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the headers by lower-case name, the body (unpacked), the bytes on the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    wire: int

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        value: dict[str, Any] = json.loads(self.body)
        return value


class Refused(Exception):
    """The server will never take this as it is: a final status and its sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status} {sentence}")
        self.status = status
        self.sentence = sentence


class Wire:
    """One kept connection; opened anew when it has broken. Raises OSError or TimeoutError when nothing comes back."""

    def __init__(self, url: str, source: str = "") -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._source = (source, 0) if source else None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """One request and its answer."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}:{self._port}", "Accept-Encoding: gzip"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        lines += [f"Content-Length: {len(body)}"] if body or method != "GET" else []
        data = "\r\n".join([*lines, "", ""]).encode() + body
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._exchange(data)
        except BaseException:
            self.close()
            raise

    async def _exchange(self, data: bytes) -> Answer:
        if self._streams is None or self._streams[0].at_eof():
            self.close()
            self._streams = await asyncio.open_connection(self._host, self._port, local_addr=self._source)
        reader, writer = self._streams
        writer.write(data)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *rest = head.decode("latin-1").split("\r\n")[:-2]
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
            raw = await reader.readexactly(int(fields.get("content-length", "0")))
        except asyncio.IncompleteReadError as cut:
            raise ConnectionResetError("cut off") from cut
        body = gzip.decompress(raw) if fields.get("content-encoding") == "gzip" else raw
        if fields.get("connection", "").lower() == "close":
            self.close()
        return Answer(int(first.split()[1]), fields, body, len(head) + len(raw))

    def close(self) -> None:
        """Hangs up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


@dataclass(frozen=True, slots=True)
class Sent:
    """Something the server has acknowledged. `seconds` is how long the last try took."""

    cid: str
    text: str
    answer: dict[str, Any]
    seconds: float


@dataclass(slots=True)
class HttpPerson:
    """One browser. `url` may change between two requests: the page's own address may move to another process.

    `acknowledged` holds every say that was answered, in order; `statuses` counts what came back, 0 for nothing.
    """

    url: str
    source: str = ""
    cookie: str = ""
    pause: Pause = short_pause
    acknowledged: list[Sent] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    sentences: set[str] = field(default_factory=set)
    seq: int = -1
    board: dict[str, Any] = field(default_factory=dict)
    faces: list[dict[str, Any]] = field(default_factory=list)
    _wire: Wire | None = None

    # ------------------------------------------------------------ the net

    async def ask(self, method: str, path: str, data: Mapping[str, Any] | None = None, raw: bytes = b"") -> Answer:
        """One try. Raises OSError or TimeoutError when nothing comes back."""
        if self._wire is None:
            self._wire = Wire(self.url, self.source)
        headers = {"X-Anlitong": "1"} | ({"Cookie": self.cookie} if self.cookie else {})
        body = json.dumps(data, ensure_ascii=False).encode() if data is not None else raw
        if body:
            headers["Content-Type"] = "application/json" if data is not None else "application/octet-stream"
        answer = await self._wire.ask(method, path, body, headers)
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].split(";")[0]
        return answer

    async def until_answered(self, method: str, path: str, data: Mapping[str, Any] | None = None) -> Answer:
        """Sends the same again, as the page does, until it is answered. Raises Refused for a final refusal."""
        tries = 0
        while True:
            after = 0.0
            try:
                answer = await self.ask(method, path, data)
            except (OSError, TimeoutError):
                self._count(0)
            else:
                self._count(answer.status)
                if answer.status < 400:
                    return answer
                sentence = str(answer.json.get("error", "")) if path.startswith("/api/") else ""
                if path.startswith("/api/"):  # a page says it in HTML
                    self.sentences.add(sentence)
                if answer.status != 429 and answer.status < 500:
                    raise Refused(answer.status, sentence)
                # In the page's time: `pause` may run quicker than the clock, then so does this.
                after = float(answer.headers.get("retry-after", "0")) * self.pause(0)
            await asyncio.sleep(max(after, self.pause(tries)))
            tries += 1

    def _count(self, status: int) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def move(self, url: str) -> None:
        """From now on the same page is at another address."""
        self.close()
        self.url = url

    def close(self) -> None:
        """Hangs up."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    # ------------------------------------------------------------ what a person does

    async def join(self, link: str) -> None:
        """Opens the link's page, presses its button and loads the conversation."""
        await self.until_answered("GET", urlsplit(link).path)
        key = LINK_PATH.search(link)
        assert key is not None, link
        cid = uuid4().hex
        await self.until_answered("POST", "/api/join", {"cid": cid, "link": key[1], "intent": "new"})
        await self.read()

    async def read(self) -> list[dict[str, Any]]:
        """What came since; all of it."""
        found: list[dict[str, Any]] = []
        while True:
            state = (await self.until_answered("GET", f"/api/events?after={self.seq}")).json
            self._take(state)
            found += state["events"]
            if len(state["events"]) < 200:
                return found

    async def say(self, text: str, **more: Any) -> dict[str, Any]:
        """Says a text; returns the answer when it is acknowledged."""
        return await self._send({"text": text, **more}, text)

    async def press(self, label: str) -> dict[str, Any]:
        """Presses the newest button with this label."""
        face = next((f for f in self.faces if f["label"] == label), None)
        assert face is not None, (label, [f["label"] for f in self.faces])
        return await self._send({"press": face["press"], "label": label}, label)

    async def press_first(self) -> dict[str, Any]:
        """Presses the first of the newest buttons."""
        return await self.press(self.faces[0]["label"])

    async def _send(self, data: Mapping[str, Any], text: str) -> dict[str, Any]:
        cid = uuid4().hex
        began = time.perf_counter()
        answer = (await self.until_answered("POST", "/api/say", {"cid": cid, "base_seq": self.seq, **data})).json
        self._take(answer)
        if answer["outcome"] == "refused":
            raise Refused(200, answer["notice"])
        self.acknowledged.append(Sent(cid, text, answer, time.perf_counter() - began))
        return answer

    def _take(self, state: dict[str, Any]) -> None:
        self.seq, self.board = max(self.seq, state["seq"]), state["board"]
        for event in state["events"]:
            rows = (event["card"] or {}).get("rows", [])
            found = [*event["buttons"], *({"press": r["press"], "label": r["title"]} for r in rows if "title" in r)]
            self.faces = found or self.faces

    def has(self, label: str) -> bool:
        """Whether such a button is among the newest."""
        return any(f["label"] == label for f in self.faces)

    async def begin(self, link: str, name: str = "李建国", title: str = "片长进院坝，小事不出片") -> None:
        """From the link to the first question of the first open edition."""
        await self.join(link)
        steps: list[Callable[[], Awaitable[Any]]] = [
            lambda: self.press("同意，开始"),
            lambda: self.say(name),
            lambda: self.press("是的"),
            lambda: self.press("村党支部书记"),
            lambda: self.press("跳过"),
            lambda: self.press("对"),
        ]
        for step in steps:
            await step()
        if self.faces[0]["press"].startswith("edition:"):
            await self.press_first()
        await self.say(title)
        await self.press("就用这个")
        while not self.has("从第1节开始"):
            await self.press_first()
        await self.press("从第1节开始")

    # ------------------------------------------------------------ what a person finds again

    async def all_events(self) -> list[dict[str, Any]]:
        """The whole conversation, from its first message."""
        self.seq = 0
        return await self.read()

    async def paper(self) -> list[str]:
        """The paragraphs of the draft as it would be printed."""
        found = (await self.until_answered("GET", f"/api/paper/{self.board['draft']}?n=0")).json
        return [text for section in found["sections"] for text in section["paragraphs"]]
