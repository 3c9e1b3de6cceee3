"""Every story in tests/transcripts is told anew on the real house and must come out word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stories import STORIES, tell


@pytest.mark.parametrize("path", sorted(STORIES.glob("*.txt")), ids=lambda p: p.stem)
async def test_story(path: Path, request: pytest.FixtureRequest) -> None:
    told = await tell(path)
    if request.config.getoption("--rewrite-stories"):
        path.write_text(told, encoding="utf-8")
    assert told == path.read_text(encoding="utf-8")
