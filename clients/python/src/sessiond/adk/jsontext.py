"""JSON text as it goes over the wire and comes back."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

_SURROGATE = re.compile("[\ud800-\udfff]")


def payload_text(value: Any) -> str:
    """Writes a part of an event. Bytes become standard base64, which every language reads.

    Sets are sorted, so that a restarted program writes the same text. NaN and the infinities, which JSON has not,
    become null, and what JSON cannot carry at all its repr: as ADK has it.

    Raises:
        ValueError: a value that contains itself.
    """
    return _text(value, _base64)


def state_text(value: Any) -> str:
    """Writes a state value: as ``payload_text``, but bytes that are UTF-8 become that text, as in ADK's own stores."""
    return _text(value, _utf8_or_base64)


def parse(text: str | bytes) -> Any:
    """Reads JSON text. Numbers come back exactly: integers of any size, and the same double that was written."""
    return json.loads(text)


def _text(value: Any, from_bytes: Callable[[bytes], str]) -> str:
    def default(unknown: Any) -> Any:
        return _plain(unknown, from_bytes)

    try:
        text = _dumps(value, default)
    except TypeError:  # a key that JSON cannot have
        text = _dumps(to_jsonable_python(value, serialize_unknown=True), default)
    # JSON text goes into a protobuf string, which is UTF-8 and cannot hold a lone surrogate itself; its escape can.
    if not text.isascii():
        text = _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text


def _dumps(value: Any, default: Callable[[Any], Any]) -> str:
    def dumps(plain: Any, *, allow_nan: bool) -> str:
        return json.dumps(plain, ensure_ascii=False, allow_nan=allow_nan, separators=(",", ":"), default=default)

    try:
        return dumps(value, allow_nan=False)
    except ValueError:
        # NaN or an infinity somewhere, or a value within itself; the latter raises again.
        return dumps(json.loads(dumps(value, allow_nan=True), parse_constant=lambda _: None), allow_nan=False)


def _plain(value: Any, from_bytes: Callable[[bytes], str]) -> Any:
    """What stands in the JSON for a value of a type that json does not know."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return from_bytes(bytes(value))
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=lambda element: _text(element, from_bytes))
    if isinstance(value, BaseModel):
        # Not in JSON mode: that would write the bytes and sets within by rules of its own.
        return value.model_dump(by_alias=True, warnings=False)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return to_jsonable_python(value, serialize_unknown=True)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _utf8_or_base64(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return _base64(value)
