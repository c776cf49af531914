"""Live tails: history to live, resumes, servers that go away, sessions that do, and workers that die."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import grpc
import pytest
from proxy import Proxy
from server import Server

from sessiond.adk import SessiondSessionService, SessionNotFoundError, event_from_proto
from sessiond.status import error_reason, retry_delay
from sessiond.tail import (
    Backoff,
    CaughtUp,
    Changed,
    Ended,
    Events,
    Opened,
    SilenceError,
    TailError,
    Update,
    Waiting,
    _Follower,
    tail,
)
from sessiond.v1 import event_pb2, session_pb2
from sessiond.v1 import session_service_pb2 as pb
from sessiond.v1.session_service_pb2_grpc import SessionServiceStub

pytestmark = pytest.mark.once

QUICK = Backoff(initial=0.05, longest=0.2)


class Sessions:
    """The plain stubs, for one session."""

    def __init__(self, target: str, app: str) -> None:
        self.key = session_pb2.SessionKey(app_name=app, user_id="u", session_id="s")
        self._target = target

    async def call(self, method: str, request: Any) -> Any:
        async with grpc.aio.insecure_channel(self._target) as channel:
            return await getattr(SessionServiceStub(channel), method)(request, timeout=30, wait_for_ready=True)

    async def create(self) -> None:
        await self.call("CreateSession", pb.CreateSessionRequest(key=self.key, state={"k": "1"}))

    async def delete(self) -> None:
        await self.call("DeleteSession", pb.DeleteSessionRequest(key=self.key))

    async def append(self, *ids: str) -> None:
        events = [event_pb2.Event(id=name, author="u", content="{}") for name in ids]
        await self.call("BatchAppendEvents", pb.BatchAppendEventsRequest(key=self.key, events=events))

    async def rename(self, name: str) -> None:
        await self.call("UpdateSession", pb.UpdateSessionRequest(key=self.key, display_name=name))


@pytest.fixture
async def sessions(target: str, app: str) -> Sessions:
    sessions = Sessions(target, app)
    await sessions.create()
    return sessions


def ids(updates: list[Update]) -> list[str]:
    return [event.id for update in updates if isinstance(update, Events) for event in update.events]


async def until(updates: AsyncGenerator[Update, None], kind: type, count: int = 1) -> list[Update]:
    """The updates up to the n-th of a kind."""
    found: list[Update] = []
    async for update in updates:
        found.append(update)
        if isinstance(update, kind) and (count := count - 1) == 0:
            return found
    raise AssertionError(f"no {kind.__name__} among {found}")


async def until_event(updates: AsyncGenerator[Update, None], name: str) -> list[Update]:
    """The updates up to the event of an id."""
    found: list[Update] = []
    async for update in updates:
        found.append(update)
        if isinstance(update, Events) and update.events[-1].id == name:
            return found
    raise AssertionError(f"no event {name} among {found}")


async def test_history_then_live(target: str, sessions: Sessions) -> None:
    await sessions.append("1", "2", "3")
    async with aclosing(tail(target, sessions.key)) as updates:
        found = await until(updates, CaughtUp)
        opened = found[0]
        assert isinstance(opened, Opened)
        assert (opened.session.head_seq, dict(opened.session.state), opened.resumed) == (3, {"k": "1"}, False)
        assert (ids(found), found[-1].seq) == (["1", "2", "3"], 3)  # type: ignore[union-attr]
        await sessions.append("4")
        assert ids(await until_event(updates, "4")) == ["4"]
        await sessions.rename("A name")
        changed = (await until(updates, Changed))[-1]
        assert isinstance(changed, Changed)
        assert (changed.change.after_seq, list(changed.change.changed.paths)) == (4, ["display_name"])


async def test_where_it_begins(target: str, sessions: Sessions) -> None:
    await sessions.append("1", "2", "3")
    for place, expected in (
        ({"after_seq": 1}, ["2", "3"]),
        ({"num_recent_events": 1}, ["3"]),
        ({"num_recent_events": 0}, []),
        ({"after_time": 4e9}, []),
    ):
        async with aclosing(tail(target, sessions.key, **place)) as updates:  # type: ignore[arg-type]
            assert ids(await until(updates, CaughtUp)) == expected, place


async def test_a_resume_from_each_cursor(target: str, sessions: Sessions) -> None:
    for number in range(5):
        await sessions.append(f"{number}a", f"{number}b")
        await sessions.rename(f"name {number}")
    async with aclosing(tail(target, sessions.key)) as updates:
        found = await until(updates, CaughtUp)
        await sessions.append("5")
        found += await until_event(updates, "5")
    everything = ids(found)
    assert len(everything) == 11
    for index, update in enumerate(found):
        async with aclosing(tail(target, sessions.key, cursor=update.cursor)) as updates:  # type: ignore[union-attr]
            rest = await until(updates, CaughtUp)
        assert isinstance(rest[0], Opened)
        assert rest[0].resumed
        assert ids(found[: index + 1]) + ids(rest) == everything


async def test_a_server_that_is_killed(own_server: Server, app: str) -> None:
    sessions = Sessions(own_server.target, app)
    await sessions.create()
    await sessions.append("1")
    async with aclosing(tail(own_server.target, sessions.key, backoff=QUICK)) as updates:
        found = await until(updates, CaughtUp)
        for name in ("2", "3"):
            own_server.kill()
            found += await until(updates, Waiting)
            await asyncio.to_thread(own_server.start)
            # While the tail is away: only a resume from the cursor tells of a change.
            await sessions.rename(name)
            await sessions.append(name)
            found += await until_event(updates, name)
        # And one that goes down in good order.
        closing = asyncio.create_task(asyncio.to_thread(own_server.stop))
        found += await until(updates, Waiting)
        await closing
        await asyncio.to_thread(own_server.start)
        await sessions.append("4")
        found += await until_event(updates, "4")
    assert ids(found) == ["1", "2", "3", "4"]
    assert [update.change.after_seq for update in found if isinstance(update, Changed)] == [1, 2]
    assert [update.resumed for update in found if isinstance(update, Opened)][1:] == [True] * 3


async def test_a_connection_that_falls_silent(target: str, sessions: Sessions) -> None:
    async with Proxy(target) as proxy:
        updates = tail(proxy.target, sessions.key, heartbeat=1, backoff=QUICK)
        async with aclosing(updates):
            found = await until(updates, CaughtUp)
            proxy.lose_answers()
            await sessions.append("1")
            waiting = (await until(updates, Waiting))[-1]
            assert isinstance(waiting, Waiting)
            assert isinstance(waiting.error, SilenceError)
            proxy.cut()
            found += await until_event(updates, "1")
    assert ids(found) == ["1"]


async def test_a_session_that_is_deleted(target: str, sessions: Sessions) -> None:
    await sessions.append("1")
    async with aclosing(tail(target, sessions.key)) as updates:
        await until(updates, CaughtUp)
        await sessions.delete()
        found = [update async for update in updates]
    assert isinstance(found[-1], Ended)
    assert found[-1].reason == "deleted"


async def test_a_session_that_is_made_again(target: str, sessions: Sessions) -> None:
    await sessions.append("1")
    async with aclosing(tail(target, sessions.key)) as updates:
        cursor = (await until(updates, CaughtUp))[-1].cursor  # type: ignore[union-attr]
    await sessions.delete()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await until(tail(target, sessions.key, cursor=cursor), CaughtUp)
    assert error_reason(caught.value) == "SESSION_NOT_FOUND"
    await sessions.create()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await until(tail(target, sessions.key, cursor=cursor), CaughtUp)
    assert error_reason(caught.value) == "SESSION_RECREATED"


async def test_an_error_that_stays(target: str, sessions: Sessions) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await until(tail(target, sessions.key, cursor="none"), Opened)
    assert error_reason(caught.value) == "INVALID_CURSOR"
    assert retry_delay(caught.value) is None


async def test_more_tails_than_the_server_takes(tmp_path: Path, app: str) -> None:
    server = Server(tmp_path, "--max-tails-per-session", "1").start()
    try:
        sessions = Sessions(server.target, app)
        await sessions.create()
        async with aclosing(tail(server.target, sessions.key)) as first:
            await until(first, CaughtUp)
            second = tail(server.target, sessions.key, backoff=QUICK)
            async with aclosing(second):
                waiting = (await until(second, Waiting))[-1]
                assert isinstance(waiting, Waiting)
                assert isinstance(waiting.error, grpc.aio.AioRpcError)
                asked = retry_delay(waiting.error)
                assert asked is not None
                assert 0 < asked <= waiting.delay
                await first.aclose()
                await until(second, CaughtUp)
    finally:
        server.stop()


async def test_leaving(tmp_path: Path, app: str) -> None:
    # The server takes one tail: the next gets in only when the one before is gone there, too.
    server = Server(tmp_path, "--max-tails-per-session", "1").start()
    try:
        sessions = Sessions(server.target, app)
        await sessions.create()

        async def forever(ready: asyncio.Event) -> None:
            async for update in tail(server.target, sessions.key, backoff=QUICK):
                if isinstance(update, CaughtUp):
                    ready.set()

        for _ in range(2):
            ready = asyncio.Event()
            task = asyncio.create_task(forever(ready))
            await ready.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        # The caller's channel stays open, and so it is the call that has to end.
        async with grpc.aio.insecure_channel(server.target) as channel:
            for _ in range(2):
                async with aclosing(tail(channel, sessions.key, backoff=QUICK)) as updates:
                    await until(updates, CaughtUp)
    finally:
        server.stop()


async def test_a_long_history(target: str, sessions: Sessions) -> None:
    names = [f"{number}" for number in range(1_000)]
    for begin in range(0, 1_000, 250):
        await sessions.append(*names[begin : begin + 250])
    async with aclosing(tail(target, sessions.key)) as updates:
        assert ids(await until(updates, CaughtUp)) == names


async def test_a_caller_that_stalls(tmp_path: Path, app: str) -> None:
    server = Server(tmp_path, "--stall-timeout", "1s").start()
    try:
        sessions = Sessions(server.target, app)
        await sessions.create()
        content = json.dumps({"x": "x" * 1_000_000})
        for number in range(48):
            event = event_pb2.Event(id=str(number), author="u", content=content)
            await sessions.call("AppendEvent", pb.AppendEventRequest(key=sessions.key, event=event))
        async with aclosing(tail(server.target, sessions.key, backoff=QUICK)) as updates:
            found = await until(updates, Events)
            # The server cannot get rid of the rest, since nothing is read ahead, and ends the stream.
            while await asyncio.to_thread(open_tails, server) != 0:
                await asyncio.sleep(0.05)
            found += await until(updates, CaughtUp)
        assert [type(update) for update in found].count(Waiting) == 1
        assert ids(found) == [str(number) for number in range(48)]
    finally:
        server.stop()


def open_tails(server: Server) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.http_port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return int(next(line for line in lines if line.startswith("sessiond_tails_open")).split()[-1])


def test_what_is_repeated_and_what_is_missing() -> None:
    # No server of ours does this to a client.
    follower = _Follower(pb.StreamEventsRequest())
    events = [event_pb2.Event(seq=seq) for seq in range(1, 8)]
    assert follower._fresh(events[:3]) == events[:3]
    assert follower._fresh(events[1:4]) == events[3:4]
    assert follower._fresh(events[2:4]) == []
    follower._live = True
    for hole in ([events[5]], [events[4], events[6]]):
        with pytest.raises(TailError, match="after event 4"):
            follower._fresh(hole)
    assert follower._fresh(events[4:]) == events[4:]


async def test_over_the_session_service(service: SessiondSessionService, target: str, sessions: Sessions) -> None:
    await sessions.append("1")
    key = {"app_name": sessions.key.app_name, "user_id": "u"}
    async with aclosing(service.tail(**key, session_id="s")) as updates:
        found = await until(updates, CaughtUp)
        # Calls go on beside it, and flush does not wait for it.
        assert await service.get_session(**key, session_id="s") is not None
        await service.flush()
        await sessions.append("2")
        found += await until_event(updates, "2")
    events = [event_from_proto(event) for update in found if isinstance(update, Events) for event in update.events]
    assert [(event.id, event.author) for event in events] == [("1", "u"), ("2", "u")]
    with pytest.raises(SessionNotFoundError, match="none"):
        await until(service.tail(**key, session_id="none"), Opened)


WORKER = Path(__file__).resolve().parents[1] / "examples/worker.py"

# Dies when it has handled the second event, before the cursor is stored.
DYING = """
import os, worker
handle = worker.handle
async def handle_and_die(event):
    await handle(event)
    if event.id == "2":
        os._exit(9)
worker.handle = handle_and_die
"""


def worker(target: str, key: session_pb2.SessionKey, file: Path, before: str = "") -> subprocess.Popen[str]:
    body = "import asyncio, sys; from pathlib import Path; import worker\n"
    body += before + "\nasyncio.run(worker.work(sys.argv[1], worker.SessionKey(app_name=sys.argv[2], "
    body += "user_id=sys.argv[3], session_id=sys.argv[4]), Path(sys.argv[5])))"
    arguments = [target, key.app_name, key.user_id, key.session_id, str(file)]
    return subprocess.Popen(
        [sys.executable, "-c", body, *arguments], cwd=WORKER.parent, stdout=subprocess.PIPE, text=True
    )


async def test_a_worker_that_dies_gets_the_event_again(target: str, sessions: Sessions, tmp_path: Path) -> None:
    file = tmp_path / "cursor"
    # Live, so that each event comes in an update of its own.
    first = worker(target, sessions.key, file, DYING)
    assert first.stdout is not None
    await sessions.append("1")
    assert (await asyncio.to_thread(first.stdout.readline)).split()[1] == "1"
    while not file.exists():
        await asyncio.sleep(0.01)
    await sessions.append("2")
    assert (await asyncio.to_thread(first.stdout.readline)).split()[1] == "2"
    assert await asyncio.to_thread(first.wait, 20) == 9
    await sessions.append("3")
    second = worker(target, sessions.key, file)
    assert second.stdout is not None
    lines = [(await asyncio.to_thread(second.stdout.readline)).split()[1] for _ in range(2)]
    assert lines == ["2", "3"]
    await sessions.delete()
    assert await asyncio.to_thread(second.stdout.readline) == "ended: deleted\n"
    assert await asyncio.to_thread(second.wait, 20) == 0
    for process in (first, second):
        process.stdout.close()  # type: ignore[union-attr]
