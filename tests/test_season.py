"""A whole season rehearsed by the command, on the real house: what is printed, drawn, and left behind."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bot.__main__ import main
from bot.folder import rehearsal
from bot.season import parts
from tests.homes import environment


def season(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The command, run as it is typed, with the short call alone."""
    environ = {**os.environ, **environment(folder)}
    command = [sys.executable, "-m", "bot", "season", *options]
    return subprocess.run(command, capture_output=True, text=True, env=environ, check=False, cwd=folder)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], str]:
    """Twenty people, as JSON, with the picture."""
    folder = tmp_path_factory.mktemp("season")
    done = season(folder, "--call", "short", "--people", "20", "--seed", "4", "--json", "--svg", str(folder / "a.svg"))
    assert done.returncode == 0, done.stderr
    assert {one.name for one in folder.iterdir()} == {"calls", "a.svg"}, "nothing else is left"
    return json.loads(done.stdout), (folder / "a.svg").read_text("utf-8")


def test_people_come_write_and_hand_in(played: tuple[dict[str, object], str]) -> None:
    """Some of each; nobody is reminded twice on a day, on a weekend, or after the last date."""
    told, _ = played
    days = told["days"]
    assert isinstance(days, list) and len(days) == 55
    last = days[-1]
    assert 10 <= last["submitted"] <= last["drafts"] <= last["joined"] <= 20
    assert sum(day["told"] for day in days) > 5 and max(day["most"] for day in days) == 1
    assert [day["submitted"] for day in days] == sorted(day["submitted"] for day in days)


def test_one_writer_and_one_officer_hear_decent_things(played: tuple[dict[str, object], str]) -> None:
    """Each message in the morning of its day, and the officer's news among them."""
    told, _ = played
    for key, words in (("cadre", ("截止", "交回", "通过")), ("coordinator", ("早上好", "新收到"))):
        heard = told[key]
        assert isinstance(heard, list) and heard
        assert any(word in one["text"] for one in heard for word in words)
        assert [one["at"] for one in heard] == sorted(one["at"] for one in heard)


def test_the_picture_can_be_drawn(played: tuple[dict[str, object], str]) -> None:
    """Three lines, and a bar for each day on which somebody was reminded."""
    told, text = played
    root = ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{space}polyline")) == 3
    days = told["days"]
    assert isinstance(days, list)
    assert len(root.findall(f"{space}rect/{space}title")) == sum(day["told"] > 0 for day in days)


def test_the_last_rehearsal_is_kept_beside_the_data(tmp_path: Path) -> None:
    """Where there is a data folder; a second one takes its place."""
    (tmp_path / "data").mkdir()
    for people in ("2", "3"):
        assert season(tmp_path, "--call", "short", "--people", people, "--json").returncode == 0
    assert [one.name for one in (tmp_path / "data").rglob("*") if one.is_file()] == ["short.svg"]
    assert "3人" in rehearsal(tmp_path / "data", "short") and rehearsal(tmp_path / "data", "long") == ""


def test_what_cannot_be_rehearsed_is_one_sentence(tmp_path: Path) -> None:
    """A call that there is not, nobody to play, days that go backwards, a folder that is not there."""
    short = ("--call", "short")
    nowhere = str(tmp_path / "nowhere" / "a.svg")
    for options in (
        ("--call", "nothing"),
        (*short, "--people", "0"),
        (*short, "--speed", "-1"),
        (*short, "--svg", nowhere),
    ):
        done = season(tmp_path, *options)
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr.strip().endswith("。") and "Traceback" not in done.stderr


def test_the_real_database_is_not_looked_at(tmp_path: Path) -> None:
    """Settings that name one, which is not even there: the rehearsal has its own."""
    config = tmp_path / "config.toml"
    config.write_text('[database]\nurl = "postgresql+psycopg://nobody@127.0.0.1:9/nothing"\n', "utf-8")
    done = season(tmp_path, "--config", str(config), "--call", "short", "--people", "1", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["days"]) == 55


def test_thousands_live_in_several_houses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A process each, whose days are added up; nobody is lost between them, and nothing is left behind."""
    assert [sum(parts.parts(n)) for n in (1, 2000, 2001, 6500, 99_999)] == [1, 2000, 2001, 6500, 99_999]
    assert [len(parts.parts(n)) for n in (1, 2000, 2001, 6500, 99_999)] == [1, 1, 2, 4, 8]
    monkeypatch.setattr(parts, "HOUSE", 7)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    told = []
    for _ in range(2):
        assert main(["season", "--call", "short", "--people", "13", "--seed", "2", "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    for what in ("days", "habits"):
        assert told[0][what] == told[1][what], "a seed gives the same season"
    days = told[0]["days"]
    assert len(days) == 55 and 7 < days[-1]["joined"] <= 13 and sum(told[0]["habits"].values()) == 13
    assert not list(tmp_path.glob("anlitong-season-*"))


def test_a_house_that_breaks_off_ends_the_whole(tmp_path: Path) -> None:
    """The others are ended with it."""
    with pytest.raises(EOFError):
        parts.play(_breaks_off, parts.HOUSE + 1, 1, lambda day: None)  # type: ignore[arg-type]
    assert not multiprocessing.active_children()


def _breaks_off(people: int, seed: int, told: object) -> object:
    raise SystemExit(3)
