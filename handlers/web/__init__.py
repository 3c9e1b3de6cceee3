"""The phone page: HTTP at the edge of the house. `make_app` gives the ASGI application."""

from handlers.web.app import make_app
from handlers.web.settings import WebSettings

__all__ = ["WebSettings", "make_app"]
