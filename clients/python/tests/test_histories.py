"""Histories that come in one answer, and those that come in two parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.adk.sessions.base_session_service import GetSessionConfig
from google.adk.sessions.session import Session
from google.protobuf.message import Message

from sessiond.adk import SessiondSessionService
from sessiond.adk.connection import Connection

_UNARY = Connection.unary


async def test_a_short_history_comes_in_one_answer(
    service: SessiondSessionService, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await service.create_session(app_name=app, user_id="u", session_id="s", state={"a": 1})
    monkeypatch.setattr(Connection, "read", None)
    for number in range(3):
        found = await service.get_session(app_name=app, user_id="u", session_id="s")
        assert found == session
        await service.append_event(session, Event(author=f"a{number}"))
    found = await service.get_session(
        app_name=app, user_id="u", session_id="s", config=GetSessionConfig(num_recent_events=2)
    )
    assert found is not None
    assert found.events == session.events[1:]


class TestHistoriesInTwoParts:
    """The first events come with the session, the rest by a stream; much may happen in between."""

    @pytest.fixture
    async def session(self, service: SessiondSessionService, app: str) -> Session:
        session = await service.create_session(app_name=app, user_id="u", session_id="s")
        await self._append(service, session, 100)
        return session

    async def _append(self, service: SessiondSessionService, session: Session, count: int) -> None:
        for number in range(count):
            delta: dict[str, object] = {"last": number, f"k{number}": True}
            await service.append_event(session, Event(author="u", actions=EventActions(state_delta=delta)))

    def _after_first_part(self, monkeypatch: pytest.MonkeyPatch, work: Callable[[], Awaitable[None]]) -> None:
        async def unary(connection: Connection, method: str, request: Message, session_id: str = "") -> Any:
            answer = await _UNARY(connection, method, request, session_id)
            if method == "GetSession":
                monkeypatch.undo()
                await work()
            return answer

        monkeypatch.setattr(Connection, "unary", unary)

    @pytest.mark.parametrize("newest", [None, 70, 200])
    async def test_what_is_appended_meanwhile_is_there(
        self,
        service: SessiondSessionService,
        app: str,
        session: Session,
        newest: int | None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        config = GetSessionConfig(num_recent_events=newest)
        whole = await service.get_session(app_name=app, user_id="u", session_id="s", config=config)
        assert whole is not None
        assert whole.events == session.events[-(newest or 0) :]
        assert whole.state == session.state
        self._after_first_part(monkeypatch, lambda: self._append(service, session, 3))
        found = await service.get_session(app_name=app, user_id="u", session_id="s", config=config)
        assert len(session.events) == 103
        assert found is not None
        assert found.events == session.events[-(newest or 0) :]
        assert found.state == session.state
        # It is up to date, so that it can be appended to.
        await service.append_event(found, Event(author="u"))

    async def test_another_session_of_the_same_key_is_read_whole(
        self, service: SessiondSessionService, app: str, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other: list[Session] = []

        async def recreate() -> None:
            await service.delete_session(app_name=app, user_id="u", session_id="s")
            other.append(await service.create_session(app_name=app, user_id="u", session_id="s"))
            await self._append(service, other[0], 70)

        self._after_first_part(monkeypatch, recreate)
        found = await service.get_session(app_name=app, user_id="u", session_id="s")
        assert found is not None
        assert found.events == other[0].events
        assert found.state == other[0].state

    async def test_a_session_that_is_deleted_is_none(
        self, service: SessiondSessionService, app: str, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = {"app_name": app, "user_id": "u", "session_id": session.id}
        self._after_first_part(monkeypatch, lambda: service.delete_session(**key))
        assert await service.get_session(**key) is None
