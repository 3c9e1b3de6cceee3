"""A request's fields and files, in each of the four ways the Bot API takes them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from handlers.telegram_fake.limits import UPLOAD
from handlers.telegram_fake.trouble import Refused, bad

_AROUND = 1024 * 1024  # what may stand around a file of the greatest size
_QUOTED = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Part:
    """An uploaded file: the name as it was written on the wire, its type, its bytes."""

    name: str
    mime: str
    data: bytes

    @property
    def sha256(self) -> str:
        """The hash of the bytes."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(slots=True)
class Raw:
    """What came: fields as text (or any JSON value, where the body was JSON), and files by the name of their part."""

    fields: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)


async def read(request: Request) -> Raw:
    """Reads a request to its end. Raises Refused: 413 where it is too long, 400 where it cannot be read."""
    raw = Raw(fields=dict(request.query_params))
    body = await _body(request)
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    if not body:
        return raw
    try:
        if kind == "multipart/form-data":
            boundary = re.search(r'boundary="?([^";]+)"?', rest)
            if boundary is None:
                raise ValueError("no boundary")
            _multipart(raw, body, boundary[1].encode())
        elif kind == "application/json":
            given = json.loads(body)
            if not isinstance(given, dict):
                raise ValueError("not an object")
            raw.fields |= given
        else:
            raw.fields |= dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
    except ValueError as error:  # JSON and UTF-8 errors are ValueErrors
        raise bad(f"can't parse the request: {error}", breach=True) from None
    return raw


async def _body(request: Request) -> bytes:
    pieces, length = [], 0
    async for piece in request.stream():
        length += len(piece)
        if length > UPLOAD + _AROUND:
            raise Refused(413, "Request Entity Too Large", breach=True)
        pieces.append(piece)
    return b"".join(pieces)


def _multipart(raw: Raw, body: bytes, boundary: bytes) -> None:
    for head, data in _pieces(b"\r\n" + body, b"\r\n--" + boundary):
        headers = dict(line.split(": ", 1) for line in head.split("\r\n") if ": " in line)
        given = {name.lower(): value for name, value in headers.items()}
        # Names are taken as they stand, as Telegram takes them: what a library percent-encodes stays so.
        says = dict(_QUOTED.findall(given.get("content-disposition", "")))
        if "name" not in says:
            raise ValueError("a part without a name")
        if "filename" in says:
            mime = given.get("content-type", "application/octet-stream")
            raw.parts[says["name"]] = Part(says["filename"].replace("%22", '"'), mime, data)
        else:
            raw.fields[says["name"]] = data.decode()


def _pieces(body: bytes, delimiter: bytes) -> Iterator[tuple[str, bytes]]:
    pieces = body.split(delimiter)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise ValueError("a multipart body without an end")
    for piece in pieces[1:-1]:
        head, between, data = piece.partition(b"\r\n\r\n")
        if not between:
            raise ValueError("a part without a head")
        yield head.decode().strip(), data
