"""Hypothesis strategies for ADK's events, made from the models themselves, so that they cover every field of the
installed version."""

from __future__ import annotations

import datetime
import enum
import types
from typing import Any, Literal, Union, get_args, get_origin

from google.adk.events.event import Event
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

# pydantic's versions differ in whether a lone surrogate is a string; test_jsontext has those.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ids = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=24)
doubles = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | doubles | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)

_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    bytes: st.binary(max_size=12),
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**63 - 1),
    float: doubles,
    Any: json_values,
    object: json_values,
    datetime.datetime: st.datetimes(timezones=st.just(datetime.timezone.utc)),
    type(None): st.none(),
}
_DEPTH = 4
#: Its JSON is also that of HTTPBase, which the model's union takes first: no JSON brings it back.
_AMBIGUOUS = {"HTTPBearer"}
#: What the property tests fill by hand, or what is no data.
_SKIPPED = {"state_delta", "http_options"}


def values(annotation: Any, depth: int = _DEPTH) -> st.SearchStrategy[Any] | None:
    """A strategy for a field's type, or None where it has no place at this depth or in a store."""
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        known = [argument for argument in arguments if getattr(argument, "__name__", "") not in _AMBIGUOUS]
        options = [values(argument, depth) for argument in known]
        return st.one_of(*[option for option in options if option is not None])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (list, set):
        element = values(arguments[0], depth)
        if element is None:
            return None
        return st.lists(element, max_size=2) if origin is list else st.sets(element, max_size=3)
    if origin is dict:
        element = values(arguments[1], depth)
        return None if element is None else st.dictionaries(texts, element, max_size=2)
    if annotation is dict:
        return st.dictionaries(texts, json_values, max_size=2)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return st.sampled_from(list(annotation))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return models(annotation, depth - 1) if depth > 0 else None
    return None


def models(model: type[BaseModel], depth: int = _DEPTH) -> st.SearchStrategy[Any]:
    """A strategy for instances of a model, with any choice of its optional fields."""
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for name, field in model.model_fields.items():
        strategy = None if name in _SKIPPED else values(field.annotation, depth)
        if strategy is not None:
            if field.default is not None:
                # ADK leaves None out of the JSON of events, so a field has no None where that is not its default.
                strategy = strategy.filter(lambda value: value is not None)
            by_name = model.model_config.get("populate_by_name") or field.alias is None
            (required if field.is_required() else optional)[name if by_name else field.alias] = strategy
    keywords = st.fixed_dictionaries(required, optional=optional)

    def make(fields: dict[str, Any]) -> Any:
        try:
            return model.model_validate(fields)
        except ValidationError:
            return None

    return keywords.map(make).filter(lambda made: made is not None)


def events() -> st.SearchStrategy[Event]:
    """Whole events that may be stored."""
    made = st.tuples(
        models(Event),
        ids,
        st.dictionaries(texts.filter(lambda key: not key.startswith("temp:")), json_values, max_size=4),
    )

    def finish(parts: tuple[Event, str, dict[str, Any]]) -> Event:
        event, event_id, delta = parts
        event.id, event.partial = event_id, None
        event.actions.state_delta = delta
        return event

    return made.map(finish)
