"""ADK's validator of events, without those of its steps that do nothing to JSON.

More than half of the time that an event took went into a few functions of Google's that pydantic calls while it
validates. They are known by their source text, so that one that is new, or has changed, is called as ever.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable
from typing import Any

from google.adk.events.event import Event
from pydantic_core import SchemaValidator

#: SHA-256 of source texts as ``inspect.getsource`` gives them: functions that are called before a model is validated.
_IDLE = {
    # BaseModel._check_field_type_mismatches of google-genai 1.75 to 2.34 looks among the values for models of another
    # class than a field's. JSON has no models.
    "95c4d9d02f97b5c78bcfaee449310c040c2af327b425a3e470607aa11b413da2",
    # Event._accept_convenience_kwargs of google-adk 2.13 looks for arguments that are no fields.
    "ac6141f5418d8a64654c22d9ee97e8d87ef9f9b84c924c90a1b0e7fd74fe55b1",
}
#: The same for constructors that pydantic has to call for a model.
_IDLE_WITHOUT_NULLS = {
    # Part.__init__ of google-genai 1.75 to 2.34 takes a value that is no JSON, and leaves out what is null.
    "84d39cbfcb223ecd425598614774143c446ccf76b186de74a9c89e37b6f3d097",
    # Event.__init__ of google-adk 2.0 looks for arguments that are no fields.
    "5890f4987eb5eda7e0f0c5054ac76bc349f2e699b28cef4a86e1bcbba5f29692",
}
#: The keys of a core schema whose values are no schemas.
_NO_SCHEMA = {"metadata", "serialization", "default", "expected", "members"}


@functools.cache
def validator(*, nulls: bool) -> Callable[[dict[str, Any]], Event]:
    """Makes an event of its JSON form, whose keys are those of fields, as ``Event.model_validate`` does.

    Whatever stands in the way, such as a version of pydantic with other schemas, it is ``Event.model_validate`` itself.

    Args:
        nulls: whether there may be a null within the JSON; without any it is faster.
    """
    try:
        schema = _without_idle(Event.__pydantic_core_schema__, nulls=nulls)
        # Without the last argument pydantic would take the validators that the models have already.
        made = SchemaValidator(schema, None, _use_prebuilt=False)
    except Exception:
        return Event.model_validate
    return made.validate_python


def _without_idle(schema: Any, *, nulls: bool) -> Any:
    """A part of a core schema without the functions that do nothing."""
    if isinstance(schema, dict):
        if schema.get("type") == "function-before" and _source(schema["function"]["function"]) in _IDLE:
            return _without_idle(schema["schema"], nulls=nulls)
        parts = {
            name: part if name in _NO_SCHEMA else _without_idle(part, nulls=nulls) for name, part in schema.items()
        }
        if parts.get("custom_init") and not nulls and _source(parts["cls"].__init__) in _IDLE_WITHOUT_NULLS:
            parts["custom_init"] = False
        return parts
    if isinstance(schema, (list, tuple)):
        return type(schema)(_without_idle(part, nulls=nulls) for part in schema)
    return schema


def _source(function: Callable[..., Any]) -> str | None:
    """The hash of a function's source text; None where there is none."""
    return _source_of(getattr(function, "__func__", function))


@functools.cache  # for the many models that have the same function
def _source_of(function: Callable[..., Any]) -> str | None:
    if hasattr(function, "__wrapped__"):  # a wrapper, which would be taken for what it wraps
        return None
    try:
        return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()
    except (OSError, TypeError):  # the text is not installed, or it is not written in Python
        return None
