"""Skipping what a machine has not got, and failing instead where nothing may be skipped."""

from __future__ import annotations

import os

import pytest


def need(name: str, available: bool, reason: str) -> None:
    """Skip with the reason unless `name` is available; with ANLITONG_NOTHING_SKIPPED=1 fail instead."""
    if available:
        return
    if os.environ.get("ANLITONG_NOTHING_SKIPPED") == "1":
        pytest.fail(f"{name} is needed: {reason}")
    pytest.skip(f"{name}: {reason}")
