"""Live lists: what is there and what happens, resumes, cuts, and servers that go away."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import grpc
import pytest
from proxy import Proxy
from server import Server

from sessiond.adk import InvalidRequestError, SessiondSessionService
from sessiond.status import error_reason
from sessiond.v1 import event_pb2, session_pb2
from sessiond.v1 import session_service_pb2 as pb
from sessiond.v1.session_service_pb2_grpc import SessionServiceStub
from sessiond.watch import (
    Backoff,
    CaughtUp,
    Changed,
    Created,
    Deleted,
    Listed,
    Reset,
    SilenceError,
    Update,
    Waiting,
    _told,
    watch,
)

pytestmark = pytest.mark.once

QUICK = Backoff(initial=0.05, longest=0.2)


class App:
    """The plain stubs, for the sessions of one app."""

    def __init__(self, target: str, name: str) -> None:
        self.name = name
        self._target = target

    def key(self, session: str = "", user: str = "") -> session_pb2.SessionKey:
        return session_pb2.SessionKey(app_name=self.name, user_id=user or ("u" if session else ""), session_id=session)

    async def call(self, method: str, request: Any) -> Any:
        async with grpc.aio.insecure_channel(self._target) as channel:
            return await getattr(SessionServiceStub(channel), method)(request, timeout=30, wait_for_ready=True)

    async def create(self, session: str, user: str = "u") -> None:
        await self.call("CreateSession", pb.CreateSessionRequest(key=self.key(session, user), state={"k": "1"}))

    async def append(self, session: str) -> None:
        event = event_pb2.Event(author="u", content="{}")
        await self.call(
            "BatchAppendEvents",
            pb.BatchAppendEventsRequest(key=self.key(session), events=[event], create_session=True),
        )

    async def delete(self, session: str, user: str = "u") -> None:
        await self.call("DeleteSession", pb.DeleteSessionRequest(key=self.key(session, user)))

    async def listed(self, user: str = "") -> dict[str, tuple[str, int]]:
        """What a live list should show."""
        answer = await self.call("ListSessions", pb.ListSessionsRequest(key=self.key(user=user), page_size=1000))
        return {name_of(one.key): (one.uid, one.revision) for one in answer.sessions}


@pytest.fixture
def sessions(target: str, app: str) -> App:
    return App(target, app)


def name_of(key: session_pb2.SessionKey) -> str:
    return f"{key.user_id}/{key.session_id}"


class Shown:
    """A list as docs/streams.md says to keep it."""

    def __init__(self, sessions: dict[str, tuple[str, int]] | None = None) -> None:
        self.sessions = dict(sessions or {})

    def take(self, update: Update) -> None:
        match update:
            case Listed(sessions=sessions):
                for session in sessions:
                    self._put(session)
            case Created(session=session) | Changed(session=session):
                self._put(session)
            case Deleted(key=key, uid=uid):
                if self.sessions.get(name_of(key), ("", 0))[0] == uid:
                    del self.sessions[name_of(key)]
            case Reset():
                self.sessions.clear()

    def _put(self, session: session_pb2.Session) -> None:
        uid, revision = self.sessions.get(name_of(session.key), ("", 0))
        if uid != session.uid or revision < session.revision:
            self.sessions[name_of(session.key)] = session.uid, session.revision


async def until(updates: AsyncGenerator[Update, None], shown: Shown, done: Callable[[Update], bool]) -> list[Update]:
    """The updates up to one, all of them taken into the list."""
    found: list[Update] = []
    async for update in updates:
        found.append(update)
        shown.take(update)
        if done(update):
            return found
    raise AssertionError(f"it ended: {found}")


def is_a(kind: type) -> Callable[[Update], bool]:
    return lambda update: isinstance(update, kind)


async def test_what_is_there_then_what_happens(target: str, sessions: App) -> None:
    for name in ("a", "b"):
        await sessions.create(name)
    shown = Shown()
    async with aclosing(watch(target, sessions.key())) as updates:
        found = await until(updates, shown, is_a(CaughtUp))
        assert [type(update) for update in found] == [Listed, CaughtUp]
        assert isinstance(found[0], Listed)
        # Those that changed last come first.
        assert [session.key.session_id for session in found[0].sessions] == ["b", "a"]
        assert dict(found[0].sessions[0].state) == {}
        await sessions.create("c", "other")
        await until(
            updates, shown, lambda update: isinstance(update, Created) and update.session.key.user_id == "other"
        )
        await sessions.append("a")
        await until(updates, shown, lambda update: isinstance(update, Changed) and update.session.head_seq == 1)
        assert shown.sessions == await sessions.listed()
        await sessions.delete("c", "other")
        await until(updates, shown, is_a(Deleted))
        assert shown.sessions == await sessions.listed()


async def test_what_it_is_asked_for(target: str, sessions: App) -> None:
    for name in ("a", "b"):
        await sessions.create(name)
    await sessions.create("c", "other")
    for what, expected in (
        ({"max_listed": 0}, []),
        ({"max_listed": 1, "include_state": True}, [("c", {"k": "1"})]),
        ({"key": sessions.key(user="u")}, [("b", {}), ("a", {})]),
    ):
        arguments: dict[str, Any] = {"key": sessions.key(), **what}
        async with aclosing(watch(target, **arguments)) as updates:
            found = await until(updates, Shown(), is_a(CaughtUp))
        listed = [session for update in found if isinstance(update, Listed) for session in update.sessions]
        assert [(session.key.session_id, dict(session.state)) for session in listed] == expected, what


async def test_a_resume_from_each_cursor(target: str, sessions: App) -> None:
    for number in range(4):
        await sessions.create(f"old{number}")
    shown = Shown()
    # Each cursor with the list at it: of several updates with one cursor, the first and the last.
    places: list[tuple[str, dict[str, tuple[str, int]]]] = []
    async with aclosing(watch(target, sessions.key(), heartbeat=1)) as updates:

        async def follow(done: Callable[[Update], bool]) -> None:
            async for update in updates:
                shown.take(update)
                places.append((update.cursor, dict(shown.sessions)))  # type: ignore[union-attr]
                if done(update):
                    return

        await follow(is_a(CaughtUp))
        for number in range(4):
            await sessions.append(f"old{number}")
            await sessions.create(f"new{number}")
            await follow(
                lambda update, n=number: isinstance(update, Created) and update.session.key.session_id == f"new{n}"
            )  # type: ignore[misc]
        await sessions.delete("old0")
        await follow(is_a(Deleted))
    expected = await sessions.listed()
    for cursor, before in places:
        resumed = Shown(before)
        async with aclosing(watch(target, sessions.key(), cursor=cursor)) as updates:
            found = await until(updates, resumed, is_a(CaughtUp))
        assert not any(isinstance(update, Reset) for update in found)
        assert resumed.sessions == expected


async def test_a_server_that_is_killed(own_server: Server, app: str) -> None:
    sessions = App(own_server.target, app)
    await sessions.create("a")
    await sessions.create("b")
    shown = Shown()
    async with aclosing(watch(own_server.target, sessions.key(), backoff=QUICK)) as updates:
        await until(updates, shown, is_a(CaughtUp))
        own_server.kill()
        await until(updates, shown, is_a(Waiting))
        await asyncio.to_thread(own_server.start)
        # While the watch is away: only a resume from the cursor tells of a delete.
        await sessions.delete("a")
        await sessions.append("b")
        await sessions.create("c")
        found = await until(updates, shown, is_a(CaughtUp))
        assert not any(isinstance(update, Listed | Reset) for update in found)
        assert shown.sessions == await sessions.listed()
        # And one that goes down in good order.
        closing = asyncio.create_task(asyncio.to_thread(own_server.stop))
        waiting = (await until(updates, shown, is_a(Waiting)))[-1]
        assert isinstance(waiting, Waiting)
        assert waiting.error is None
        await closing
        await asyncio.to_thread(own_server.start)
        await sessions.create("d")
        await until(updates, shown, lambda _: "u/d" in shown.sessions)
        assert shown.sessions == await sessions.listed()


async def test_connections_that_are_cut_while_others_write(target: str, sessions: App) -> None:
    choice = random.Random(6)
    shown = Shown()
    told = asyncio.Event()
    cuts = 0

    async def follow(through: str) -> None:
        nonlocal cuts
        async with aclosing(watch(through, sessions.key(), backoff=QUICK)) as updates:
            async for update in updates:
                cuts += isinstance(update, Waiting)
                shown.take(update)
                told.set()

    async with Proxy(target) as proxy:
        following = asyncio.create_task(follow(proxy.target))
        for number in range(60):
            name = f"s{choice.randrange(8)}"
            if choice.randrange(4) == 0:
                await sessions.delete(name)
            else:
                await sessions.append(name)
            if number % 12 == 11:
                proxy.cut()
        expected = await sessions.listed()
        while shown.sessions != expected:
            told.clear()
            await asyncio.wait_for(told.wait(), 60)
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
    assert cuts > 0


async def test_a_connection_that_falls_silent(target: str, sessions: App) -> None:
    shown = Shown()
    async with (
        Proxy(target) as proxy,
        aclosing(watch(proxy.target, sessions.key(), heartbeat=1, backoff=QUICK)) as updates,
    ):
        await until(updates, shown, is_a(CaughtUp))
        proxy.lose_answers()
        await sessions.create("a")
        waiting = (await until(updates, shown, is_a(Waiting)))[-1]
        assert isinstance(waiting, Waiting)
        assert isinstance(waiting.error, SilenceError)
        proxy.cut()
        await until(updates, shown, is_a(CaughtUp))
    assert shown.sessions == await sessions.listed()


async def test_an_error_that_stays(target: str, sessions: App) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await until(watch(target, sessions.key(), cursor="none"), Shown(), is_a(CaughtUp))
    assert error_reason(caught.value) == "INVALID_CURSOR"


async def test_leaving(tmp_path: Path, app: str) -> None:
    # The server takes one stream: the next gets in only when the one before is gone there, too.
    server = Server(tmp_path, "--max-tails", "1").start()
    try:
        async with grpc.aio.insecure_channel(server.target) as channel:
            for _ in range(3):
                async with aclosing(watch(channel, App(server.target, app).key(), backoff=QUICK)) as updates:
                    await until(updates, Shown(), is_a(CaughtUp))
    finally:
        server.stop()


async def test_over_the_session_service(service: SessiondSessionService, sessions: App) -> None:
    async with aclosing(service.watch(app_name=sessions.name, include_state=True)) as updates:
        await until(updates, Shown(), is_a(CaughtUp))
        # Calls go on beside it, and flush does not wait for it.
        await service.create_session(app_name=sessions.name, user_id="u", session_id="s", state={"n": 1})
        await service.flush()
        created = (await until(updates, Shown(), is_a(Created)))[-1]
        assert isinstance(created, Created)
        assert (created.session.key.session_id, dict(created.session.state)) == ("s", {"n": "1"})
    with pytest.raises(InvalidRequestError):
        await until(service.watch(app_name=sessions.name, cursor="none"), Shown(), is_a(CaughtUp))


def test_frames_that_say_nothing_and_one_that_says_to_forget() -> None:
    # The server resets only who was away for at least a minute.
    reset = pb.WatchSessionsResponse(cursor="c", reset=pb.ResetFrame())
    assert _told(reset, reset.WhichOneof("frame")) == Reset("c")
    heartbeat = pb.WatchSessionsResponse(cursor="c", heartbeat=pb.HeartbeatFrame())
    assert _told(heartbeat, heartbeat.WhichOneof("frame")) is None
    assert _told(pb.WatchSessionsResponse(cursor="c"), None) is None
