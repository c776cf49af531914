"""ADK's validator of events, without those of its steps that do nothing to JSON.

Up to a third of the time that an event takes goes into two functions of Google's that pydantic calls before it
validates a model: one looks among the values for models of the wrong class, and JSON has no models; the other for
arguments that are no fields, and ``make_event`` has left out what is no field. They are known by their source text, so
that one that is new, or has changed, is called as ever.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable
from typing import Any

from google.adk.events.event import Event
from pydantic_core import SchemaValidator

#: SHA-256 of the source texts, as ``inspect.getsource`` gives them.
_IDLE = {
    # google.genai._common.BaseModel._check_field_type_mismatches, of google-genai 1.75 to 2.34
    "95c4d9d02f97b5c78bcfaee449310c040c2af327b425a3e470607aa11b413da2",
    # google.adk.events.event.Event._accept_convenience_kwargs, of google-adk 2.13
    "ac6141f5418d8a64654c22d9ee97e8d87ef9f9b84c924c90a1b0e7fd74fe55b1",
}
#: The keys of a core schema whose values are no schemas.
_NO_SCHEMA = {"metadata", "serialization", "default", "expected", "members"}


@functools.cache
def validator() -> Callable[[dict[str, Any]], Event]:
    """Makes an event of its JSON form with camelCase keys, as ``Event.model_validate`` does; no other keys are allowed.

    Whatever stands in the way, such as a version of pydantic with other schemas, it is ``Event.model_validate`` itself.
    """
    try:
        # Without the last argument pydantic would take the validator that the model has already.
        made = SchemaValidator(_without_idle(Event.__pydantic_core_schema__), None, _use_prebuilt=False)
    except Exception:
        return Event.model_validate
    return made.validate_python


def _without_idle(schema: Any) -> Any:
    """A part of a core schema without the functions that do nothing."""
    if isinstance(schema, dict):
        if schema.get("type") == "function-before" and _is_idle(schema["function"]["function"]):
            return _without_idle(schema["schema"])
        return {name: part if name in _NO_SCHEMA else _without_idle(part) for name, part in schema.items()}
    if isinstance(schema, (list, tuple)):
        return type(schema)(map(_without_idle, schema))
    return schema


def _is_idle(function: Callable[..., Any]) -> bool:
    return _is_source_idle(getattr(function, "__func__", function))


@functools.cache  # for the many models whose method is the same function
def _is_source_idle(function: Callable[..., Any]) -> bool:
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):  # none installed, or not written in Python
        return False
    return hashlib.sha256(source.encode()).hexdigest() in _IDLE
