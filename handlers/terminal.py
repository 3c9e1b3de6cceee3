"""The conversation in a terminal: the same engine and the same questions, buttons as numbers.

Lines come from the keyboard or from a script; a script's lines are shown as they are taken. Messages are
read by the cursor, as the page does, so what a worker sends later appears as well.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from bot.channel import Address, Face, Outgoing, Taken, Update, clean
from bot.doors import Doors, Visitor
from bot.engine.ids import from36
from bot.engine.messages import Incoming, Knock, Pressed, Said, Sent
from bot.errors import FileRefused, StoreError
from bot.wording import Wording
from bot.world import World

CHANNEL = "terminal"
CHUNK = 256 * 1024
_SHOWN_AT_FIRST = 3
_PATIENCE = 20.0  # seconds for a document that is still being made when the last line was said

Lines = AsyncIterator[str]


class Terminal:
    """One person at one terminal. `show` prints a line; documents are put into `folder`."""

    def __init__(
        self,
        doors: Doors,
        wording: Wording,
        world: World,
        *,
        user: str,
        folder: Path,
        show: Callable[[str], None],
        echo: bool,
    ) -> None:
        self._doors = doors
        self._wording = wording
        self._world = world
        self._address = Address(channel=CHANNEL, external=user)
        self._folder = folder
        self._show = show
        self._echo = echo
        self._visitor: Visitor | None = None
        self._cursor = 0
        self._buttons: list[Face] = []
        self._documents = 0

    async def run(self, lines: Lines, link: str = "") -> bool:
        """Talks until the lines end or /quit; whether it ended in a submitted case."""
        if not await self._enter(link):
            return False
        self._show(self._wording.say("terminal.hint"))
        listener = asyncio.create_task(self._listen())
        try:
            async for line in lines:
                if self._echo:
                    self._show(f"{self._wording.say('terminal.prompt')}{line}")
                if line.strip() == "/quit":
                    break
                await self._hear(line)
            submitted = await self._submitted()
            if submitted:
                await self._wait_for_document()
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
        if not submitted:
            self._show(self._wording.say("terminal.later"))
        return submitted

    # ------------------------------------------------------------ coming in

    async def _enter(self, link: str) -> bool:
        """Knocks with the link, or resumes where this terminal was; False where there is nothing to do."""
        self._visitor = await self._doors.look.visitor(self._address)
        link = link.rsplit("/i/", 1)[-1].strip().strip("/")
        if link:
            face = await self._doors.look.invite(link)
            intent = "new" if face.open and self._visitor is None else ""
            now = self._world.now()
            await self._tell(Knock(at=now, link=link, intent="new" if intent else ""))
            return True
        if self._visitor is None:
            self._show(self._wording.say("terminal.no_invite"))
            return False
        recent = await self._doors.look.events(self._visitor.scope, self._visitor.conversation, -1, _SHOWN_AT_FIRST)
        self._cursor = recent[-1].seq if recent else 0
        self._print([shown.message for shown in recent if shown.message.author == "bot"])
        return True

    async def _hear(self, line: str) -> None:
        text, now = clean(line).strip(), self._world.now()
        if not text:
            return
        if text.startswith("/file "):
            await self._send_file(Path(text[6:].strip()).expanduser())
            return
        digits = text.strip("[]")
        if digits.isascii() and digits.isdigit() and len(digits) <= 2 and self._buttons:
            n = int(digits)
            if not 1 <= n <= len(self._buttons):
                self._show(self._wording.say("terminal.no_button", n=n))
                return
            button = self._buttons[n - 1]
            await self._tell(Pressed(at=now, press=button.press, label=button.label))
            return
        await self._tell(Said(at=now, text=text))

    async def _tell(self, incoming: Incoming) -> None:
        """Takes one thing to the house and shows what comes back; the same ref is sent again if it must be."""
        ref = f"{self._address.external}:{self._world.new_id()}"
        update = Update(address=self._address, ref=ref, incoming=incoming, digest=_digest(incoming))
        try:
            taken = (await self._doors.take([update]))[0]
        except StoreError:
            self._show(self._wording.say("terminal.conflict"))
            return
        await self._answer(taken)

    async def _answer(self, taken: Taken) -> None:
        if taken.outcome in ("refused", "conflict"):
            self._print(taken.replies)
            return
        if self._visitor is None or self._visitor.conversation != taken.conversation:
            self._visitor = await self._doors.look.visitor(self._address)
            self._cursor = max(0, taken.seqs[0] - 1) if taken.seqs else 0
        await self._catch_up()

    async def _send_file(self, path: Path) -> None:
        if self._visitor is None or not path.is_file():
            self._show(self._wording.say("terminal.no_invite" if self._visitor is None else "terminal.no_file"))
            return
        owner, files = self._visitor.person, self._doors.files
        data = await asyncio.to_thread(path.read_bytes)
        upload = f"{hashlib.sha256(data).hexdigest()[:32]}-{self._world.new_id()}"
        try:
            offset = await files.begin(owner, upload, path.name, len(data))
            while offset < len(data):
                offset = await files.put(owner, upload, offset, data[offset : offset + CHUNK])
            sent = await files.finish(owner, upload)
        except FileRefused as refused:
            self._show(self._wording.say(refused.key, **refused.params))
            return
        await self._tell(Sent(at=self._world.now(), files=(sent,)))

    # ------------------------------------------------------------ what is shown

    async def _listen(self) -> None:
        """Shows what comes without being asked for."""
        while True:
            if self._visitor is None:
                await asyncio.sleep(0.2)
                continue
            await self._doors.look.wait(self._visitor.conversation, self._cursor, 25)
            await self._catch_up()

    async def _catch_up(self) -> None:
        if self._visitor is None:
            return
        shown = await self._doors.look.events(self._visitor.scope, self._visitor.conversation, self._cursor)
        fresh = [one for one in shown if one.seq > self._cursor]  # the listener may have been quicker
        if not fresh:
            return
        self._cursor = fresh[-1].seq
        self._print([one.message for one in fresh if one.message.author == "bot"])
        for one in fresh:
            if one.message.card and one.message.card.get("kind") == "document":
                await self._put_down(one.message.card)

    def _print(self, messages: Sequence[Outgoing]) -> None:
        """Messages with their buttons, numbered through; they replace the numbers shown before."""
        if any(message.buttons for message in messages):
            self._buttons = []
        for message in messages:
            self._show(message.text)
            faces = []
            for button in message.buttons:
                self._buttons.append(button)
                label = self._wording.say("terminal.noted", label=button.label, note=button.note)
                faces.append(f"[{len(self._buttons)}] {label if button.note else button.label}")
            if faces:
                self._show(("\n" if any(button.note for button in message.buttons) else "    ").join(faces))

    async def _put_down(self, card: Any) -> None:
        """A document that was made, as a file with its own name that replaces nothing."""
        data = b"".join([piece async for piece in self._doors.files.get(str(card["file"]))])
        path = await asyncio.to_thread(_written, self._folder, str(card["name"]), data)
        self._documents += 1
        self._show(self._wording.say("terminal.document", name=card["name"], path=path))

    # ------------------------------------------------------------ the end

    async def _submitted(self) -> bool:
        """Whether the draft the person is at has been handed in and is not being written again."""
        if self._visitor is None:
            return False
        scope = self._visitor.scope
        board = await self._doors.look.board(scope, self._visitor.conversation, CHANNEL)
        draft = str(board.get("draft", ""))
        if not draft or board.get("tasks") is not None:
            return False
        return await self._doors.look.paper(scope, from36(draft), 1) is not None

    async def _wait_for_document(self) -> None:
        end = self._world.monotonic() + _PATIENCE
        while not self._documents and (left := end - self._world.monotonic()) > 0 and self._visitor:
            await self._doors.look.wait(self._visitor.conversation, self._cursor, min(left, 1.0))
            await self._catch_up()


def _digest(incoming: Incoming) -> str:
    return hashlib.sha256(repr(incoming).encode("utf-8", "surrogatepass")).hexdigest()


def _written(folder: Path, name: str, data: bytes) -> Path:
    stem, dot, ending = name.rpartition(".")
    for n in range(1, 1000):
        path = folder / (name if n == 1 else f"{stem} ({n}){dot}{ending}")
        if path.exists() and path.read_bytes() == data:
            return path
        if not path.exists():
            path.write_bytes(data)
            return path
    raise FileExistsError(name)
