"""The walls of the house: who imports whom, how long things are, where Chinese stands, what comes late."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PACKAGES = ("bot", "handlers", "storage")
# From the bottom up: a room imports from its own floor and from below.
ROOMS = (
    ("bot.world", "bot.errors", "bot.logs", "bot.supervising"),
    ("bot.engine",),
    ("bot.config", "bot.config_schema"),
    ("bot.acts", "bot.channel", "bot.doors", "bot.sendings"),
    ("bot.wording", "bot.workdays", "bot.call", "bot.paper", "bot.text", "bot.sheets", "bot.unit_sheet"),
    ("storage", "handlers"),
    ("bot.folder",),
    (
        *(
            "bot.desk",
            "bot.office",
            "bot.jobs",
            "bot.fetching",
            "bot.loops",
            "bot.planning",
            "bot.planning_offices",
            "bot.deliveries",
            "bot.look",
        ),
        *("bot.papers", "bot.pack", "bot.batch", "bot.rows", "bot.workbench", "bot.aside"),
    ),
    ("bot.app", "bot.demo", "bot.season"),
    ("bot.cli", "bot.__main__"),
)
DESK = ("bot.desk", "bot.taking", "bot.outcome", "bot.welcome", "bot.batch", "bot.rows")
LATE = (
    *(
        "chinese_calendar",
        "icalendar",
        "docx",
        "openpyxl",
        "argon2",
        "PIL",
        "jieba",
        "numpy",
        "aiogram",
        "aiohttp",
        "telegram",
        "lxml",
        "pillow_heif",
    ),
    *(),
)
# Patterns over Chinese characters and the names in a call's patterns: no sentence a person reads.
CHARACTERS = {
    "bot/engine/count.py",
    "bot/engine/answers.py",
    "bot/engine/commands.py",
    "bot/engine/cases.py",
    "bot/engine/definition.py",
    "handlers/telegram_hearing.py",
    "bot/call_schema.py",
    "bot/call_check.py",
}
LONGEST_FILE, LONGEST_FUNCTION = 400, 60


def modules() -> list[Path]:
    """All Python files of the product."""
    return sorted(path for package in PACKAGES for path in (TOP / package).rglob("*.py"))


def named(path: Path) -> str:
    """A file's dotted name."""
    return ".".join(path.relative_to(TOP).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree(path: Path) -> ast.Module:
    """A file's syntax."""
    return ast.parse(path.read_text("utf-8"))


def imports(path: Path, *, late: bool = True) -> Iterator[tuple[str, int]]:
    """What a file imports, with the line; `late`: inside functions and for type checking as well."""
    nodes = ast.walk(tree(path)) if late else iter(_at_once(tree(path)))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or "", node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def _at_once(module: ast.Module) -> Iterator[ast.stmt]:
    for node in module.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from (child for child in ast.walk(node) if isinstance(child, ast.stmt) and child is not node)


def floor(name: str) -> int:
    """How high a module stands; -1 for what is not of the house."""
    for height, rooms in enumerate(ROOMS):
        if any(name == room or name.startswith(f"{room}.") for room in rooms):
            return height
    if name.startswith("bot.call_") or name == "bot.calls":
        return floor("bot.call")
    return floor("bot.desk.") if name in DESK else -1


def test_every_module_has_its_room() -> None:
    """A new file is put into the plan before it is written."""
    homeless = [named(p) for p in modules() if floor(named(p)) < 0 and named(p) not in PACKAGES]
    assert homeless == []


def test_imports_go_down() -> None:
    """Nothing imports from above, not even late."""
    wrong = [
        f"{path.relative_to(TOP)}:{line} imports {name}"
        for path in modules()
        for name, line in imports(path)
        if floor(name) > floor(named(path)) >= 0
    ]
    assert wrong == []


def test_the_engine_knows_the_standard_library_alone() -> None:
    """And neither clock nor randomness."""
    allowed = set(sys.stdlib_module_names) | {"bot"}
    for path in modules():
        if not named(path).startswith("bot.engine"):
            continue
        for name, line in imports(path):
            first = name.split(".")[0]
            assert first in allowed and (first != "bot" or name.startswith("bot.engine") or name == "bot"), (path, line)
            assert first not in ("random", "secrets", "time", "os", "asyncio"), (path, line)
        calls = [
            n for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute) and n.attr in ("now", "utcnow", "today")
        ]
        assert not any(isinstance(n.value, ast.Name) and n.value.id in ("datetime", "date") for n in calls), path


def test_handlers_see_doors_and_nothing_behind_them() -> None:
    """Neither storage nor the desk nor the office."""
    hidden = (
        "storage",
        "sqlalchemy",
        *(room for room in (*ROOMS[6], *ROOMS[7], *ROOMS[8]) if room != "handlers"),
        *DESK,
    )
    for path in modules():
        if named(path).startswith("handlers"):
            for name, line in imports(path):
                assert not any(name == h or name.startswith(f"{h}.") for h in hidden), f"{path}:{line} {name}"


def test_storage_and_handlers_do_not_know_each_other() -> None:
    """They stand on the same floor."""
    for path in modules():
        if named(path).startswith("storage"):
            assert not any(name.startswith("handlers") for name, _ in imports(path)), path


def test_the_bot_does_not_know_the_fake() -> None:
    """Only the command that starts it does, when it is run."""
    fake = "handlers.telegram_fake"
    for path in modules():
        if not named(path).startswith(fake):
            late = named(path) == "bot.cli.telegram"
            wrong = [name for name, _ in imports(path, late=not late) if name.startswith(fake)]
            assert wrong == [], path


def test_sql_stands_in_storage() -> None:
    """Elsewhere SQLAlchemy gives types and errors, no statements."""
    allowed = {"Connection", "Engine"}
    for path in modules():
        if named(path).startswith("storage"):
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ImportFrom) and (node.module or "") == "sqlalchemy":
                assert {alias.name for alias in node.names} <= allowed, path
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
                assert node.module == "sqlalchemy.exc", path
            elif isinstance(node, ast.Import):
                assert not any(alias.name.startswith("sqlalchemy") for alias in node.names), path


def test_no_circles() -> None:
    """No module, imported at once, leads back to itself."""
    known = {named(path): path for path in modules()}
    edges = {
        name: {target for target, _ in imports(path, late=False) if target in known and target != name}
        for name, path in known.items()
    }
    done: set[str] = set()

    def walk(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way, name))
        if name not in done:
            for target in edges[name]:
                walk(target, (*way, name))
            done.add(name)

    for name in known:
        walk(name, ())


def test_heavy_libraries_come_with_their_first_use() -> None:
    """Putting the whole program together loads none of them."""
    probe = f"import sys, bot.app, bot.cli.serve, handlers.web.app; print([m for m in {LATE!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, cwd=TOP, check=True)
    assert done.stdout.strip() == "[]"


def test_each_library_has_one_room() -> None:
    """Word files and pictures belong to the paper room, messengers to their files, Chinese text to its own."""
    rooms = {
        "docx": ("bot.paper",),
        "PIL": ("bot.paper",),
        "openpyxl": ("bot.sheets", "bot.pack.tables"),
        "jieba": ("bot.text",),
        "sqlalchemy": ("storage", "bot"),
    }
    for path in modules():
        for name, line in imports(path):
            room = rooms.get(name.split(".")[0])
            assert room is None or named(path).startswith(room), f"{path}:{line} {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(TOP)))
def test_lengths(path: Path) -> None:
    """No file over 400 lines, no function over 60; migrations are as long as they are."""
    if "migrations" in path.parts:
        return
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST_FILE
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno + 1 <= LONGEST_FUNCTION, node.name


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(TOP)))
def test_no_chinese_in_code(path: Path) -> None:
    """What people read stands in the wording; docstrings may explain a Chinese word."""
    if str(path.relative_to(TOP)) in CHARACTERS:
        return
    explained = {
        node.body[0].value
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            explained.add(node.value)  # a string under a constant explains it
    said = [
        (node.lineno, node.value)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node not in explained
        and re.search(r"[\u3007\u3400-\u9fff]", node.value)
    ]
    assert said == []


def test_nothing_is_left_for_later() -> None:
    """No notes to oneself in the code."""
    for path in modules():
        assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", path.read_text("utf-8")), path
