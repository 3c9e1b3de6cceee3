"""The conversation over HTTP: joining, saying, typing, reading on. See docs/http.md."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.channel import Face, Outgoing, Update, clean
from bot.doors import Doors, Screen, Shown, Visitor
from bot.engine.messages import Incoming, Knock, Pressed, Said, Sent, SentFile, Typing
from bot.errors import FileRefused
from bot.wording import Wording
from bot.world import World
from handlers.web.guard import Guard, json_body, number_in, text_in
from handlers.web.problems import Problem
from handlers.web.session import CHANNEL, Session, Sessions

MAX_TEXT = 20_000
LAST = 100  # how many messages a page without a cursor gets
MORE = 200  # how many one answer brings at most
MAX_WAIT = 25.0
_CID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class Chat:
    """The routes of the conversation."""

    def __init__(self, doors: Doors, wording: Wording, sessions: Sessions, guard: Guard, world: World) -> None:
        self._doors = doors
        self._wording = wording
        self._sessions = sessions
        self._guard = guard
        self._world = world

    async def visitor(self, request: Request) -> tuple[Session, Visitor]:
        """Who asks. Raises Problem 401 where the browser is not known."""
        session = self.session(request)
        visitor = await self._doors.look.visitor(session.address)
        if visitor is None:
            raise Problem(401, "web.error.who")
        return session, visitor

    def session(self, request: Request) -> Session:
        """The browser that asks. Raises Problem 401 where it shows no session of ours."""
        session = self._sessions.read(request)
        if session is None:
            raise Problem(401, "web.error.who")
        return session

    async def join(self, request: Request) -> Response:
        """POST /api/join: redeems a link or a 接续码 for this browser."""
        session = self._sessions.read(request)
        self._guard.check(request, kind="join")
        if session is None:
            raise Problem(401, "web.error.reload")
        data = await json_body(request)
        intent = text_in(data, "intent", 8)
        if intent not in ("", "new", "again"):
            raise Problem(400, "web.error.form")
        fields = {name: clean(text_in(data, name, most)).strip() for name, most in _KNOCK}
        if bool(fields["link"]) == bool(fields["code"]):
            raise Problem(400, "web.error.form")
        # The session's hash is the ref's head even for a browser that is known already: a repeat after
        # a lost answer must carry the same ref as the first try.
        ref = f"{session.external}:{_cid(data)}"
        knock = Knock(at=self._world.now(), ref=ref, intent=cast(Literal["", "new", "again"], intent), **fields)
        update = Update(address=session.address, ref=ref, incoming=knock, digest=_digest([intent, fields]))
        taken = (await self._doors.take([update]))[0]
        if taken.outcome == "conflict":
            raise Problem(409, "web.error.conflict")
        if taken.outcome != "refused" and taken.conversation:
            come = await self._doors.look.visitor(session.address)
            to = "/console" if come is not None and come.posts else "/chat"  # who reviews comes to do that
            return JSONResponse({"ok": True, "conversation": str(taken.conversation), "to": to})
        sentence = taken.replies[-1].text if taken.replies else self._wording.say("web.error.closed")
        return JSONResponse({"ok": False, "error": sentence}, status_code=403)

    async def say(self, request: Request) -> Response:
        """POST /api/say: a text, a press or finished uploads; brings the answer back."""
        session, visitor = await self.visitor(request)
        self._guard.check(request, session=session.external)
        data = await json_body(request)
        ref = f"{visitor.conversation}:{_cid(data)}"
        incoming, digest = await self._incoming(data, visitor)
        update = Update(address=session.address, ref=ref, incoming=replace(incoming, ref=ref), digest=digest)
        taken = (await self._doors.take([update]))[0]
        if taken.outcome == "conflict":
            raise Problem(409, "web.error.conflict")
        if taken.conversation and taken.conversation != visitor.conversation:  # what was typed was a 接续码
            return JSONResponse({"outcome": taken.outcome, **await self.state((await self.visitor(request))[1], -1)})
        # A repeat is answered with all that came of it, even where the asker says to have seen it.
        after = number_in(data, "base_seq", -1)
        after = min([after, *(seq - 1 for seq in taken.seqs)]) if after >= 0 else after
        screen = self._doors.look.after(taken, CHANNEL, after)
        answer = {"outcome": taken.outcome, **await self.state(visitor, after, screen=screen)}
        if taken.outcome == "refused":
            answer["notice"] = "\n".join(reply.text for reply in taken.replies)
        return JSONResponse(answer)

    async def typing(self, request: Request) -> Response:
        """POST /api/typing: half a text, kept with the question it belongs to."""
        session, visitor = await self.visitor(request)
        self._guard.check(request, session=session.external)
        data = await json_body(request)
        question, text = text_in(data, "question", 128), clean(text_in(data, "text", MAX_TEXT))
        ref = f"{visitor.conversation}:t-{self._world.token(12)}"
        incoming = Typing(at=self._world.now(), ref=ref, question=question, text=text)
        digest = _digest([question, text])
        await self._doors.take([Update(address=session.address, ref=ref, incoming=incoming, digest=digest)])
        return JSONResponse({"ok": True})

    async def events(self, request: Request) -> Response:
        """GET /api/events?after=N[&wait=seconds]: what was said since, and the state of the page."""
        session, visitor = await self.visitor(request)
        try:
            after = int(request.query_params.get("after", "-1"))
            wait = min(MAX_WAIT, float(request.query_params.get("wait", "0")))
        except ValueError:
            raise Problem(400, "web.error.form") from None
        if not -1 <= after < 2**63:
            raise Problem(400, "web.error.form")
        if wait > 0 and after >= 0:
            await self._doors.look.wait(visitor.conversation, after, wait)
        response = JSONResponse(await self.state(visitor, after))
        self._sessions.write(response, session)
        return response

    async def state(
        self, visitor: Visitor, after: int, last: int = LAST, *, screen: Screen | None = None
    ) -> dict[str, Any]:
        """Messages after a cursor (-1: the last ones), the new cursor, and the board; read unless they are given."""
        limit = last if after < 0 else MORE
        if screen is None:
            screen = await self._doors.look.screen(visitor.scope, visitor.conversation, CHANNEL, after, limit)
        shown, board = screen
        return {
            "conversation": str(visitor.conversation),
            "events": [_event(one) for one in shown],
            "seq": max([after, 0, *(one.seq for one in shown)]),
            "board": board,
            "now": self._world.now().isoformat(),
        }

    async def _incoming(self, data: dict[str, Any], visitor: Visitor) -> tuple[Incoming, str]:
        now = self._world.now()
        press = text_in(data, "press", 64)
        files = data.get("files", [])
        text = clean(text_in(data, "text", MAX_TEXT)).strip()
        done = data.get("done", False) is True
        if not isinstance(files, list) or len(files) > 50 or not all(isinstance(f, str) for f in files):
            raise Problem(400, "web.error.form")
        if bool(press) + bool(files) + (bool(text) and not files) != 1:
            raise Problem(400, "web.error.form")
        digest = _digest([press, files, text, done])
        if press:
            return Pressed(at=now, press=press, label=clean(text_in(data, "label", 100))), digest
        if files:
            return Sent(at=now, files=tuple(await self._files(files, visitor)), caption=text), digest
        about, version = text_in(data, "about", 128), number_in(data, "version", -1)
        editing = data.get("editing", False) is True
        return Said(at=now, text=text, done=done, about=about, editing=editing, base=version), digest

    async def _files(self, uploads: Sequence[str], visitor: Visitor) -> list[SentFile]:
        try:
            return [await self._doors.files.finish(visitor.person, upload) for upload in uploads]
        except FileRefused as refused:
            raise Problem(422, refused.key, refused.params) from None


_KNOCK = (("link", 200), ("code", 40), ("name", 60), ("last4", 8))


def _cid(data: dict[str, Any]) -> str:
    cid = text_in(data, "cid", 64)
    if not _CID.fullmatch(cid):
        raise Problem(400, "web.error.form")
    return cid


def _digest(content: Any) -> str:
    return hashlib.sha256(
        json.dumps(content, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")
    ).hexdigest()


def _button(face: Face) -> dict[str, Any]:
    told = {"press": face.press, "label": face.label, "strong": face.strong}
    return {**told, "note": face.note} if face.note else told


def _event(shown: Shown) -> dict[str, Any]:
    message: Outgoing = shown.message
    return {
        "seq": shown.seq,
        "at": shown.at.isoformat(),
        "author": message.author,
        "text": message.text,
        "buttons": [_button(face) for face in message.buttons],
        "slot": message.slot,
        "card": message.card,
        "cause": shown.cause,
    }
