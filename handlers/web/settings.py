"""What the page's edge needs to know of the deployment; `bot.app` fills it from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class WebSettings:
    """`key` signs session cookies. `base_url` is the public address without a final slash, "" if not known:
    it decides whether cookies are bound to HTTPS, and which Origin is allowed beside the request's own host.

    `trusted_proxies` are addresses or networks ("127.0.0.1", "10.0.0.0/8") whose X-Forwarded-For is believed.
    Rates are requests a minute that change something: by one network address (a whole county office may
    stand behind one) and by one session. `joins` counts tries to redeem a link, by address.
    """

    key: bytes
    base_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    idle: timedelta = timedelta(days=30)
    absolute: timedelta = timedelta(days=180)
    address_rate: int = 1200
    session_rate: int = 240
    join_rate: int = 60
    upload_rate: int = 1200
    max_upload: int = 20 * 1024 * 1024

    @property
    def secure(self) -> bool:
        """Whether people come over HTTPS."""
        return self.base_url.startswith("https://")
