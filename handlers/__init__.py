"""The outside edge: translates, decides nothing. A channel's library is imported when it is first opened."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

_CHANNELS = {
    "page": ("handlers.web.app", "make_app"),
    "telegram": ("handlers.telegram_channel", "make_channel"),
    "aiogram": ("handlers.telegram_aiogram", "open_library"),
    "ptb": ("handlers.telegram_ptb", "open_library"),
    "terminal": ("handlers.terminal", "Terminal"),
}


def open_channel(name: str) -> Callable[..., Any]:
    """What makes the channel of this name. Raises KeyError for an unknown one."""
    module, maker = _CHANNELS[name]
    made: Callable[..., Any] = getattr(import_module(module), maker)
    return made
