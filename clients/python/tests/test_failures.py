"""Servers that go away, and answers that get lost."""

from __future__ import annotations

import asyncio
import copy
import time

import pytest
from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.adk.sessions.base_session_service import GetSessionConfig
from proxy import Proxy
from server import Server, free_ports

from sessiond.adk import AccessError, DeadlineError, SessiondError, SessiondSessionService, UnavailableError

# The first needs to hold under every version.
once = pytest.mark.once


async def test_a_failed_append_touches_nothing(own_server: Server, app: str) -> None:
    async with SessiondSessionService(own_server.target, deadline=3) as service:
        session = await service.create_session(app_name=app, user_id="u", session_id="s", state={"k": 0})
        await service.append_event(session, Event(id="1", author="u"))
        own_server.kill()
        event = Event(id="2", author="u", actions=EventActions(state_delta={"temp:a": 1, "k": 2}))
        same, before = copy.deepcopy(event), copy.deepcopy(session)
        with pytest.raises(UnavailableError) as caught:
            await service.append_event(session, event)
        assert isinstance(caught.value, ConnectionError)
        assert (event, session) == (same, before)
        ends = await asyncio.gather(
            service.get_session(app_name=app, user_id="u", session_id="s"),
            service.list_sessions(app_name=app),
            service.delete_session(app_name=app, user_id="u", session_id="s"),
            service.get_user_state(app_name=app, user_id="u"),
            service.create_session(app_name=app, user_id="u"),
            return_exceptions=True,
        )
        assert all(isinstance(end, SessiondError) for end in ends), ends
        own_server.start()
        # The same objects work on, with the server that took over.
        await service.append_event(session, event)
        assert session.state.pop("temp:a") == 1
        assert await service.get_session(app_name=app, user_id="u", session_id="s") == session


@once
async def test_a_restart_is_not_noticed(own_server: Server, app: str) -> None:
    async with SessiondSessionService(own_server.target, deadline=30) as service:
        session = await service.create_session(app_name=app, user_id="u", session_id="s")
        own_server.kill()
        append = asyncio.create_task(service.append_event(session, Event(author="u")))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(own_server.start)
        await append
        assert await service.get_session(app_name=app, user_id="u", session_id="s") == session


async def test_an_answer_that_is_lost(target: str, app: str) -> None:
    async with Proxy(target) as proxy, SessiondSessionService(proxy.target, deadline=20) as service:
        session = await service.create_session(app_name=app, user_id="u", session_id="s")
        proxy.lose_answers()
        event = Event(id="1", author="u", actions=EventActions(state_delta={"n": 1}))
        append = asyncio.create_task(service.append_event(session, event))
        await proxy.lost.wait()
        proxy.cut()
        await append
        await service.append_event(session, Event(id="2", author="u"))
        async with SessiondSessionService(target) as direct:
            found = await direct.get_session(app_name=app, user_id="u", session_id="s")
        assert found is not None
        assert found == session
        assert [each.id for each in found.events] == ["1", "2"]


@once
async def test_an_answer_that_never_comes_is_asked_for_again(target: str, app: str) -> None:
    """A connection that swallows everything without breaking: a firewall that forgot it."""
    async with Proxy(target) as proxy, SessiondSessionService(proxy.target, deadline=6) as service:
        session = await service.create_session(app_name=app, user_id="u", session_id="s")
        proxy.lose_answers()
        append = asyncio.create_task(service.append_event(session, Event(id="1", author="u")))
        await proxy.lost.wait()
        await asyncio.sleep(3.2)  # the first try has given up by now
        proxy.cut()
        await append
        assert [event.id for event in session.events] == ["1"]
        await service.append_event(session, Event(id="2", author="u"))


@once
async def test_a_create_whose_answer_is_lost(target: str, app: str) -> None:
    async with Proxy(target) as proxy, SessiondSessionService(proxy.target, deadline=20) as service:
        await service.list_sessions(app_name=app)
        proxy.lose_answers()
        create = asyncio.create_task(service.create_session(app_name=app, user_id="u", session_id="s", state={"k": 1}))
        await proxy.lost.wait()
        proxy.cut()
        session = await create
        assert session.state == {"k": 1}
        assert [each.id for each in (await service.list_sessions(app_name=app)).sessions] == ["s"]
        await service.append_event(session, Event(author="u"))


@once
async def test_a_server_killed_between_commit_and_answer(own_server: Server, app: str) -> None:
    async with Proxy(own_server.target) as proxy, SessiondSessionService(proxy.target, deadline=30) as service:
        session = await service.create_session(app_name=app, user_id="u", session_id="s")
        proxy.lose_answers()
        event = Event(id="1", author="u", actions=EventActions(state_delta={"n": 1}))
        append = asyncio.create_task(service.append_event(session, event))
        # The server has answered, so it has committed; nobody has heard of it when it dies.
        await proxy.lost.wait()
        await asyncio.to_thread(own_server.kill)
        await asyncio.to_thread(own_server.start)
        proxy.cut()
        await append
        await service.append_event(session, Event(id="2", author="u"))
        found = await service.get_session(app_name=app, user_id="u", session_id="s")
        assert found == session
        assert found is not None
        assert [each.id for each in found.events] == ["1", "2"]


@once
async def test_a_read_that_breaks_off_is_begun_again(target: str, app: str) -> None:
    async with Proxy(target) as proxy, SessiondSessionService(proxy.target) as service:
        session = await service.create_session(app_name=app, user_id="u", session_id="s")
        await service.append_event(session, Event(author="u"))
        proxy.lose_answers()
        reading = asyncio.create_task(service.get_session(app_name=app, user_id="u", session_id="s"))
        await proxy.lost.wait()
        proxy.cut()
        assert await reading == session


@once
async def test_a_history_that_stands_still(target: str, app: str) -> None:
    async with Proxy(target) as proxy, SessiondSessionService(proxy.target, stream_idle=0.5) as service:
        await service.create_session(app_name=app, user_id="u", session_id="s")
        proxy.lose_answers()
        config = GetSessionConfig(after_timestamp=1.0)
        with pytest.raises(DeadlineError, match="stood still"):
            await service.get_session(app_name=app, user_id="u", session_id="s", config=config)


@once
async def test_a_cancelled_append_touches_nothing(target: str, app: str) -> None:
    async with Proxy(target) as proxy, SessiondSessionService(proxy.target) as service:
        session = await service.create_session(app_name=app, user_id="u", session_id="s")
        proxy.lose_answers()
        event = Event(id="1", author="u", actions=EventActions(state_delta={"temp:a": 1}))
        same, before = copy.deepcopy(event), copy.deepcopy(session)
        append = asyncio.create_task(service.append_event(session, event))
        await proxy.lost.wait()
        append.cancel()
        with pytest.raises(asyncio.CancelledError):
            await append
        assert (event, session) == (same, before)
        proxy.cut()
        # It is stored, and the same append again says so.
        await service.append_event(session, event)
        assert [each.id for each in session.events] == ["1"]


@once
async def test_nobody_there(app: str) -> None:
    (port,) = free_ports(1)
    async with SessiondSessionService(f"sessiond://127.0.0.1:{port}?deadline=3") as service:
        start = time.monotonic()
        with pytest.raises(UnavailableError):
            await service.create_session(app_name=app, user_id="u")
        assert time.monotonic() - start < 6


@once
async def test_a_deadline_says_whom_it_waited_for(target: str, app: str) -> None:
    async with Proxy(target) as proxy, SessiondSessionService(proxy.target, deadline=0.4) as service:
        await service.list_sessions(app_name=app)
        proxy.lose_answers()
        with pytest.raises(DeadlineError, match=rf"CreateSession: no answer from {proxy.target} within 0.4 seconds"):
            await service.create_session(app_name=app, user_id="u")


@once
async def test_tls_to_a_server_without(target: str, app: str) -> None:
    async with SessiondSessionService(target, tls=True, deadline=3) as service:
        with pytest.raises((UnavailableError, AccessError)):
            await service.create_session(app_name=app, user_id="u")


@once
async def test_metadata_goes_along(target: str, app: str) -> None:
    calls = 0

    def token() -> list[tuple[str, str]]:
        nonlocal calls
        calls += 1
        return [("authorization", f"Bearer {calls}")]

    async with SessiondSessionService(target, metadata=token) as service:
        await service.create_session(app_name=app, user_id="u", session_id="s")
        await service.get_session(app_name=app, user_id="u", session_id="s")
    assert calls == 2
