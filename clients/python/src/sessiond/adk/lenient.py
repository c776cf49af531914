"""Makes an ``Event`` of data that another language or another ADK version wrote.

ADK's models refuse what they do not know. One event of a newer writer would then make a whole session unreadable, so
what this version has no place for is left out, with one warning for each name.
"""

from __future__ import annotations

import logging
import math
import re
from typing import Any

from google.adk.events.event import Event
from pydantic import ValidationError

from .errors import UnreadableEventError
from .lean import validator

logger = logging.getLogger(__name__)

_SURROGATE = re.compile("[\ud800-\udfff]")
_KNOWN = {field.alias or name for name, field in Event.model_fields.items()}
_reported: set[str] = set()


def make_event(data: dict[str, Any], *, nulls: bool) -> Event:
    """Makes an event of its JSON form with camelCase keys, which is changed on the way.

    Args:
        data: the JSON form.
        nulls: whether there may be a null within a payload of ADK's; without any it is faster.

    Raises:
        UnreadableEventError: the data does not fit even without what is unknown; names the event and the place.
    """
    if not data.keys() <= _KNOWN:
        for name in data.keys() - _KNOWN:
            del data[name]
            _report(name)
    validate = validator(nulls=nulls)
    while True:
        try:
            return validate(data)
        except ValidationError as error:
            # Every round takes at least one fault out of the data, so this ends.
            mended = [_mend(data, fault["type"], fault["loc"]) for fault in error.errors(include_url=False)]
            if not all(mended):
                raise _unreadable(data, error) from error
        except (AttributeError, TypeError) as error:  # Google's enums fail at what is no text
            raise _unreadable(data, error) from error


def _unreadable(data: dict[str, Any], error: Exception) -> UnreadableEventError:
    return UnreadableEventError(f"Event {data.get('id')!r} does not fit this version of google-adk: {error}")


def _mend(data: dict[str, Any], kind: str, place: tuple[int | str, ...]) -> bool:
    """Takes one fault out of the data. Whether that was possible."""
    parent, key = _find(data, place)
    if parent is None:
        return False
    if kind == "extra_forbidden":
        del parent[key]
        _report(".".join(step for step in place if isinstance(step, str)))
        return True
    value = parent[key]
    if kind == "string_unicode" and isinstance(value, str):
        # Versions of pydantic differ in whether a string may have a lone surrogate.
        parent[key] = _SURROGATE.sub("\ufffd", value)
        return True
    if kind == "float_type" and value is None:
        # What payload_text made of a NaN where the model wants a number.
        parent[key] = math.nan
        return True
    if kind == "dict_type" and place == ("customMetadata",):
        # Java's is a list. Nothing else has another type in another language.
        del parent[key]
        _report("customMetadata (a list)")
        return True
    return False


def _find(data: Any, place: tuple[int | str, ...]) -> tuple[Any, Any]:
    """The container and key that a fault's place means. Steps that name a branch of a union are not in the data."""
    parent, key = None, None
    for step in place:
        if (isinstance(data, dict) and step in data) or (isinstance(data, list) and isinstance(step, int)):
            parent, key, data = data, step, data[step]  # type: ignore[index]
    return parent, key


def _report(name: str) -> None:
    if name not in _reported:
        _reported.add(name)
        logger.warning("Events have a field %r, which this version of google-adk does not know; it is left out.", name)
