"""Appending events."""

from __future__ import annotations

import asyncio
import copy
import logging

import pytest
from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.adk.sessions.base_session_service import GetSessionConfig
from google.adk.sessions.session import Session
from google.genai import types
from test_conversion import full_event, stored

from sessiond.adk import (
    EventIdConflictError,
    SessiondError,
    SessiondSessionService,
    SessionNotFoundError,
    StaleSessionError,
    TooLargeError,
    conversion,
)
from sessiond.adk._compat import AdkSessionNotFoundError, AdkStaleSessionError
from sessiond.adk.errors import STALE_SESSION_TEXT
from sessiond.v1 import session_service_pb2 as pb


async def read(service: SessiondSessionService, session: Session, **config: object) -> Session:
    found = await service.get_session(
        app_name=session.app_name,
        user_id=session.user_id,
        session_id=session.id,
        config=GetSessionConfig.model_validate(config) if config else None,
    )
    assert found is not None
    return found


async def test_everything_of_an_event_comes_back(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(app_name=app, user_id="u")
    event = full_event()
    expected = stored(event)
    assert await service.append_event(session, event) is event
    assert event == expected
    found = await read(service, session)
    assert found.events == [expected]
    # The session that was appended to equals the one that is read, but for its temporary state.
    assert session.state.pop("temp:t") == "gone"
    assert session == found


@pytest.mark.parametrize("timestamp", [1742000000.1234567, 0.1 + 0.2, -62135596800.0, 4102444800.5, 0.0, -1.5])
async def test_times_are_exact_and_may_go_backwards(
    service: SessiondSessionService, app: str, timestamp: float
) -> None:
    session = await service.create_session(app_name=app, user_id="u")
    await service.append_event(session, Event(author="u"))
    await service.append_event(session, Event(author="u", timestamp=timestamp))
    assert session.last_update_time.hex() == timestamp.hex()
    found = await read(service, session)
    assert found.last_update_time.hex() == timestamp.hex()
    assert found.events[-1].timestamp.hex() == timestamp.hex()
    assert found == session
    await service.append_event(found, Event(author="u"))


async def test_the_order_is_that_of_the_appends(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(app_name=app, user_id="u")
    names = [f"e{number}" for number in (3, 1, 2, 9, 0)]
    for name in names:
        await service.append_event(session, Event(id=name, author="u", timestamp=7.0))
    assert [event.id for event in (await read(service, session)).events] == names


async def test_a_partial_event_stays_on_the_screen(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(app_name=app, user_id="u")
    before = copy.deepcopy(session)
    event = Event(author="u", partial=True, actions=EventActions(state_delta={"temp:a": 1, "b": 2}))
    same = copy.deepcopy(event)
    assert await service.append_event(session, event) is event
    assert (event, session) == (same, before)
    assert await read(service, session) == before
    gone = Session(id="none", app_name=app, user_id="u")
    assert await service.append_event(gone, event) is event


async def test_partial_false_is_kept(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(app_name=app, user_id="u")
    await service.append_event(session, Event(author="u", partial=False, turn_complete=True))
    found = await read(service, session)
    assert (found.events[0].partial, found.events[0].turn_complete, found.events[0].interrupted) == (False, True, None)


async def test_a_missing_session(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(app_name=app, user_id="u", session_id="gone-id")
    await service.delete_session(app_name=app, user_id="u", session_id="gone-id")
    by_hand = Session(id="gone-id", app_name=app, user_id="u")
    for each in (session, by_hand):
        with pytest.raises(AdkSessionNotFoundError, match="Session gone-id not found") as caught:
            await service.append_event(each, Event(author="u"))
        assert isinstance(caught.value, (ValueError, SessionNotFoundError))
        assert each.events == []


class TestStaleSessions:
    async def test_an_append_to_a_session_that_moved_on_is_rejected(
        self, service: SessiondSessionService, app: str
    ) -> None:
        created = await service.create_session(app_name=app, user_id="u")
        loaded = await read(service, created)
        await service.append_event(created, Event(id="first", author="u"))
        event = Event(author="u", actions=EventActions(state_delta={"temp:a": 1, "b": 2}))
        same, before = copy.deepcopy(event), copy.deepcopy(loaded)
        with pytest.raises(AdkStaleSessionError) as caught:
            await service.append_event(loaded, event)
        assert str(caught.value) == STALE_SESSION_TEXT
        assert isinstance(caught.value, StaleSessionError)
        assert isinstance(caught.value, ValueError)
        assert int(caught.value.metadata["actual_revision"]) > 0
        assert (event, loaded) == (same, before)
        assert [stored.id for stored in (await read(service, created)).events] == ["first"]
        # After loading again it works.
        again = await read(service, created)
        await service.append_event(again, event)
        await service.append_event(again, Event(author="u"))

    async def test_a_session_that_was_made_again_is_another(self, service: SessiondSessionService, app: str) -> None:
        old = await service.create_session(app_name=app, user_id="u", session_id="s")
        await service.delete_session(app_name=app, user_id="u", session_id="s")
        new = await service.create_session(app_name=app, user_id="u", session_id="s")
        with pytest.raises(StaleSessionError):
            await service.append_event(old, Event(author="u"))
        assert await read(service, new) == new

    async def test_a_session_by_hand_must_end_in_the_same_event(
        self, service: SessiondSessionService, app: str
    ) -> None:
        created = await service.create_session(app_name=app, user_id="u", session_id="s")
        empty = Session(id="s", app_name=app, user_id="u")
        await service.append_event(empty, Event(id="1", author="u"))
        assert conversion.marker(empty)
        copied = Session.model_validate_json(empty.model_dump_json())
        assert conversion.marker(copied) is None
        await service.append_event(copied, Event(id="2", author="u"))
        for behind in (
            Session(id="s", app_name=app, user_id="u"),
            Session.model_validate_json(created.model_dump_json()),
        ):
            with pytest.raises(StaleSessionError):
                await service.append_event(behind, Event(id="3", author="u"))
        other = Session(id="s", app_name=app, user_id="u", events=[Event(id="x", author="u")])
        with pytest.raises(StaleSessionError):
            await service.append_event(other, Event(id="3", author="u"))
        assert [event.id for event in (await read(service, created)).events] == ["1", "2"]

    async def test_a_session_of_another_service_is_one_by_hand(self, service: SessiondSessionService, app: str) -> None:
        session = await service.create_session(app_name=app, user_id="u")
        for marker in ("2026-01-01T10:00:00.123456", "17", "", "x:"):
            session._storage_update_marker = marker
            await service.append_event(session, Event(author="u"))
        assert len((await read(service, session)).events) == 4

    async def test_appending_all_the_same(self, target: str, app: str) -> None:
        async with SessiondSessionService(target, on_stale="append") as service:
            created = await service.create_session(app_name=app, user_id="u", session_id="s")
            writers = [created, await read(service, created), Session(id="s", app_name=app, user_id="u")]
            for number in (1, 2):
                for writer in writers:
                    delta = {f"k{len(writer.events)}": number}
                    await service.append_event(writer, Event(author="u", actions=EventActions(state_delta=delta)))
            found = await read(service, created)
            assert len(found.events) == 6
            assert found == await read(service, found)
            # But never to a namesake.
            await service.delete_session(app_name=app, user_id="u", session_id="s")
            await service.create_session(app_name=app, user_id="u", session_id="s")
            with pytest.raises(StaleSessionError):
                await service.append_event(created, Event(author="u"))


async def test_a_session_that_was_read_in_part_can_be_appended_to(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(app_name=app, user_id="u")
    for number in range(5):
        await service.append_event(session, Event(id=f"e{number}", author="u", timestamp=float(number)))
    for number, config in enumerate([{"num_recent_events": 0}, {"num_recent_events": 2}, {"after_timestamp": 100.0}]):
        part = await read(service, session, **config)
        before = len(part.events)
        await service.append_event(part, Event(id=f"p{number}", author="u"))
        assert len(part.events) == before + 1
    ids = [event.id for event in (await read(service, session)).events]
    assert ids == ["e0", "e1", "e2", "e3", "e4", "p0", "p1", "p2"]


class TestTheSameEventAgain:
    async def test_by_a_program_that_started_again(self, service: SessiondSessionService, app: str) -> None:
        session = await service.create_session(app_name=app, user_id="u")
        event = full_event(actions=EventActions(state_delta={"n": 1, "temp:x": 1}))
        again = copy.deepcopy(event)
        before = copy.deepcopy(session)
        await service.append_event(session, event)
        # It has the session as it was before, and the same event.
        await service.append_event(before, again)
        del session.state["temp:x"], before.state["temp:x"]
        assert before == session == await read(service, session)

    async def test_on_a_session_that_has_it(self, service: SessiondSessionService, app: str) -> None:
        session = await service.create_session(app_name=app, user_id="u")
        event = Event(id="1", author="u", actions=EventActions(state_delta={"n": 1}))
        await service.append_event(session, event)
        await service.append_event(session, Event(id="2", author="u", actions=EventActions(state_delta={"n": 2})))
        assert await service.append_event(session, event) is event
        assert session == await read(service, session)
        assert session.state == {"n": 2}
        await service.append_event(session, Event(id="3", author="u"))
        assert [each.id for each in session.events] == ["1", "2", "3"]

    async def test_another_event_of_the_same_id(self, service: SessiondSessionService, app: str) -> None:
        session = await service.create_session(app_name=app, user_id="u")
        await service.append_event(session, Event(id="1", author="u", timestamp=1.0))
        before = copy.deepcopy(session)
        with pytest.raises(EventIdConflictError) as caught:
            await service.append_event(session, Event(id="1", author="u", timestamp=2.0))
        assert caught.value.metadata["event_id"] == "1"
        assert session == before
        # Event ids need to be unique in their session only.
        other = await service.create_session(app_name=app, user_id="u")
        await service.append_event(other, Event(id="1", author="u", timestamp=2.0))


async def test_an_event_without_an_id_gets_one(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(app_name=app, user_id="u")
    event = Event(author="u")
    event.id = ""
    await service.append_event(session, event)
    assert event.id
    assert (await read(service, session)).events == [event]


async def test_concurrent_appends_of_one_object_keep_their_order(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(app_name=app, user_id="u")
    events = [
        Event(id=f"e{n}", author="u", actions=EventActions(state_delta={f"k{n}": n, "last": n})) for n in range(40)
    ]
    await asyncio.gather(*[service.append_event(session, event) for event in events])
    assert [event.id for event in session.events] == [event.id for event in events]
    assert session == await read(service, session)
    assert session.state["last"] == 39


async def test_a_failure_between_concurrent_appends_stops_only_itself(
    service: SessiondSessionService, app: str
) -> None:
    session = await service.create_session(app_name=app, user_id="u")
    bad = Event(id="x" * 192, author="u")
    events = [Event(id="1", author="u"), bad, Event(id="2", author="u")]
    results = await asyncio.gather(*[service.append_event(session, event) for event in events], return_exceptions=True)
    assert [isinstance(result, ValueError) for result in results] == [False, True, False]
    assert [event.id for event in session.events] == ["1", "2"]
    assert session == await read(service, session)


async def test_many_sessions_at_once(service: SessiondSessionService, app: str) -> None:
    sessions = await asyncio.gather(*[service.create_session(app_name=app, user_id=f"u{n % 3}") for n in range(20)])

    async def talk(session: Session) -> None:
        for number in range(10):
            delta = {"n": number, f"user:{session.id}": number, f"app:{session.id}": number}
            await service.append_event(session, Event(author="u", actions=EventActions(state_delta=delta)))

    await asyncio.gather(*[talk(session) for session in sessions])
    for session in sessions:
        found = await read(service, session)
        assert len(found.events) == 10
        assert {key for key in found.state if key.startswith("app:")} == {f"app:{each.id}" for each in sessions}
        assert found.state[f"user:{session.id}"] == 9


async def test_an_event_that_is_too_large(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(app_name=app, user_id="u")
    event = Event(author="u", content=types.Content(parts=[types.Part(text="x" * (17 << 20))]))
    with pytest.raises((TooLargeError, SessiondError)) as caught:
        await service.append_event(session, event)
    assert session.events == []
    assert isinstance(caught.value, TooLargeError)
    await service.append_event(session, Event(author="u"))


async def test_a_long_history_and_large_events(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(app_name=app, user_id="u")
    part = types.Part(text="ü" * 2_000)
    for number in range(450):
        await service.append_event(session, Event(id=f"e{number}", author="u", content=types.Content(parts=[part])))
    blob = types.Blob(data=bytes(range(256)) * 29_000, mime_type="application/octet-stream")
    for number in range(2):
        large = Event(id=f"large{number}", author="u", content=types.Content(parts=[types.Part(inline_data=blob)]))
        await service.append_event(session, large)
    found = await read(service, session)
    assert found == session
    assert len(found.events) == 452
    newest = await read(service, session, num_recent_events=3)
    assert [event.id for event in newest.events] == ["e449", "large0", "large1"]


@pytest.mark.once
async def test_a_history_of_many_pages(service: SessiondSessionService, app: str) -> None:
    """The server reads 2,000 rows at a time."""
    session = await service.create_session(app_name=app, user_id="u")
    events = [Event(id=f"e{n}", author="u", timestamp=float(n), custom_metadata={"n": n}) for n in range(7_000)]
    for begin in range(0, len(events), 1_000):
        request = pb.BatchAppendEventsRequest(key=conversion.key(app, "u", session.id))
        request.events.extend(conversion.event_to_proto(event) for event in events[begin : begin + 1_000])
        await service._connection.unary("BatchAppendEvents", request)
    found = await read(service, session)
    assert found.events == events
    some = await read(service, session, num_recent_events=6_500, after_timestamp=1_000.0)
    assert some.events == events[1_000:]


async def test_nothing_of_a_conversation_is_logged(
    service: SessiondSessionService, app: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        session = await service.create_session(app_name=app, user_id="u", state={"k": "secret-words"})
        content = types.Content(parts=[types.Part(text="secret-words")])
        await service.append_event(session, Event(author="u", content=content))
        await read(service, session)
    assert "secret-words" not in caplog.text
