"""The settings of one deployment: config.toml, overridden by the environment, checked as a whole.

The shipped config.toml gives every default; a deployment's own file and then the environment
(ANLITONG_SITE__PORT stands for `port` in `[site]`) say what differs. Whatever is wrong is reported at once,
a line each: file, key, sentence. This module stands below the wording, so it reads its few sentences itself.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from bot.engine.definition import Office
from bot.errors import ConfigError, Mistake

_PREFIX = "ANLITONG_"
_LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
_FROZEN = ConfigDict(extra="forbid", frozen=True, strict=True)


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


Layers = list[tuple[str, dict[str, Any]]]  # name and tables, the strongest first
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
        return bool(self.url) and urlsplit(self.url).hostname not in _LOCAL_HOSTS

    @property
    def loopback(self) -> bool:
        """Whether the server can be reached from this machine only."""
        return self.host in _LOCAL_HOSTS


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


class Settings(BaseSettings):
    """The whole of config.toml. `load` makes it; nothing else does."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, strict=True)
    site: Site
    database: Database
    calls: Calls
    office: OfficeSettings
    limits: Limits

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` hands over, the strongest first."""
        given: Mapping[str, Any] = init_settings()
        return tuple(InitSettingsSource(settings_cls, layer) for layer in given["layers"])

    @property
    def data(self) -> Path:
        """The data folder, absolute."""
        return Path(self.site.data)

    @property
    def database_place(self) -> str:
        """What `storage.database` opens: a URL, or the path of the SQLite file."""
        return self.database.url or str(self.data / "anlitong.db")

    @property
    def call_folders(self) -> tuple[Path, ...]:
        """Folders with the deployment's own calls."""
        return (Path(self.calls.folder),) if self.calls.folder else ()

    def office_of(self, call: str) -> Office:
        """The promises for one call: `[office]`, changed by `[calls.ID.office]`."""
        own = self.calls.own.get(call, CallSettings()).office.model_dump(exclude_none=True)
        return Office(**{**self.office.model_dump(), **own})


@cache
def _sentences() -> Mapping[str, str]:
    text = (resources.files("bot") / "data" / "wording" / "config.toml").read_text("utf-8")
    sentences: Mapping[str, str] = tomllib.loads(text)["config"]
    return sentences


@cache
def level_names() -> tuple[str, ...]:
    """The names of the tree's levels, from the top down."""
    return tuple(_sentences()["levels"].split())


def default_file() -> Path:
    """The config.toml shipped with the program: inside the wheel, or at the top of the source tree."""
    package = Path(str(resources.files("bot")))
    shipped = package / "data" / "config.toml"
    return shipped if shipped.is_file() else package.parent / "config.toml"


def load(
    file: Path | None = None,
    *,
    data: str | None = None,
    host: str | None = None,
    port: int | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """The settings of a file, of ./config.toml where none is named, else the shipped ones.

    `data`, `host`, `port` are the command line's and win. Relative folders are read from the file's own
    folder, for the shipped file and the command line from the present one. Raises ConfigError with a line
    for each mistake.
    """
    here = Path("config.toml")
    own = file or (here if here.is_file() else None)
    base = own.parent if own else Path()
    layers = [
        (
            "anlitong",
            _without_none({"site": {"data": data and str(Path(data).absolute()), "host": host, "port": port}}),
        ),
        (_sentences()["environment"], _from_environment(os.environ if environ is None else environ)),
        *([(str(own), _read(own))] if own else []),
        (str(default_file()), _read(default_file())),
    ]
    if own:
        _refuse_secrets(str(own), _read(own))
    try:
        settings = Settings(layers=[layer for _, layer in layers])  # type: ignore[call-arg]
    except ValidationError as error:
        raise ConfigError("\n".join(str(m) for m in _mistakes(error, layers))) from None
    settings = _at_home(settings, base)
    if wrong := list(_contradictions(settings, str(own or default_file()))):
        raise ConfigError("\n".join(str(m) for m in wrong))
    return settings


def mistake(file: str, key: str, sentence: str, /, **params: object) -> Mistake:
    """A mistake in the settings, by the name of its sentence in wording/config.toml."""
    return Mistake(file=file, key=key, sentence=_sentences()[sentence].format(**params))


def _at_home(settings: Settings, base: Path) -> Settings:
    """Folders made absolute."""
    site = settings.site.model_copy(update={"data": str((base / settings.site.data).absolute())})
    folder = settings.calls.folder and str((base / settings.calls.folder).absolute())
    calls = settings.calls.model_copy(update={"folder": folder})
    return settings.model_copy(update={"site": site, "calls": calls})


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise ConfigError(str(mistake(str(file), "--config", "not_found")))
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(mistake(str(file), "TOML", "syntax", detail=error))) from None
    except (OSError, UnicodeDecodeError):
        raise ConfigError(str(mistake(str(file), "TOML", "unreadable"))) from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Variables with the prefix and at least one table: texts as they are, all else as TOML writes it."""
    found: dict[str, Any] = {}
    for name, value in sorted(environ.items()):
        path = name.removeprefix(_PREFIX).lower().split("__")
        if not name.startswith(_PREFIX) or len(path) < 2:
            continue
        table = found
        for part in path[:-1]:
            table = table.setdefault(part, {})
        table[path[-1]] = value if _is_text(path) else _as_toml(value)
    return found


def _is_text(path: list[str]) -> bool:
    model: type[BaseModel] | None = Settings
    for part in path:
        if model is Calls and part not in Calls.model_fields:
            model = CallSettings
            continue
        field = model.model_fields.get(part) if model else None
        if field is None:
            return True
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            model = field.annotation
        else:
            return field.annotation in (str, str | None)
    return True


def _as_toml(value: str) -> Any:
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return value


def _refuse_secrets(file: str, raw: Mapping[str, Any]) -> None:
    table = raw.get("database")
    url = table.get("url") if isinstance(table, Mapping) else None
    if isinstance(url, str) and urlsplit(url).password:
        raise ConfigError(str(mistake(file, "database.url", "secret")))


def _without_none(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {t: {k: v for k, v in values.items() if v is not None} for t, values in tables.items()}


_SENTENCES = {
    "extra_forbidden": "unknown",
    "missing": "missing",
    "string_type": "text",
    "int_type": "number",
    "greater_than_equal": "low",
    "less_than_equal": "high",
    "tuple_type": "list",
    "model_type": "table",
    "date_type": "date",
}


def _mistakes(error: ValidationError, layers: Layers) -> Iterator[Mistake]:
    for found in error.errors():
        kind = _SENTENCES.get(found["type"], found["type"])
        kind = kind if kind in _sentences() else "other"
        path = found["loc"]
        key = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
        yield mistake(_whose(path, layers), key, kind, **found.get("ctx", {}))


def _whose(path: tuple[int | str, ...], layers: Layers) -> str:
    """The name of the strongest layer that has this key, or most of it."""
    for depth in range(len(path), 0, -1):
        for name, layer in layers:
            if _has(layer, path[:depth]):
                return name
    return "config.toml"


def _has(layer: Any, path: tuple[int | str, ...]) -> bool:
    for part in path:
        try:
            layer = layer[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _contradictions(settings: Settings, file: str) -> Iterator[Mistake]:
    if settings.calls.folder and not Path(settings.calls.folder).is_dir():
        yield mistake(file, "calls.folder", "folder")
    if not settings.site.public:
        return
    shipped = _read(default_file())["office"]
    for name in ("contact", "phone"):
        said = getattr(settings.office, name).strip()
        if not said or (name == "phone" and said == shipped["phone"]):
            yield mistake(file, f"office.{name}", "placeholder", what=_sentences()[name])
    for call, own in settings.calls.own.items():
        if own.office.phone == shipped["phone"]:
            yield mistake(file, f"calls.{call}.office.phone", "placeholder", what=_sentences()["phone"])
