"""The tables of config.toml and what each key may hold. `bot.config` puts them together from file and environment.

This module stands below the wording, so it reads its few sentences itself.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

LIBRARIES = {"aiogram": "aiogram", "ptb": "telegram"}  # the extra's name and the module that it brings
_WEBHOOK = re.compile(r"(?:/[A-Za-z0-9_-]+)*/[A-Za-z0-9_-]{8,}")  # nobody guesses its last part
_BOT = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
SECRETS = ("token", "secret")  # of [telegram]: never in a file
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
_FROZEN = ConfigDict(extra="forbid", frozen=True, strict=True)


@cache
def sentences() -> Mapping[str, str]:
    """What is said of mistakes in the settings."""
    text = (resources.files("bot") / "data" / "wording" / "config.toml").read_text("utf-8")
    found: Mapping[str, str] = tomllib.loads(text)["config"]
    return found


@cache
def level_names() -> tuple[str, ...]:
    """The names of the tree's levels, from the top down."""
    return tuple(sentences()["levels"].split())


def _url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/")):
        raise PydanticCustomError("url", "url")
    return text.rstrip("/")


def _database(text: str) -> str:
    if text and not text.startswith(("postgres://", "postgresql://", "postgresql+psycopg://")):
        raise PydanticCustomError("database", "database")
    return text


def _level(text: str) -> str:
    if text not in level_names():
        raise PydanticCustomError("level", "level", {"choices": " ".join(level_names())})
    return text


def _unit_name(text: str) -> str:
    if not text.strip() or "/" in text:
        raise PydanticCustomError("name", "name")
    return text.strip()


def _library(text: str) -> str:
    if text and text not in LIBRARIES:
        raise PydanticCustomError("library", "library", {"choices": " ".join(LIBRARIES)})
    return text


def _bot(text: str) -> str:
    name = text.removeprefix("@")
    if name and not _BOT.fullmatch(name):
        raise PydanticCustomError("bot", "bot")
    return name


def _path(text: str) -> str:
    if text and not _WEBHOOK.fullmatch(text):
        raise PydanticCustomError("path", "path")
    return text


def _secret(text: str) -> str:
    if text and not _SECRET.fullmatch(text):
        raise PydanticCustomError("weak", "weak")
    return text


Texts = Annotated[tuple[str, ...], Field(strict=False)]


class Site(BaseModel):
    """Where the program stands: its name and address, the data folder, the root of the tree of units."""

    model_config = _FROZEN
    name: str
    url: Annotated[str, AfterValidator(_url)]
    host: str
    port: int = Field(ge=0, le=65535)
    data: str
    root: Annotated[str, AfterValidator(_unit_name)]
    root_level: Annotated[str, AfterValidator(_level)]
    trusted_proxies: Texts

    @property
    def public(self) -> bool:
        """Whether others than this machine's user are meant to come."""
        return bool(self.url) and urlsplit(self.url).hostname not in LOCAL_HOSTS

    @property
    def loopback(self) -> bool:
        """Whether the server can be reached from this machine only."""
        return self.host in LOCAL_HOSTS


class Database(BaseModel):
    """Which database; an empty url means SQLite in the data folder."""

    model_config = _FROZEN
    url: Annotated[str, AfterValidator(_database)]


class OfficeSettings(BaseModel):
    """The promises made to writers; see `bot.engine.definition.Office`."""

    model_config = _FROZEN
    unit: str
    keeper: str
    contact: str
    phone: str
    answer_days: int = Field(ge=1, le=365)
    keep_until: date


class OfficeChanges(BaseModel):
    """What one call promises differently; None: as in `[office]`."""

    model_config = _FROZEN
    unit: str | None = None
    keeper: str | None = None
    contact: str | None = None
    phone: str | None = None
    answer_days: int | None = Field(default=None, ge=1, le=365)
    keep_until: date | None = None


class CallSettings(BaseModel):
    """The settings of one call, `[calls.ID]`."""

    model_config = _FROZEN
    office: OfficeChanges = OfficeChanges()


class Calls(BaseModel):
    """Which calls are opened at the first start, and where a deployment's own ones lie."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    __pydantic_extra__: dict[str, CallSettings] = Field(init=False)
    open: Texts
    folder: str

    @property
    def own(self) -> Mapping[str, CallSettings]:
        """The tables `[calls.ID]` by id."""
        return self.__pydantic_extra__ or {}


class Limits(BaseModel):
    """How much and how often; see config.toml."""

    model_config = _FROZEN
    file_mb: int = Field(ge=1, le=20)
    draft_mb: int = Field(ge=1, le=10_000)
    posts_per_minute: int = Field(ge=1, le=100_000)
    links_per_minute: int = Field(ge=1, le=100_000)
    address_per_minute: int = Field(ge=1, le=1_000_000)


class Telegram(BaseModel):
    """How Telegram is reached; without a library it is not. Token and secret come from the environment alone."""

    model_config = _FROZEN
    library: Annotated[str, AfterValidator(_library)]
    bot: Annotated[str, AfterValidator(_bot)]
    api: Annotated[str, AfterValidator(_url)]
    webhook: Annotated[str, AfterValidator(_path)]
    connections: int = Field(ge=1, le=100)
    per_second: int = Field(ge=1, le=1000)
    chat_burst: int = Field(ge=1, le=100)
    chat_per_second: int = Field(ge=1, le=100)
    token: str = Field(default="", repr=False)
    secret: Annotated[str, AfterValidator(_secret)] = Field(default="", repr=False)
