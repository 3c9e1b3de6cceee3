"""What the documents promise: commands, settings, words, links, packages and pictures are those of the program."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from pydantic import BaseModel

from bot.cli.parser import COMMANDS, make_parser
from bot.config import Settings, load
from bot.config_schema import SECRETS
from bot.wording import Wording
from storage.tables import metadata
from tests.stories import tell

TOP = Path(__file__).parent.parent
DOCUMENTS = [TOP / "README.md", TOP / "README.zh-CN.md", TOP / "CHANGELOG.md", TOP / "CONTRIBUTING.md"]
DOCUMENTS += sorted((TOP / "docs").glob("*.md"))
READMES = [TOP / "README.md", TOP / "README.zh-CN.md"]
DEPLOY = TOP / "docs" / "deploy.md"
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADS = "|".join(sorted({path.split()[0] for path in COMMANDS}))
_COMMAND = re.compile(rf"(?:^|[\s=/])anlitong (?P<typed>(?:{_HEADS})\b[^#\n]*)")


def text_of(path: Path) -> str:
    """A document's text."""
    return path.read_text("utf-8")


def code_in(text: str) -> Iterator[str]:
    """Lines of code blocks, and code within sentences."""
    for _, block in _FENCE.findall(text):
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", _FENCE.sub("", text))


def commands_in(text: str) -> set[str]:
    """What is typed after `anlitong`, wherever a document shows it as code."""
    return {found["typed"].strip() for line in code_in(text) for found in _COMMAND.finditer(line)}


def table_under(text: str, heading: str, column: int = 0) -> list[str]:
    """One column of all tables of a chapter."""
    chapter = re.split(rf"^## {re.escape(heading)}$", text, flags=re.MULTILINE)[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in chapter.splitlines() if line.startswith("|")]
    return [row[column].strip() for row in rows if not set(row[column].strip()) <= {"-"}]


# ---------------------------------------------------------------- commands


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_every_command_shown_can_be_typed(path: Path) -> None:
    parser = make_parser(Wording.load())
    for typed in commands_in(text_of(path)):
        args = parser.parse_args(shlex.split(typed))
        assert args.command and getattr(args, "action", "") is not None, typed


def test_the_readme_names_every_command() -> None:
    shown = commands_in(text_of(TOP / "README.md"))
    groups = {path for path in COMMANDS if any(other.startswith(f"{path} ") for other in COMMANDS)}
    assert {path for path in COMMANDS if path not in groups and not any(s.startswith(path) for s in shown)} == set()


def test_make_targets_are_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(TOP / "Makefile"), re.MULTILINE))
    named = {line.split()[1] for path in DOCUMENTS for line in code_in(text_of(path)) if line.startswith("make ")}
    assert {"run", "test", "check", "bundle"} <= named <= targets


def test_the_lines_without_make_are_the_makefile_s() -> None:
    recipes = text_of(TOP / "Makefile").replace("$(BIN)", ".venv/bin").replace("\\\n\t\t", "")
    recipes = recipes.replace("$(PIP)", ".venv/bin/python -m pip").replace("$(PYTHON)", "python3")
    recipes = recipes.replace("venv $@", "venv .venv")
    done = {line.strip() for line in recipes.splitlines() if line.startswith("\t")} | {"python3 -m venv .venv"}
    blocks = [block for path in (*READMES, DEPLOY) for _, block in _FENCE.findall(text_of(path))]
    lines = {line for block in blocks for line in block.splitlines() if line.startswith((".venv/", "python3 -m venv"))}
    lines = {line for line in lines if not line.startswith(".venv/bin/anlitong telegram")}  # typed in both ways
    assert len(lines) > 8
    assert lines <= done


# ---------------------------------------------------------------- settings


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _keys(inner, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_setting_stands_in_config_toml_and_is_explained() -> None:
    table, explained, found = "", False, set()
    for line in text_of(TOP / "config.toml").splitlines():
        if line.startswith("["):
            table = line.strip("[]")
        key = re.match(r"([a-z_]+) *=", line)
        if key:
            assert explained, line
            found.add(f"{table}.{key[1]}")
        explained = line.startswith("#") or (explained and bool(key))
    secrets = {f"telegram.{name}" for name in SECRETS}  # from the environment alone
    assert found == set(_keys(Settings)) - secrets


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_every_setting_named_is_real(path: Path) -> None:
    tables = "|".join(Settings.model_fields)
    named = {code for code in code_in(text_of(path)) if re.fullmatch(rf"(?:{tables})\.[a-z_]+", code)}
    assert named <= set(_keys(Settings)) | {f"{table}.toml" for table in Settings.model_fields}
    for variable in re.findall(r"ANLITONG_(\w+?)__(\w+)", text_of(path)):
        assert ".".join(variable).lower() in set(_keys(Settings))


def test_the_settings_of_the_deployment_can_be_used(tmp_path: Path) -> None:
    blocks = [block for kind, block in _FENCE.findall(text_of(DEPLOY)) if kind == "toml"]
    assert len(blocks) >= 2
    config = tmp_path / "config.toml"
    config.write_text("\n".join(blocks), "utf-8")
    settings = load(config, environ={})
    assert settings.site.public
    assert settings.database.url.startswith("postgresql://")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert make_parser(Wording.load()).parse_args(["serve", "--config", str(config)]).config == config


# ---------------------------------------------------------------- words and packages


# Tables about the machinery, which no person names.
HELPERS = ["chain", "codes", "counters", "documents", "extensions", "files", "jobs", "redeems", "roles", "updates"]
HELPERS += ["uploads", "wakes"]


def test_the_glossary_has_the_tables_words() -> None:
    words = table_under(text_of(TOP / "README.md"), "Glossary")[1:]
    plural = {"people": "person", "addresses": "address", "deliveries": "delivery"}
    for table in metadata.tables:
        assert table in HELPERS or plural.get(table, table.removesuffix("s")) in words or table in words, table


def test_the_glossary_is_used() -> None:
    code = "\n".join(text_of(p) for room in ("bot", "handlers", "storage") for p in (TOP / room).rglob("*.py"))
    for word in table_under(text_of(TOP / "README.md"), "Glossary")[1:]:
        assert re.search(rf"\b{word}s?\b", code, re.IGNORECASE), word


def test_every_package_has_its_reason() -> None:
    project = tomllib.loads(text_of(TOP / "pyproject.toml"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    wanted += [p for group in project["project"]["optional-dependencies"].values() for p in group]
    names = {re.split(r"[\[<>=]", package)[0] for package in wanted}
    text = text_of(TOP / "README.md")
    packages = [cell.strip("`") for cell in table_under(text, "Dependencies") if cell.startswith("`")]
    reasons = [cell for cell in table_under(text, "Dependencies", 1) if cell != "why"]
    assert sorted(packages) == sorted(names)
    assert all(len(reason) > 5 for reason in reasons)
    locked = text_of(TOP / "requirements" / "dev.txt").lower()
    assert {name for name in names if not re.search(rf"^{re.escape(name)}(\[\w+\])?==", locked, re.MULTILINE)} == set()


def test_the_folders_are_there() -> None:
    folders = [
        cell.strip("`") for cell in table_under(text_of(TOP / "README.md"), "The folders") if cell.startswith("`")
    ]
    assert {f"{f}/" for f in ("bot", "handlers", "storage", "tests", "benchmarks", "docs")} <= set(folders)
    assert [folder for folder in folders if not (TOP / folder).is_dir()] == []


# ---------------------------------------------------------------- stories, links, pictures


def test_the_conversation_shown_is_a_story_s() -> None:
    shown = [
        (kind, block) for kind, block in _FENCE.findall(text_of(TOP / "README.md")) if kind.startswith("transcript")
    ]
    assert shown
    for kind, block in shown:
        assert block in text_of(TOP / "tests" / "transcripts" / kind.split()[1])


async def test_the_story_to_copy_can_be_told(tmp_path: Path) -> None:
    (block,) = (b for _, b in _FENCE.findall(text_of(TOP / "CONTRIBUTING.md")) if "@ calls" in b)
    story = tmp_path / "story.txt"
    story.write_text(block, "utf-8")
    told = await tell(story)
    assert [line for line in told.splitlines() if not line.startswith(("<", "  "))] == block.splitlines()
    assert told.count("\n< ") >= block.count("\n> ")


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", text_of(path))):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        assert TOP.resolve() in there.parents, target
        assert not anchor or anchor in _anchors(text_of(there)), target


@pytest.mark.parametrize("path", READMES, ids=lambda p: p.name)
def test_pictures_are_a_phone_s_and_light(path: Path) -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text_of(path))
    assert pictures
    for name in pictures:
        assert (TOP / name).stat().st_size < 150_000
        with Image.open(TOP / name) as picture:
            assert picture.size == (780, 1688)


def test_documents_are_found_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(([^)#\s]+)", text_of(TOP / "README.md")))
    assert {str(path.relative_to(TOP)) for path in DOCUMENTS} - {"README.md"} <= linked
