from __future__ import annotations

import json
import logging
import math
from typing import Any
from unittest import mock

import pytest
from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions, EventCompaction
from google.adk.tools.tool_confirmation import ToolConfirmation
from google.genai import types
from hypothesis import given
from strategies import events

from sessiond.adk import UnreadableEventError, conversion, jsontext, lenient
from sessiond.v1 import event_pb2


def through_the_wire(event: Event) -> Event:
    message = conversion.event_to_proto(event)
    return conversion.event_from_proto(event_pb2.Event.FromString(message.SerializeToString()))


@given(events())
def test_any_event_comes_back_equal(event: Event) -> None:
    before = event.model_dump_json()
    back = through_the_wire(event)
    assert back == event
    assert repr(back.timestamp) == repr(event.timestamp)
    assert event.model_dump_json() == before
    # Both readers of JSON give the same.
    with mock.patch.object(jsontext, "from_json", side_effect=ValueError):
        slower = through_the_wire(event)
    assert back == slower
    assert repr(back.model_dump(exclude_unset=True)) == repr(slower.model_dump(exclude_unset=True))
    # A restarted agent that has the event from its own memory writes the same bytes.
    first = conversion.event_to_proto(event).SerializeToString(deterministic=True)
    assert conversion.event_to_proto(event.model_copy(deep=True)).SerializeToString(deterministic=True) == first


def full_event(**changes: Any) -> Event:
    """An event with something in most of its places."""
    fields: dict[str, Any] = {
        "id": "event-1",
        "invocation_id": "e-1",
        "author": "agent",
        "branch": "root.child",
        "timestamp": 1742000000.1234567,
        "turn_complete": False,
        "interrupted": True,
        "error_code": "STOP",
        "error_message": "",
        "long_running_tool_ids": {"b", "a"},
        "content": types.Content(
            role="model",
            parts=[
                types.Part(text="hello ü \0", thought=True, thought_signature=b"\xfb\xff\xfe"),
                types.Part(function_call=types.FunctionCall(id="a", name="f", args={"x": None, "y": [1, 1.0, {}]})),
                types.Part(
                    function_response=types.FunctionResponse(id="b", name="f", response={"r": {"deep": [None]}})
                ),
                types.Part(inline_data=types.Blob(data=bytes(range(256)), mime_type="image/png")),
            ],
        ),
        "custom_metadata": {"snake_key": {"camelKey": 2**70}, "none": None},
        "citation_metadata": types.CitationMetadata(),
        "usage_metadata": types.GenerateContentResponseUsageMetadata(prompt_token_count=1),
        "finish_reason": types.FinishReason.STOP,
        "avg_logprobs": -0.25,
        "grounding_metadata": types.GroundingMetadata(web_search_queries=["q"]),
        "actions": EventActions(
            skip_summarization=True,
            state_delta={"k": 1.0, "user:u": None, "app:a": [1], "temp:t": "gone"},
            artifact_delta={"file.txt": 3},
            transfer_to_agent="other",
            escalate=False,
            requested_tool_confirmations={"a": ToolConfirmation(hint="sure?", payload={"p": 1})},
            compaction=EventCompaction(
                start_timestamp=1.5,
                end_timestamp=2.5,
                compacted_content=types.Content(parts=[types.Part(text="short")]),
            ),
            agent_state={"step": {"n": 1}},
        ),
    }
    return Event(**{**fields, **changes})


def stored(event: Event) -> Event:
    """The event as it should come back: without temp state."""
    copy = event.model_copy(deep=True)
    delta = copy.actions.state_delta
    copy.actions.state_delta = {key: value for key, value in delta.items() if not key.startswith("temp:")}
    return copy


def test_a_full_event() -> None:
    event = full_event()
    message = conversion.event_to_proto(event)
    assert through_the_wire(event) == stored(event)
    assert "temp:t" in event.actions.state_delta
    assert dict(message.state_delta) == {"k": "1.0", "user:u": "null", "app:a": "[1]"}
    assert list(message.long_running_tool_ids.ids) == ["a", "b"]
    assert message.writer.language == "python"
    assert message.writer.adk_version
    assert (message.HasField("partial"), message.HasField("turn_complete")) == (False, True)
    actions = json.loads(message.actions)
    assert actions["skipSummarization"] is True
    assert actions["escalate"] is False
    assert "stateDelta" not in actions
    assert actions["artifactDelta"] == {"file.txt": 3}
    content = json.loads(message.content)
    assert content["parts"][0]["thoughtSignature"] == "+//+"
    assert content["parts"][1]["functionCall"]["args"] == {"x": None, "y": [1, 1.0, {}]}
    extra = json.loads(message.extra)
    assert extra["citationMetadata"] == {}
    assert extra["usageMetadata"] == {"promptTokenCount": 1}
    assert not extra.keys() & {"id", "author", "content", "actions", "customMetadata", "longRunningToolIds"}
    assert json.loads(message.custom_metadata) == {"snake_key": {"camelKey": 2**70}, "none": None}


def test_an_empty_event() -> None:
    event = Event(author="", id="x")
    message = conversion.event_to_proto(event)
    assert through_the_wire(event) == event
    assert (message.content, message.grounding_metadata, message.custom_metadata) == ("", "", "")
    assert not message.HasField("long_running_tool_ids")


@pytest.mark.parametrize("ids", [None, set(), {"a"}])
def test_no_tool_ids_differ_from_an_empty_set(ids: set[str] | None) -> None:
    event = Event(author="a", long_running_tool_ids=ids)
    assert through_the_wire(event).long_running_tool_ids == ids


@pytest.mark.parametrize("timestamp", [0.1 + 0.2, -62135596800.0, 1742000000.1234567, 5e-324, 1e300, -0.0])
def test_timestamps_are_exact(timestamp: float) -> None:
    back = through_the_wire(Event(author="a", timestamp=timestamp)).timestamp
    assert back.hex() == timestamp.hex()


def test_bytes_in_grounding_metadata() -> None:
    event = Event(author="a", grounding_metadata=types.GroundingMetadata(grounding_chunks=[]))
    entry = types.SearchEntryPoint(rendered_content="<p>", sdk_blob=b"\xff\xfe\xfb")
    event.grounding_metadata.search_entry_point = entry
    message = conversion.event_to_proto(event)
    assert json.loads(message.grounding_metadata)["searchEntryPoint"]["sdkBlob"] == "//77"
    assert through_the_wire(event) == event


def test_text_that_looks_like_base64_is_left_alone() -> None:
    event = Event(author="a", content=types.Content(parts=[types.Part(text="-__-")]), custom_metadata={"x": "_-8="})
    assert through_the_wire(event) == event


def test_numbers_that_are_none_do_not_fail_the_append() -> None:
    event = Event(author="a", avg_logprobs=-math.inf, custom_metadata={"x": math.nan})
    support = types.GroundingSupport(confidence_scores=[math.nan, 0.5])
    event.grounding_metadata = types.GroundingMetadata(grounding_supports=[support])
    back = through_the_wire(event)
    assert (back.avg_logprobs, back.custom_metadata) == (None, {"x": None})
    scores = back.grounding_metadata.grounding_supports[0].confidence_scores
    assert math.isnan(scores[0])
    assert scores[1] == 0.5


def test_a_set_in_a_payload_is_sorted() -> None:
    event = Event(author="a", custom_metadata={"tags": {"c", "a", "b"}})
    assert conversion.event_to_proto(event).custom_metadata == '{"tags":["a","b","c"]}'


def test_callables_become_their_repr() -> None:
    event = Event(author="a", actions=EventActions(state_delta={"f": print}, agent_state={"g": print}))
    back = through_the_wire(event)
    assert back.actions.state_delta == {"f": repr(print)}
    assert back.actions.agent_state == {"g": repr(print)}


@pytest.mark.parametrize("field", ["id", "invocation_id", "author", "branch", "error_message"])
def test_a_lone_surrogate_in_the_envelope_is_a_clear_error(field: str) -> None:
    event = Event(author="a")
    setattr(event, field, "x\ud800")
    with pytest.raises(ValueError, match=f"{field}.*lone surrogate"):
        conversion.event_to_proto(event)


def test_a_lone_surrogate_in_a_key_is_a_clear_error() -> None:
    with pytest.raises(ValueError, match="user_id.*lone surrogate"):
        conversion.key("app", "\udfff")
    with pytest.raises(ValueError, match="state key.*lone surrogate"):
        conversion.state_to_proto({"a\ud800": 1})


def test_an_event_without_id_gets_one_on_the_wire_only() -> None:
    event = Event(author="a")
    event.id = ""
    assert conversion.event_to_proto(event).id
    assert event.id == ""


class TestForeignEvents:
    @pytest.fixture(autouse=True)
    def fresh_reports(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lenient, "_reported", set())

    def test_unknown_fields_are_left_out_with_one_warning_each(self, caplog: pytest.LogCaptureFixture) -> None:
        message = event_pb2.Event(
            id="1",
            author="java",
            timestamp=1.0,
            actions=b'{"deletedArtifactIds":["a"],"escalate":true,"compaction":{"startTimestamp":1,"endTimestamp":2,'
            b'"compactedContent":{"parts":[{"text":"x","newKind":{"a":1}}]}}}',
            content='{"role":"model","parts":[{"text":"x","newKind":1},{"text":"y","newKind":2}]}',
            extra='{"futureField":1,"stateful":{"a":1}}',
        )
        with caplog.at_level(logging.WARNING, "sessiond"):
            for _ in range(2):
                event = conversion.event_from_proto(message)
        assert event.actions.escalate is True
        assert [part.text for part in event.content.parts] == ["x", "y"]
        warned = [record.args[0] for record in caplog.records if record.args]
        assert sorted(warned) == [
            "actions.compaction.compactedContent.parts.newKind",
            "actions.deletedArtifactIds",
            "content.parts.newKind",
            "futureField",
            "stateful",
        ]

    def test_the_envelope_wins_over_extra(self) -> None:
        message = event_pb2.Event(id="1", author="go", timestamp=2.0, extra='{"id":"2","branch":"b","author":"x"}')
        event = conversion.event_from_proto(message)
        assert (event.id, event.author, event.branch) == ("1", "go", None)

    def test_lone_surrogates_are_readable(self) -> None:
        message = event_pb2.Event(id="1", content='{"parts":[{"text":"a\\ud800"}]}', custom_metadata='{"x":"\\ud800"}')
        event = conversion.event_from_proto(message)
        assert event.content.parts[0].text in ("a\ud800", "a\ufffd")
        assert event.custom_metadata == {"x": "\ud800"}

    def test_custom_metadata_of_java_is_left_out_with_one_warning(self, caplog: pytest.LogCaptureFixture) -> None:
        message = event_pb2.Event(
            id="1", author="java", custom_metadata='[{"key":"k"}]', content='{"parts":[{"text":"x"}]}'
        )
        with caplog.at_level(logging.WARNING, "sessiond"):
            event = conversion.event_from_proto(message)
        assert (event.custom_metadata, event.content.parts[0].text) == (None, "x")
        assert [record.args[0] for record in caplog.records if record.args] == ["customMetadata (a list)"]

    def test_url_safe_base64_is_readable_too(self) -> None:
        message = event_pb2.Event(id="1", content='{"parts":[{"thoughtSignature":"-__-"}]}')
        event = conversion.event_from_proto(message)
        assert event.content.parts[0].thought_signature == b"\xfb\xff\xfe"

    @pytest.mark.parametrize("fields", [{"content": '{"parts":"none"}'}, {"extra": '{"finishReason":[]}'}])
    def test_an_event_that_does_not_fit_says_which(self, fields: dict[str, Any]) -> None:
        message = event_pb2.Event(id="ev-7", **fields)
        with pytest.raises(UnreadableEventError, match="ev-7"):
            conversion.event_from_proto(message)


def test_all_names_of_the_envelope_are_fields_of_the_model() -> None:
    assert set(conversion._ENVELOPE) <= Event.model_fields.keys()
    proto = {field.name for field in event_pb2.Event.DESCRIPTOR.fields}
    assert set(conversion._ENVELOPE) <= proto
    assert set(conversion._PAYLOADS.values()) <= proto
