"""ADK's objects to and from the messages of the wire.

An event's envelope is typed. The rest travels as JSON text in ADK's canonical form (camelCase keys, times in seconds,
standard base64), which the server keeps byte for byte, so every field of the writer's ADK version survives.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from google.adk.events.event import Event
from google.adk.sessions.session import Session
from google.adk.sessions.state import State
from google.adk.version import __version__ as adk_version

from sessiond.v1 import event_pb2, session_pb2

from . import jsontext, lenient

#: The fields of the typed envelope that are optional scalars, under ADK's names, which are the proto's too.
_OPTIONAL = ("branch", "partial", "turn_complete", "interrupted", "error_code", "error_message")
_ENVELOPE = ("id", "invocation_id", "author", "timestamp", "long_running_tool_ids", *_OPTIONAL)
#: Payloads with a field of their own, from the model's key to the proto's.
_PAYLOADS = {"content": "content", "groundingMetadata": "grounding_metadata", "customMetadata": "custom_metadata"}
_ALIASES = {name: Event.model_fields[name].alias or name for name in _ENVELOPE}
_ENVELOPE_KEYS = frozenset(_ALIASES.values())
_NOT_IN_PAYLOADS: Any = {**dict.fromkeys(_ENVELOPE, True), "actions": {"state_delta"}}
_WRITER = event_pb2.Writer(language="python", adk_version=adk_version)
_MARKER = "_storage_update_marker"


def key(app_name: str, user_id: str = "", session_id: str = "") -> session_pb2.SessionKey:
    """Names a session, or a user or an app.

    Raises:
        ValueError: an id that is not text that UTF-8 can carry.
    """
    return session_pb2.SessionKey(
        app_name=_utf8("app_name", app_name),
        user_id=_utf8("user_id", user_id),
        session_id=_utf8("session_id", session_id),
    )


def event_to_proto(event: Event) -> event_pb2.Event:
    """Writes an event without its ``temp:`` state. The same event always gives the same message.

    Raises:
        ValueError: text in the envelope, or a state key, that UTF-8 cannot carry.
    """
    message = event_pb2.Event()
    write_event(event, message)
    return message


def write_event(event: Event, message: event_pb2.Event) -> None:
    """As ``event_to_proto``, into an empty message, such as that within a request, which would copy a given one.

    Raises:
        ValueError: text in the envelope, or a state key, that UTF-8 cannot carry.
    """
    # Set one by one, which costs half of what a constructor with keywords does.
    # Without an id of its own an append could not be repeated safely.
    message.id = _utf8("event id", event.id) or str(uuid.uuid4())
    message.invocation_id = _utf8("invocation_id", event.invocation_id)
    message.author = _utf8("author", event.author)
    message.timestamp = event.timestamp
    message.writer.CopyFrom(_WRITER)
    if event.actions.state_delta:
        message.state_delta.update(state_to_proto(event.actions.state_delta))
    for name in _OPTIONAL:
        value = getattr(event, name)
        if value is not None:
            setattr(message, name, _utf8(name, value) if isinstance(value, str) else value)
    if event.long_running_tool_ids is not None:
        ids = sorted(_utf8("long_running_tool_ids", tool_id) for tool_id in event.long_running_tool_ids)
        message.long_running_tool_ids.ids.extend(ids)
        message.long_running_tool_ids.SetInParent()
    # In Python mode, since JSON mode turns bytes into url-safe base64 and sets into lists in no fixed order.
    payloads = event.model_dump(by_alias=True, exclude_none=True, exclude=_NOT_IN_PAYLOADS, warnings=False)
    message.actions = jsontext.payload_text(payloads.pop("actions")).encode()
    for alias, field in _PAYLOADS.items():
        if alias in payloads:
            setattr(message, field, jsontext.payload_text(payloads.pop(alias)))
    if payloads:
        message.extra = jsontext.payload_text(payloads)


def event_from_proto(message: event_pb2.Event) -> Event:
    """Reads an event that any language wrote.

    Raises:
        UnreadableEventError: the event does not fit this version of ADK.
    """
    data: dict[str, Any] = jsontext.parse(message.extra) if message.extra else {}
    if not _ENVELOPE_KEYS.isdisjoint(data):
        for alias in _ENVELOPE_KEYS:
            data.pop(alias, None)
    data.update(
        id=message.id,
        invocationId=message.invocation_id,
        author=message.author,
        timestamp=message.timestamp,
    )
    for name in _OPTIONAL:
        if message.HasField(name):
            data[_ALIASES[name]] = getattr(message, name)
    if message.HasField("long_running_tool_ids"):
        data["longRunningToolIds"] = list(message.long_running_tool_ids.ids)
    for alias, field in _PAYLOADS.items():
        text = getattr(message, field)
        if text:
            data[alias] = jsontext.parse(text)
    actions = jsontext.parse(message.actions) if message.actions else {}
    delta = message.state_delta
    actions["stateDelta"] = state_from_proto(delta) if delta else {}
    data["actions"] = actions
    nulls = "null" in message.content or b"null" in message.actions or "null" in message.extra
    return lenient.make_event(data, nulls=nulls or "null" in message.grounding_metadata)


def state_to_proto(state: Mapping[str, Any] | None) -> dict[str, str]:
    """Writes state, from key with its prefix to JSON text, without ``temp:`` keys.

    Raises:
        ValueError: a key that is not text that UTF-8 can carry.
    """
    return {
        _utf8("state key", name): jsontext.state_text(value)
        for name, value in (state or {}).items()
        if not name.startswith(State.TEMP_PREFIX)
    }


def state_from_proto(state: Mapping[str, str]) -> dict[str, Any]:
    """Reads state."""
    return {name: jsontext.parse(text) for name, text in state.items()}


def session_from_proto(message: session_pb2.Session, events: Iterable[Event] = ()) -> Session:
    """Makes ADK's session of a stored one and the events that were asked for."""
    session = Session(
        id=message.key.session_id,
        app_name=message.key.app_name,
        user_id=message.key.user_id,
        state=state_from_proto(message.state),
        events=list(events),
        last_update_time=message.last_event_time,
    )
    set_marker(session, message.uid, message.revision)
    return session


def set_marker(session: Session, uid: str, revision: int) -> None:
    """Notes which state of the stored session an object stands for.

    ``==`` of sessions compares the marker, so it is the same whether a create, a read or an append made it.
    """
    session._storage_update_marker = f"{uid}:{revision}"  # ADK's slot for it


def marker(session: Session) -> tuple[str, int] | None:
    """The uid and revision that an object stands for.

    None for a session made by hand, copied through JSON, or loaded by another session service.
    """
    # A look at where pydantic keeps private attributes costs a fifth of getattr. The versions of ADK before the slot
    # take the attribute all the same, and keep it out of their JSON.
    text: str | None = (session.__pydantic_private__ or {}).get(_MARKER) or getattr(session, _MARKER, None)
    uid, _, revision = (text or "").rpartition(":")
    return (uid, int(revision)) if uid and revision.isdecimal() else None


def _utf8(what: str, text: str) -> str:
    """The text, if a protobuf string can carry it."""
    if type(text) is str and text.isascii():
        return text
    if isinstance(text, enum.Enum):  # a field that was assigned to, past the model's checks
        text = text.value
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"{what} {text!r} has a lone surrogate at {error.start}, which UTF-8 cannot carry") from None
    except AttributeError:
        raise ValueError(f"{what} is {text!r}, not a string") from None
    return text
