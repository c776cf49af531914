"""JSON text as it goes over the wire and comes back."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json, to_jsonable_python

_SURROGATE = re.compile("[\ud800-\udfff]")


def payload_text(value: Any) -> str:
    """Writes a part of an event. Bytes become standard base64, which every language reads.

    Sets are sorted, so that a restarted program writes the same text. NaN and the infinities, which JSON has not,
    become null, and what JSON cannot carry at all its repr: as ADK has it.

    Raises:
        ValueError: a value that contains itself.
    """
    return _text(value, _PAYLOAD)


def state_text(value: Any) -> str:
    """Writes a state value: as ``payload_text``, but bytes that are UTF-8 become that text, as in ADK's own stores."""
    return _text(value, _STATE)


def parse(text: str | bytes) -> Any:
    """Reads JSON text. Numbers come back exactly: integers of any size, and the same double that was written."""
    try:
        return from_json(text)
    except ValueError:
        # The faster reader knows no lone surrogates, and bounds the depth.
        return json.loads(text)


class _Writers:
    """Encoders of one way to write bytes, made once: ``json.dumps`` would make one for every text."""

    def __init__(self, from_bytes: Callable[[bytes], str]) -> None:
        self.from_bytes = from_bytes
        self.strict = self._encoder(allow_nan=False)
        self.with_nan = self._encoder(allow_nan=True)

    def _encoder(self, *, allow_nan: bool) -> json.JSONEncoder:
        return json.JSONEncoder(
            ensure_ascii=False, allow_nan=allow_nan, separators=(",", ":"), default=lambda value: _plain(value, self)
        )


def _text(value: Any, writers: _Writers) -> str:
    try:
        text = _dumps(value, writers)
    except TypeError:  # a key that JSON cannot have
        text = _dumps(to_jsonable_python(value, serialize_unknown=True), writers)
    # JSON text goes into a protobuf string, which is UTF-8 and cannot hold a lone surrogate itself; its escape can.
    if not text.isascii():
        text = _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text


def _dumps(value: Any, writers: _Writers) -> str:
    try:
        return writers.strict.encode(value)
    except ValueError:
        # NaN or an infinity somewhere, or a value within itself; the latter raises again.
        return writers.strict.encode(json.loads(writers.with_nan.encode(value), parse_constant=lambda _: None))


def _plain(value: Any, writers: _Writers) -> Any:
    """What stands in the JSON for a value of a type that json does not know."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return writers.from_bytes(bytes(value))
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=lambda element: _text(element, writers))
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


_PAYLOAD = _Writers(_base64)
_STATE = _Writers(_utf8_or_base64)
