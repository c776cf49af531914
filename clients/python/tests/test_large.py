"""The largest event that the server takes, and what it refuses."""

from __future__ import annotations

import re

import pytest
from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.adk.sessions.base_session_service import GetSessionConfig
from google.genai import types

from sessiond.adk import SessiondSessionService, errors

pytestmark = pytest.mark.once

MIB = 1024 * 1024
EVENT_LIMIT = 16 * MIB
MESSAGE_LIMIT = 17 * MIB


def event_of(characters: int) -> Event:
    """An event with a text so long."""
    content = types.Content(role="user", parts=[types.Part(text="x" * characters)])
    return Event(id="e", invocation_id="i", author="user", timestamp=1.5, content=content)


async def test_64_mib_is_refused_with_the_limit_and_the_service_goes_on(
    service: SessiondSessionService, app: str
) -> None:
    session = await service.create_session(app_name=app, user_id="ana")
    with pytest.raises(errors.TooLargeError, match=str(MESSAGE_LIMIT)) as refused:
        await service.append_event(session, event_of(64 * MIB))
    assert refused.value.metadata == {"limit_bytes": str(MESSAGE_LIMIT)}
    assert session.events == []
    await service.append_event(session, event_of(1))
    assert len(session.events) == 1


async def test_an_event_at_the_limit_comes_back_and_one_byte_more_is_refused(
    service: SessiondSessionService, app: str
) -> None:
    session = await service.create_session(app_name=app, user_id="ana")
    with pytest.raises(errors.TooLargeError) as refused:
        await service.append_event(session, event_of(EVENT_LIMIT))
    weight = re.search(r"has (\d+) bytes; the limit is 16777216", str(refused.value))
    assert weight is not None
    most = EVENT_LIMIT - (int(weight[1]) - EVENT_LIMIT)
    with pytest.raises(errors.TooLargeError):
        await service.append_event(session, event_of(most + 1))
    largest = event_of(most)
    await service.append_event(session, largest)
    read = await service.get_session(app_name=app, user_id="ana", session_id=session.id)
    assert read is not None
    # Not the events themselves: pytest would print both.
    same = read.events == [largest]
    assert same


async def test_a_state_that_fits_no_message_is_read_in_several(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(app_name=app, user_id="ana")
    for name in ("a", "b"):
        delta = {name: name * (9 * MIB)}
        await service.append_event(session, Event(author="user", actions=EventActions(state_delta=delta)))
    config = GetSessionConfig(num_recent_events=0)
    read = await service.get_session(app_name=app, user_id="ana", session_id=session.id, config=config)
    assert read is not None
    assert read.events == []
    same = read.state == session.state
    assert same
