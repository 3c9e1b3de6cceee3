"""`value`: frozen dataclasses that are made quickly, since a turn makes some twenty of them.

The constructor of a frozen dataclass goes through `object.__setattr__` for each field, which costs more
than the rest. Here a value is filled while it is of a twin class that can still be changed, and becomes of its own
class, which cannot, before anybody sees it. Everything else (equality, hash, repr, fields, replace, the
errors for a missing or unknown field) is the dataclass's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar, cast, dataclass_transform

_Value = TypeVar("_Value")
_KEEP: Any = object()


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[_Value]) -> type[_Value]:
    """A class as a frozen, slotted dataclass whose fields are given by name."""
    own: Any = dataclass(init=False, frozen=True, kw_only=True, slots=True)(cls)
    names = [f.name for f in fields(own)]
    twin: Any = type(own.__name__, own.__bases__, {"__slots__": own.__slots__, "__setattr__": object.__setattr__})
    known = {"_new": object.__new__, "_Twin": twin, "_Own": own, "_KEEP": _KEEP}
    gaps, filled = _gaps(own, known)
    made = ["_copy = _new(_Twin)", *(f"_copy.{n} = {what}" for n, what in filled.items())]
    own.__new__ = _written(f"__new__(_cls, *, {gaps})", [*made, "_copy.__class__ = _Own", "return _copy"], known)
    own.__reduce__ = _reduce
    copied = ["_copy = _new(_Twin)", *(f"_copy.{n} = _old.{n}" for n in names), "return _copy"]
    _openers[own] = _written("opened(_old)", copied, known)
    changed = [f"_copy.{n} = _old.{n} if {n} is _KEEP else {n}" for n in names]
    _evolvers[own] = _written(
        f"evolve(_old, *, {', '.join(f'{n}=_KEEP' for n in names)})",
        ["_copy = _new(_Twin)", *changed, "_copy.__class__ = _Own", "return _copy"],
        known,
    )
    _owns[twin] = own
    return cast("type[_Value]", own)


def evolve(old: _Value, **columns: Any) -> _Value:
    """`dataclasses.replace` for a value, quicker."""
    evolver: Callable[..., _Value] = _evolvers[type(old)]
    return evolver(old, **columns)


def opened(old: _Value) -> _Value:
    """A copy whose fields can be set, for one pair of hands, until it is `closed`."""
    opener: Callable[[_Value], _Value] = _openers[type(old)]
    return opener(old)


def closed(copy: _Value) -> _Value:
    """The very copy that was `opened`, from now on a value like all others."""
    own = _owns.get(type(copy))
    if own is not None:
        copy.__class__ = own
    return copy


_evolvers: dict[type, Callable[..., Any]] = {}
_openers: dict[type, Callable[..., Any]] = {}
_owns: dict[type, type] = {}


def _reduce(self: Any) -> tuple[Any, ...]:
    """How a value is copied and pickled: by its constructor, as it was made."""
    return _remake, (type(self), {f.name: getattr(self, f.name) for f in fields(self)})


def _remake(own: Callable[..., Any], columns: dict[str, Any]) -> Any:
    return own(**columns)


def _gaps(own: Any, known: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """The constructor's parameters, and what each field is filled with."""
    gaps, filled = [], {}
    for f in fields(own):
        filled[f.name] = f.name
        if f.default is not MISSING:
            known[f"_default_{f.name}"] = f.default
            gaps.append(f"{f.name}=_default_{f.name}")
        elif f.default_factory is not MISSING:
            known[f"_made_{f.name}"] = f.default_factory
            gaps.append(f"{f.name}=_KEEP")
            filled[f.name] = f"_made_{f.name}() if {f.name} is _KEEP else {f.name}"
        else:
            gaps.append(f.name)
    return ", ".join(gaps), filled


def _written(head: str, lines: list[str], known: dict[str, Any]) -> Callable[..., Any]:
    """A function from its text, as `dataclasses` writes its own."""
    made: dict[str, Any] = {}
    exec("\n    ".join([f"def {head}:", *lines]), known, made)
    (function,) = made.values()
    return cast("Callable[..., Any]", function)
