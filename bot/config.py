"""The settings of one deployment: config.toml, overridden by the environment, checked as a whole.

The shipped config.toml gives every default; a deployment's own file and then the environment
(ANLITONG_SITE__PORT stands for `port` in `[site]`) say what differs. Whatever is wrong is reported at once,
a line each: file, key, sentence.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from bot.config_schema import (
    LIBRARIES,
    SECRETS,
    Calls,
    CallSettings,
    Database,
    Limits,
    OfficeSettings,
    Site,
    Telegram,
    level_names,
    sentences,
)
from bot.engine.definition import Office
from bot.errors import ConfigError, Mistake

__all__ = ["Settings", "default_file", "level_names", "load", "mistake"]

_PREFIX = "ANLITONG_"
Layers = list[tuple[str, dict[str, Any]]]  # name and tables, the strongest first


class Settings(BaseSettings):
    """The whole of config.toml. `load` makes it; nothing else does."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, strict=True)
    site: Site
    database: Database
    calls: Calls
    office: OfficeSettings
    limits: Limits
    telegram: Telegram

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
    speaks: bool = True,
) -> Settings:
    """The settings of a file, of ./config.toml where none is named, else the shipped ones.

    `data`, `host`, `port` are the command line's and win. Without `speaks` it is no mistake that what Telegram is
    spoken to with (library, token, secret) is not there. Relative folders are read from the file's own
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
        (sentences()["environment"], _from_environment(os.environ if environ is None else environ)),
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
    if wrong := list(_contradictions(settings, str(own or default_file()), speaks)):
        raise ConfigError("\n".join(str(m) for m in wrong))
    return settings


def mistake(file: str, key: str, sentence: str, /, **params: object) -> Mistake:
    """A mistake in the settings, by the name of its sentence in wording/config.toml."""
    return Mistake(file=file, key=key, sentence=sentences()[sentence].format(**params))


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
    url = _table(raw, "database").get("url")
    if isinstance(url, str) and urlsplit(url).password:
        raise ConfigError(str(mistake(file, "database.url", "secret")))
    for name in SECRETS:
        if _table(raw, "telegram").get(name):
            raise ConfigError(str(mistake(file, f"telegram.{name}", "not_here", name=name.upper())))


def _table(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = raw.get(name)
    return table if isinstance(table, Mapping) else {}


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
        kind = kind if kind in sentences() else "other"
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


def _contradictions(settings: Settings, file: str, speaks: bool) -> Iterator[Mistake]:
    if settings.calls.folder and not Path(settings.calls.folder).is_dir():
        yield mistake(file, "calls.folder", "folder")
    if speaks:
        yield from _telegram_wrong(settings, file)
    if not settings.site.public:
        return
    shipped = _read(default_file())["office"]
    for name in ("contact", "phone"):
        said = getattr(settings.office, name).strip()
        if not said or (name == "phone" and said == shipped["phone"]):
            yield mistake(file, f"office.{name}", "placeholder", what=sentences()[name])
    for call, own in settings.calls.own.items():
        if own.office.phone == shipped["phone"]:
            yield mistake(file, f"calls.{call}.office.phone", "placeholder", what=sentences()["phone"])


def _telegram_wrong(settings: Settings, file: str) -> Iterator[Mistake]:
    telegram = settings.telegram
    if not telegram.library:
        return
    if find_spec(LIBRARIES[telegram.library]) is None:
        yield mistake(file, "telegram.library", "not_installed", library=telegram.library)
    for name, wanted in (("token", True), ("secret", bool(telegram.webhook))):
        if wanted and not getattr(telegram, name):  # where it is to be put, not who misses it
            yield mistake(sentences()["environment"], f"{_PREFIX}TELEGRAM__{name.upper()}", f"no_{name}")
    if telegram.webhook and not settings.site.url:
        yield mistake(file, "telegram.webhook", "no_site")
