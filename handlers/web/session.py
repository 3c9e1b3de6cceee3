"""Page sessions: a random token in a signed cookie. The house knows only the token's hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeSerializer
from starlette.requests import Request
from starlette.responses import Response

from bot.channel import Address
from bot.world import World
from handlers.web.settings import WebSettings

CHANNEL = "page"
_RENEW_AFTER = 24 * 3600  # a cookie is written anew at most once a day


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One browser. `born` and `seen` are seconds since the epoch, as written in the cookie."""

    token: str
    born: int
    seen: int

    @property
    def external(self) -> str:
        """SHA-256 of the token, hex: all that ever leaves this module."""
        return hashlib.sha256(self.token.encode()).hexdigest()

    @property
    def address(self) -> Address:
        """The address of this browser."""
        return Address(channel=CHANNEL, external=self.external)


class Sessions:
    """Reads and writes the cookie. Idle and absolute expiry are counted by the world's clock."""

    def __init__(self, settings: WebSettings, world: World) -> None:
        self._settings = settings
        self._world = world
        self._signer = URLSafeSerializer(
            settings.key, salt="page-session", signer_kwargs={"digest_method": hashlib.sha256}
        )
        # A __Host- cookie cannot be planted by a neighbouring host; browsers accept the name over HTTPS only.
        self.cookie = "__Host-anlitong" if settings.secure else "anlitong"

    def read(self, request: Request) -> Session | None:
        """The session of a request; None without a cookie, with a forged or an expired one."""
        raw = request.cookies.get(self.cookie, "")
        try:
            token, born, seen = self._signer.loads(raw)
        except (BadData, ValueError, TypeError):
            return None
        now = self._now()
        if now - seen > self._settings.idle.total_seconds() or now - born > self._settings.absolute.total_seconds():
            return None
        return Session(token=str(token), born=int(born), seen=int(seen))

    def new(self) -> Session:
        """A session nobody has yet."""
        now = self._now()
        return Session(token=self._world.token(), born=now, seen=now)

    def write(self, response: Response, session: Session, *, always: bool = False) -> None:
        """Puts the cookie on a response: with `always`, or when the one the browser has is a day old."""
        now = self._now()
        if not always and now - session.seen < _RENEW_AFTER:
            return
        response.set_cookie(
            self.cookie,
            str(self._signer.dumps([session.token, session.born, now])),
            max_age=int(self._settings.absolute.total_seconds()),
            path="/",
            secure=self._settings.secure,
            httponly=True,
            samesite="lax",
        )

    def _now(self) -> int:
        return int(self._world.now().timestamp())
