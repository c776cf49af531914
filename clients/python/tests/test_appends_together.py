"""Appends that go to the server in one call."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from contextvars import ContextVar
from pathlib import Path

import pytest
from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.adk.sessions.session import Session
from proxy import Proxy
from server import Server

from sessiond.adk import (
    EventIdConflictError,
    SessiondError,
    SessiondSessionService,
    SessionNotFoundError,
    StaleSessionError,
)
from sessiond.adk.errors import STALE_SESSION_TEXT


async def new_sessions(service: SessiondSessionService, app: str, count: int) -> list[Session]:
    return list(await asyncio.gather(*[service.create_session(app_name=app, user_id=f"u{n}") for n in range(count)]))


async def stored_ids(service: SessiondSessionService, session: Session) -> list[str]:
    found = await service.get_session(app_name=session.app_name, user_id=session.user_id, session_id=session.id)
    assert found is not None
    return [event.id for event in found.events]


def calls(server: Server) -> dict[str, int]:
    """How many calls of each method the server has answered."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.http_port}/metrics") as answer:
        text = answer.read().decode()
    found: dict[str, int] = {}
    for method, count in re.findall(r'^sessiond_calls_total\{[^}]*method="(\w+)"[^}]*\} (\d+)', text, re.M):
        found[method] = found.get(method, 0) + int(count)
    return found


async def test_appends_of_many_sessions_share_calls(own_server: Server, app: str) -> None:
    async with SessiondSessionService(own_server.target) as service:
        sessions = await new_sessions(service, app, 40)
        events = [Event(id=f"e{n}", author="u", actions=EventActions(state_delta={"n": n})) for n in range(40)]
        await asyncio.gather(*[service.append_event(*pair) for pair in zip(sessions, events, strict=True)])
        for n, session in enumerate(sessions):
            found = await service.get_session(app_name=app, user_id=session.user_id, session_id=session.id)
            assert found == session
            assert (found.state, [event.id for event in found.events]) == ({"n": n}, [f"e{n}"])
        made = calls(own_server)
        assert made["AppendToSessions"] >= 1
        assert made.get("AppendEvent", 0) + made["AppendToSessions"] < 10

        # One at a time needs nothing but plain calls.
        for session in sessions[:5]:
            await service.append_event(session, Event(author="u"))
        assert calls(own_server)["AppendToSessions"] == made["AppendToSessions"]


async def test_each_has_its_own_outcome(service: SessiondSessionService, app: str) -> None:
    good = await new_sessions(service, app, 6)
    stale, conflict, gone, refused = await new_sessions(service, app, 4)
    behind = stale.model_copy(deep=True)
    await service.append_event(stale, Event(author="u"))
    await service.append_event(conflict, Event(id="same", author="u"))
    await service.delete_session(app_name=app, user_id=gone.user_id, session_id=gone.id)
    ends = await asyncio.gather(
        *[service.append_event(session, Event(id="g", author="u")) for session in good[:3]],
        service.append_event(behind, Event(id="s", author="u")),
        service.append_event(conflict, Event(id="same", author="other")),
        service.append_event(gone, Event(id="x", author="u")),
        service.append_event(refused, Event(id="l" * 1000, author="u")),
        *[service.append_event(session, Event(id="g", author="u")) for session in good[3:]],
        return_exceptions=True,
    )
    assert [getattr(end, "id", type(end)) for end in ends[:3] + ends[7:]] == ["g"] * 6
    assert isinstance(ends[3], StaleSessionError)
    assert str(ends[3]) == STALE_SESSION_TEXT
    assert ends[3].metadata["actual_revision"] == "2"
    assert isinstance(ends[4], EventIdConflictError)
    assert isinstance(ends[5], SessionNotFoundError)
    assert str(ends[5]) == f"Session {gone.id} not found."
    assert isinstance(ends[6], SessiondError)
    assert list(ends[6].violations) == ["event.id"]
    for session in good:
        assert await stored_ids(service, session) == ["g"]


async def test_one_who_gives_up_leaves_the_others(service: SessiondSessionService, app: str) -> None:
    sessions = await new_sessions(service, app, 20)
    appends = [asyncio.create_task(service.append_event(session, Event(id="e", author="u"))) for session in sessions]
    await asyncio.sleep(0)  # every append has begun; the second and later ones wait for their call
    for append in appends[5:10]:
        append.cancel()
    ends = await asyncio.gather(*appends, return_exceptions=True)
    assert [isinstance(end, asyncio.CancelledError) for end in ends] == [5 <= n < 10 for n in range(20)]
    for session in sessions[:5] + sessions[10:]:
        assert await stored_ids(service, session) == ["e"]


async def test_answers_that_are_lost(target: str, app: str) -> None:
    async with Proxy(target) as proxy, SessiondSessionService(proxy.target, deadline=20) as service:
        sessions = await new_sessions(service, app, 20)
        proxy.lose_answers()
        appends = asyncio.gather(*[service.append_event(session, Event(id="e", author="u")) for session in sessions])
        await proxy.lost.wait()
        proxy.cut()
        await appends
        for session in sessions:
            assert await stored_ids(service, session) == ["e"]


async def test_a_server_that_takes_one_at_a_time(tmp_path: Path, app: str) -> None:
    server = Server(tmp_path, "--max-batch-events", "1").start()
    try:
        async with SessiondSessionService(server.target) as service:
            sessions = await new_sessions(service, app, 20)
            for name in ("first", "second"):
                await asyncio.gather(*[service.append_event(each, Event(id=name, author="u")) for each in sessions])
            for session in sessions:
                assert await stored_ids(service, session) == ["first", "second"]
        assert 1 <= calls(server)["AppendToSessions"] <= 2
    finally:
        server.stop()


async def test_callers_with_other_metadata_have_calls_of_their_own(tmp_path: Path, app: str) -> None:
    tenant: ContextVar[str] = ContextVar("tenant", default="nobody")
    server = Server(tmp_path, "--log-level", "info").start()
    try:
        async with SessiondSessionService(server.target, metadata=lambda: [("x-request-id", tenant.get())]) as service:
            sessions = await new_sessions(service, app, 20)

            async def append(n: int) -> None:
                tenant.set(f"tenant-{n % 2}")
                await service.append_event(sessions[n], Event(author="u"))

            await asyncio.gather(*[append(n) for n in range(20)])
    finally:
        server.stop()
    events = {"tenant-0": 0, "tenant-1": 0}
    for line in (tmp_path / "server.log").read_text().splitlines():
        said = json.loads(line) if line.startswith("{") else {}
        if str(said.get("method")).startswith("Append"):
            events[said["requestId"]] += said["events"]
    assert events == {"tenant-0": 10, "tenant-1": 10}


@pytest.mark.once
async def test_a_server_that_is_killed_and_comes_back(own_server: Server, app: str) -> None:
    async with SessiondSessionService(own_server.target, deadline=30) as service:
        sessions = await new_sessions(service, app, 30)

        async def talk(session: Session) -> None:
            for n in range(20):
                await service.append_event(session, Event(id=f"e{n}", author="u"))

        async def fall() -> None:
            while calls(own_server).get("AppendToSessions", 0) < 5:
                await asyncio.sleep(0.01)
            own_server.kill()
            await asyncio.to_thread(own_server.start)

        await asyncio.gather(*[talk(session) for session in sessions], fall())
        for session in sessions:
            assert await stored_ids(service, session) == [f"e{n}" for n in range(20)]
