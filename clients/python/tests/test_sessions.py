"""Creating, reading, listing and deleting sessions."""

from __future__ import annotations

import asyncio
import time

import pytest
from google.adk.errors.already_exists_error import AlreadyExistsError
from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.adk.sessions.base_session_service import GetSessionConfig
from google.adk.sessions.session import Session

from sessiond.adk import InvalidRequestError, SessionAlreadyExistsError, SessiondSessionService
from sessiond.adk.connection import Connection
from sessiond.v1 import session_service_pb2 as pb


async def test_a_created_session_equals_the_one_that_is_read(service: SessiondSessionService, app: str) -> None:
    before = time.time()
    created = await service.create_session(app_name=app, user_id="u", state={"k": 1}, session_id="s")
    assert (created.app_name, created.user_id, created.id) == (app, "u", "s")
    assert (created.state, created.events) == ({"k": 1}, [])
    assert before - 5 < created.last_update_time < time.time() + 5
    assert created._storage_update_marker
    assert await service.get_session(app_name=app, user_id="u", session_id="s") == created
    assert (await service.list_sessions(app_name=app, user_id="u")).sessions == [created]


async def test_the_server_gives_an_id(service: SessiondSessionService, app: str) -> None:
    sessions = [await service.create_session(app_name=app, user_id="u", session_id=given) for given in (None, None, "")]
    assert len({session.id for session in sessions} - {""}) == 3


async def test_ids_are_taken_as_they_are(service: SessiondSessionService, app: str) -> None:
    names = ["S", "s", " s", "s ", "š", "s/1", "session\n2", "😀", "x" * 191]
    for name in names:
        await service.create_session(app_name=app, user_id="u", session_id=name, state={"name": name})
    for name in names:
        found = await service.get_session(app_name=app, user_id="u", session_id=name)
        assert found is not None
        assert (found.id, found.state) == (name, {"name": name})
    assert await service.get_session(app_name=app, user_id="u", session_id="s  ") is None
    assert await service.get_session(app_name=app, user_id="U", session_id="s") is None


async def test_an_id_twice_is_an_error_that_names_it(service: SessiondSessionService, app: str) -> None:
    first = await service.create_session(app_name=app, user_id="u", session_id="taken-id", state={"k": 1})
    with pytest.raises(AlreadyExistsError, match="taken-id") as caught:
        await service.create_session(app_name=app, user_id="u", session_id="taken-id", state={"k": 2, "user:u": 1})
    assert isinstance(caught.value, SessionAlreadyExistsError)
    assert await service.get_session(app_name=app, user_id="u", session_id="taken-id") == first
    assert await service.get_user_state(app_name=app, user_id="u") == {}


async def test_one_of_many_concurrent_creates_wins(service: SessiondSessionService, app: str) -> None:
    results = await asyncio.gather(
        *[service.create_session(app_name=app, user_id="u", session_id="s", state={"n": n}) for n in range(8)],
        return_exceptions=True,
    )
    won = [result for result in results if isinstance(result, Session)]
    assert len(won) == 1
    assert sum(isinstance(result, AlreadyExistsError) for result in results) == 7
    assert await service.get_session(app_name=app, user_id="u", session_id="s") == won[0]


async def test_two_users_may_have_the_same_session_id(service: SessiondSessionService, app: str) -> None:
    for user in ("u1", "u2"):
        session = await service.create_session(app_name=app, user_id=user, session_id="s", state={"user:name": user})
        await service.append_event(session, Event(author=user))
    await service.delete_session(app_name=app, user_id="u3", session_id="s")
    await service.delete_session(app_name=app, user_id="u1", session_id="s")
    assert await service.get_session(app_name=app, user_id="u1", session_id="s") is None
    left = await service.get_session(app_name=app, user_id="u2", session_id="s")
    assert left is not None
    assert [event.author for event in left.events] == ["u2"]
    assert left.state == {"user:name": "u2"}


async def test_a_missing_session_is_none(service: SessiondSessionService, app: str) -> None:
    assert await service.get_session(app_name=app, user_id="u", session_id="none") is None
    config = GetSessionConfig(num_recent_events=0)
    assert await service.get_session(app_name=app, user_id="u", session_id="none", config=config) is None


async def test_a_session_without_its_events_comes_in_one_answer(
    service: SessiondSessionService, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await service.create_session(app_name=app, user_id="u", session_id="s", state={"user:a": 1, "b": [None]})
    await service.append_event(session, Event(author="u", timestamp=7.25))
    whole = await service.get_session(app_name=app, user_id="u", session_id="s")
    assert whole is not None
    monkeypatch.setattr(Connection, "read", None)
    config = GetSessionConfig(num_recent_events=0, after_timestamp=1.0)
    found = await service.get_session(app_name=app, user_id="u", session_id="s", config=config)
    whole.events = []
    assert found == whole
    # It can be appended to like any other.
    await service.append_event(found, Event(author="u"))


async def test_deleting(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(app_name=app, user_id="u", session_id="s", state={"user:keep": 1, "own": 1})
    await service.append_event(session, Event(author="u", actions=EventActions(state_delta={"app:keep": 2})))
    for _ in range(2):
        await service.delete_session(app_name=app, user_id="u", session_id="s")
    assert await service.get_session(app_name=app, user_id="u", session_id="s") is None
    again = await service.create_session(app_name=app, user_id="u", session_id="s")
    assert again.state == {"user:keep": 1, "app:keep": 2}
    found = await service.get_session(app_name=app, user_id="u", session_id="s")
    assert found == again
    assert again._storage_update_marker != session._storage_update_marker


class TestLists:
    async def test_the_sessions_of_one_user_and_of_all(self, service: SessiondSessionService, app: str) -> None:
        for user in ("u1", "u2"):
            state = {"user:name": user, "app:last": user}
            for number in (1, 2):
                session = await service.create_session(app_name=app, user_id=user, session_id=f"s{number}", state=state)
                await service.append_event(session, Event(author="u", timestamp=float(number)))
        await service.create_session(app_name=f"{app}-2", user_id="u1")
        everyone = (await service.list_sessions(app_name=app)).sessions
        keys = [(session.user_id, session.id) for session in everyone]
        assert keys == [("u1", "s1"), ("u2", "s1"), ("u1", "s2"), ("u2", "s2")]
        assert all(session.events == [] for session in everyone)
        assert [session.state["user:name"] for session in everyone] == ["u1", "u2", "u1", "u2"]
        assert {session.state["app:last"] for session in everyone} == {"u2"}
        own = (await service.list_sessions(app_name=app, user_id="u2")).sessions
        assert own == [session for session in everyone if session.user_id == "u2"]

    async def test_nothing_to_list(self, service: SessiondSessionService, app: str) -> None:
        assert (await service.list_sessions(app_name=app)).sessions == []
        await service.create_session(app_name=app, user_id="u")
        for user in ("nobody", ""):
            assert (await service.list_sessions(app_name=app, user_id=user)).sessions == []

    async def test_the_oldest_comes_first(self, service: SessiondSessionService, app: str) -> None:
        sessions = [await service.create_session(app_name=app, user_id="u", session_id=name) for name in "cab"]
        times = {"a": 30.0, "b": 10.0, "c": 10.0}
        for session in sessions:
            await service.append_event(session, Event(author="u", timestamp=times[session.id]))
        listed = (await service.list_sessions(app_name=app, user_id="u")).sessions
        assert [(session.last_update_time, session.id) for session in listed] == [(10.0, "b"), (10.0, "c"), (30.0, "a")]

    async def test_more_sessions_than_three_pages(
        self, service: SessiondSessionService, app: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sessiond.adk.session_service._PAGE_SIZE", 7)
        names = {f"s{number}" for number in range(25)}
        await asyncio.gather(*[service.create_session(app_name=app, user_id="u", session_id=name) for name in names])
        listed = (await service.list_sessions(app_name=app)).sessions
        assert len(listed) == 25
        assert {session.id for session in listed} == names


class TestFilters:
    @pytest.fixture
    async def stored(self, service: SessiondSessionService, app: str) -> Session:
        session = await service.create_session(app_name=app, user_id="u", session_id="s")
        # Times go backwards in the middle: the order is that of the appends.
        for number, timestamp in enumerate([10.0, 20.0, 15.0, 30.0, 30.5]):
            await service.append_event(session, Event(id=f"e{number}", author="u", timestamp=timestamp))
        return session

    @pytest.mark.parametrize(
        ("recent", "after", "expected"),
        [
            (None, None, ["e0", "e1", "e2", "e3", "e4"]),
            (0, None, []),
            (1, None, ["e4"]),
            (3, None, ["e2", "e3", "e4"]),
            (100, None, ["e0", "e1", "e2", "e3", "e4"]),
            (2**40, None, ["e0", "e1", "e2", "e3", "e4"]),
            (None, 15.0, ["e1", "e2", "e3", "e4"]),
            (None, 15.000000000000002, ["e1", "e3", "e4"]),
            (None, 0.0, ["e0", "e1", "e2", "e3", "e4"]),
            (None, 1e9, []),
            (2, 15.0, ["e3", "e4"]),
            (3, 15.0, ["e2", "e3", "e4"]),
            (4, 20.0, ["e1", "e3", "e4"]),
        ],
    )
    async def test_filters(
        self,
        service: SessiondSessionService,
        app: str,
        stored: Session,
        recent: int | None,
        after: float | None,
        expected: list[str],
    ) -> None:
        config = GetSessionConfig(num_recent_events=recent, after_timestamp=after)
        found = await service.get_session(app_name=app, user_id="u", session_id="s", config=config)
        assert found is not None
        assert [event.id for event in found.events] == expected
        # What is left out does not change what the session is.
        assert found._storage_update_marker == stored._storage_update_marker
        assert found.last_update_time == 30.5

    async def test_a_negative_number_is_refused(
        self, service: SessiondSessionService, app: str, stored: Session
    ) -> None:
        config = GetSessionConfig.model_construct(num_recent_events=-1, after_timestamp=None)
        with pytest.raises(ValueError, match="num_recent_events"):
            await service.get_session(app_name=app, user_id="u", session_id="s", config=config)


async def test_what_only_sessiond_keeps(service: SessiondSessionService, app: str) -> None:
    await service.create_session(
        app_name=app, user_id="u", session_id="s", owner_id="tenant-1", display_name="A title", labels={"kind": "test"}
    )
    request = pb.GetSessionRequest()
    request.key.app_name, request.key.user_id, request.key.session_id = app, "u", "s"
    stored = (await service._connection.unary("GetSession", request)).session
    assert (stored.owner_id, stored.display_name, dict(stored.labels)) == ("tenant-1", "A title", {"kind": "test"})


async def test_an_id_that_cannot_be_says_what_is_wrong(service: SessiondSessionService, app: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await service.create_session(app_name=app, user_id="x" * 192)
    assert any("user_id" in field for field in caught.value.violations)
    with pytest.raises(ValueError, match="lone surrogate"):
        await service.create_session(app_name=app, user_id="\ud800")
    with pytest.raises(InvalidRequestError):
        await service.create_session(app_name="", user_id="u")
