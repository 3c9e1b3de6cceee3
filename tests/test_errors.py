"""The exception tree is the one that is drawn."""

from __future__ import annotations

import inspect

from bot import errors


def drawn() -> set[tuple[str, str]]:
    """(class, parent) as the docstring draws them."""
    found, above = set(), ["Exception"]
    for line in (errors.__doc__ or "").splitlines()[2:]:
        name = line.lstrip("│├└─ ").split(" ")[0]
        if name:
            depth = 1 + (len(line) - len(line.lstrip("│├└─ "))) // 4
            above[depth:] = [name]
            found.add((name, above[depth - 1]))
    return found


def test_the_tree_is_complete() -> None:
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, Exception)]
    assert drawn() == {(c.__name__, c.__base__.__name__) for c in classes if c.__base__}
