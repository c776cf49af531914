from __future__ import annotations

import copy
import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from google.adk.events.event import Event
from google.genai import types
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError, model_validator
from pydantic_core import SchemaValidator, from_json
from strategies import events, json_values, texts

from sessiond.adk import conversion, lean, lenient
from sessiond.v1 import event_pb2


def json_form(event: Event) -> dict[str, Any]:
    """What a stored event is made of."""
    with mock.patch.object(lenient, "make_event", side_effect=lambda data, nulls: data):
        data: Any = conversion.event_from_proto(conversion.event_to_proto(event))
    return data  # type: ignore[no-any-return]


def outcome(validate: Callable[[dict[str, Any]], Event], data: dict[str, Any]) -> Any:
    """The event with all that can differ in one, or what is said against the data."""
    data = {"author": "a", "timestamp": 1.0, **copy.deepcopy(data)}
    try:
        event = validate(data)
    except ValidationError as error:
        return str(error), repr(error.errors())
    except Exception as error:  # Google's enums fail at what is no text
        return repr(error)
    # An event without an id gets a new one.
    unset = event.model_fields_set ^ Event.model_fields.keys()
    event.id = event.id if data.get("id") else ""
    return event, repr(event.model_dump(exclude_unset=True, warnings=False)), unset


def assert_same(data: dict[str, Any]) -> None:
    expected = outcome(Event.model_validate, data)
    assert outcome(lean.validator(nulls=True), data) == expected
    full = without_nulls(data)
    assert outcome(lean.validator(nulls=False), full) == outcome(Event.model_validate, full)


def without_nulls(value: Any) -> Any:
    """A JSON value without the nulls in it."""
    if isinstance(value, dict):
        return {key: without_nulls(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [without_nulls(part) for part in value if part is not None]
    return value


@given(events())
def test_any_event_is_made_as_adk_makes_it(event: Event) -> None:
    assert_same(json_form(event))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container and key within a JSON value."""
    for key, part in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        yield value, key
        if isinstance(part, (dict, list)):
            yield from places(part)


@settings(max_examples=50)
@given(events(), st.data())
def test_data_that_may_not_fit_is_judged_as_adk_judges_it(event: Event, data: st.DataObject) -> None:
    form = json_form(event)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(list(places(form))))
        if container is not form and isinstance(container, dict) and data.draw(st.booleans()):
            key = data.draw(texts)
        container[key] = data.draw(json_values)
    assert_same(form)


@pytest.mark.parametrize(
    "text",
    [
        '{"content":{"role":"model","parts":[{"text":"x","functionCall":null}]}}',
        '{"content":{"parts":[{"inlineData":{"mimeType":"m","data":"-_8="}},{"thoughtSignature":"+/8="}]}}',
        '{"content":{"parts":[{"function_call":{"name":"f"},"functionCall":{"name":"g"}}]}}',
        '{"content":{"parts":[{"nextKind":{"a":1}},{"text":"y"}]}}',
        '{"content":{"parts":"none"}}',
        '{"content":null,"id":"","author":1}',
        '{"usageMetadata":{"promptTokenCount":3.0}}',
        '{"usageMetadata":{"promptTokenCount":3.5}}',
        '{"finishReason":"stop"}',
        '{"citationMetadata":{"citationSources":[{"uri":"u"}]}}',
        '{"avgLogprobs":null,"timestamp":12345678901234567890}',
        '{"customMetadata":[{"key":"k"}]}',
        '{"actions":{"requestedAuthConfigs":{"c":{"authScheme":{"type":"apiKey","in":"header","name":"X"}}}}}',
        '{"actions":{"stateDelta":{"a":1e400,"b":123456789012345678901234567890}}}',
    ],
)
def test_what_others_write_is_read_as_adk_reads_it(text: str) -> None:
    assert_same(from_json(text))


_NULLS = '{"role":null,"parts":[{"text":null,"thought":null,"functionCall":null,"inline_data":null}]}'


@pytest.mark.parametrize(
    "fields",
    [
        {"content": _NULLS},
        {"content": "null"},
        {"actions": b'{"compaction":{"startTimestamp":1,"endTimestamp":2,"compactedContent":%b}}' % _NULLS.encode()},
        {"extra": f'{{"content":{_NULLS},"modelVersion":null}}'},
        {"grounding_metadata": '{"webSearchQueries":null}', "content": '{"parts":[{"text":"x"}]}'},
    ],
)
def test_nulls_of_others_are_seen(fields: dict[str, Any]) -> None:
    message = event_pb2.Event(id="1", author="go", timestamp=1.0, **fields)
    event = conversion.event_from_proto(message)
    with mock.patch.object(lenient, "validator", return_value=Event.model_validate):
        expected = conversion.event_from_proto(message)
    assert event == expected
    assert event.model_dump(exclude_unset=True) == expected.model_dump(exclude_unset=True)


def functions(schema: Any) -> Iterator[str]:
    """The functions that a core schema calls before it validates."""
    if isinstance(schema, dict):
        if schema.get("type") == "function-before":
            yield schema["function"]["function"].__name__
        if schema.get("custom_init"):
            yield f"{schema['cls'].__name__}.__init__"
        for name, part in schema.items():
            if name not in lean._NO_SCHEMA:
                yield from functions(part)
    elif isinstance(schema, (list, tuple)):
        for part in schema:
            yield from functions(part)


def test_the_idle_functions_are_known() -> None:
    # Where this fails under a new version of google-adk or google-genai, see what its function does now.
    before = set(functions(Event.__pydantic_core_schema__))
    checks = {"_check_field_type_mismatches", "_accept_convenience_kwargs"}
    constructors = {"Part.__init__", "Event.__init__"}
    for nulls, idle in ((True, checks), (False, checks | constructors)):
        after = set(functions(lean._without_idle(Event.__pydantic_core_schema__, nulls=nulls)))
        assert before - after == before & idle
    assert {"_check_field_type_mismatches", "Part.__init__"} <= before
    assert "_rename_citation_sources" in after


@pytest.mark.once
def test_they_are_not_called() -> None:
    data: dict[str, Any] = {"author": "a", "content": {"parts": [{"text": "x"}]}, "usageMetadata": {}}
    data.update(id="1", actions={}, nodeInfo={})  # or these would be made by constructors

    def called_by(validate: Callable[[dict[str, Any]], Event]) -> set[str]:
        names: set[str] = set()
        sys.setprofile(lambda frame, _event, _argument: names.add(frame.f_code.co_name))
        try:
            validate(data)
        finally:
            sys.setprofile(None)
        return names & {"_check_field_type_mismatches", "_accept_convenience_kwargs", "__init__"}

    assert len(called_by(Event.model_validate)) == 3
    assert called_by(lean.validator(nulls=False)) == set()


class Changed(BaseModel):
    def __init__(self, **data: Any) -> None:
        super().__init__(**{"number": 0, **data})

    @model_validator(mode="before")
    @classmethod
    def _check_field_type_mismatches(cls, data: Any) -> Any:
        return {"number": data["number"] + 1}

    number: int


def test_functions_that_are_not_known_are_called() -> None:
    schema = lean._without_idle(Changed.__pydantic_core_schema__, nulls=False)
    assert SchemaValidator(schema, None, _use_prebuilt=False).validate_python({}).number == 1


def test_wrappers_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types.Part, "__init__", functools.wraps(types.Part.__init__)(lambda *_args, **_fields: None))
    after = functions(lean._without_idle(Event.__pydantic_core_schema__, nulls=False))
    assert "Part.__init__" in set(after)


@pytest.mark.parametrize("error", [TypeError, OSError])
def test_where_it_cannot_be_made_adk_validates(error: type[Exception]) -> None:
    with mock.patch.object(lean, "SchemaValidator", side_effect=error):
        assert lean.validator.__wrapped__(nulls=False) == Event.model_validate


@pytest.mark.usefixtures("forgotten_sources")
def test_without_source_texts_all_is_called() -> None:
    with mock.patch.object(lean.inspect, "getsource", side_effect=OSError):
        schema = lean._without_idle(Event.__pydantic_core_schema__, nulls=False)
    assert list(functions(schema)) == list(functions(Event.__pydantic_core_schema__))


@pytest.fixture
def forgotten_sources() -> Iterator[None]:
    lean._source_of.cache_clear()
    yield
    lean._source_of.cache_clear()
