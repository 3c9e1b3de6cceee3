"""A whole season rehearsed by the command, on the real house: what is printed, drawn, and left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.homes import environment


def season(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The command, run as it is typed, with the short call alone."""
    environ = {**os.environ, **environment(folder)}
    command = [sys.executable, "-m", "bot", "season", *options]
    return subprocess.run(command, capture_output=True, text=True, env=environ, check=False)


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
