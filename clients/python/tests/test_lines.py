"""Many calls at once: nobody runs out of time behind the program's own calls, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import grpc
import pytest
from google.adk.events.event import Event
from google.adk.sessions.base_session_service import GetSessionConfig
from proxy import Proxy
from server import Server

from sessiond.adk import DeadlineError, SessiondError, SessiondSessionService, UnavailableError
from sessiond.adk.lines import Line

pytestmark = pytest.mark.once

UNAVAILABLE = UnavailableError("gone", code=grpc.StatusCode.UNAVAILABLE)


async def turns() -> None:
    """Lets every task that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def taken(line: Line) -> None:
    assert await line.enter() is None


async def test_first_come_first_served() -> None:
    line, came = Line(2, 60), list[int]()

    async def call(n: int) -> None:
        await taken(line)
        came.append(n)

    calls = [asyncio.create_task(call(n)) for n in range(6)]
    await turns()
    assert came == [0, 1]
    for n in range(2, 6):
        line.leave()
        await turns()
        assert came == list(range(n + 1))
    await asyncio.gather(*calls)


async def test_one_who_gives_up_leaves_the_line_and_no_place_is_lost() -> None:
    line = Line(1, 60)
    await taken(line)
    waiting = [asyncio.create_task(taken(line)) for _ in range(3)]
    await turns()
    waiting[0].cancel()
    await turns()
    line.leave()
    await turns()
    assert [task.done() for task in waiting] == [True, True, False]
    # He is cancelled with his place already his, before he could know of it.
    line.leave()
    waiting[2].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.wait_for(taken(line), 5)
    late = asyncio.create_task(taken(line))
    await turns()
    assert not late.done()
    line.leave()
    await late


async def test_those_who_waited_for_nothing_are_sent_away() -> None:
    line = Line(1, 0.05)
    await taken(line)
    waiting = [asyncio.create_task(line.enter()) for _ in range(100)]
    await turns()
    line.failed(UNAVAILABLE)
    await asyncio.sleep(0.06)
    line.leave()
    assert await asyncio.gather(*waiting) == [UNAVAILABLE] * 100
    # Who comes now has not waited.
    await taken(line)


@pytest.mark.parametrize(
    "answer",
    [None, SessiondError("full", code=grpc.StatusCode.RESOURCE_EXHAUSTED), SessiondError("no", reason="NOT_FOUND")],
)
async def test_any_answer_keeps_them_in_line(answer: SessiondError | None) -> None:
    line = Line(1, 0.05)
    await taken(line)
    waiting = asyncio.create_task(line.enter())
    await turns()
    line.failed(UNAVAILABLE)
    await asyncio.sleep(0.06)
    if answer is None:
        line.answered()
    else:
        line.failed(answer)
    line.leave()
    assert await waiting is None


async def test_thousands_of_calls_at_once_have_their_time_each(target: str, app: str) -> None:
    async def create(service: SessiondSessionService, users: range) -> float:
        begun = time.monotonic()
        await asyncio.gather(*[service.create_session(app_name=app, user_id=f"u{n}") for n in users])
        return time.monotonic() - begun

    async with SessiondSessionService(target, deadline=120) as service:
        seconds = await create(service, range(300))
    # All of them together take 13 times as long.
    async with SessiondSessionService(target, deadline=max(1.5, 4 * seconds)) as service:
        await create(service, range(300, 4_300))
        assert len((await service.list_sessions(app_name=app)).sessions) == 4_300


async def test_what_fails_before_its_call_leaves_no_place_taken(target: str, app: str) -> None:
    broken = True

    def metadata() -> list[tuple[str, str]]:
        if broken:
            raise OSError("no token")
        return []

    async with SessiondSessionService(target, metadata=metadata) as service:
        config = GetSessionConfig(after_timestamp=1.0)
        calls: list[Coroutine[Any, Any, Any]] = [
            *[service.create_session(app_name=app, user_id="u") for _ in range(300)],
            *[service.get_session(app_name=app, user_id="u", session_id="s", config=config) for _ in range(300)],
        ]
        ends = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(end) for end in ends} == {OSError}
        broken = False
        await service.create_session(app_name=app, user_id="u", session_id="s")
        assert await service.get_session(app_name=app, user_id="u", session_id="s", config=config) is not None


async def test_a_message_over_a_limit_of_the_channel_is_not_sent_again(target: str, app: str) -> None:
    limit = [("grpc.max_send_message_length", 1_000)]
    async with SessiondSessionService(target, channel_options=limit, deadline=60) as service:
        begun = time.monotonic()
        with pytest.raises(SessiondError, match="larger than max"):
            await service.create_session(app_name=app, user_id="u", state={"k": "x" * 2_000})
        assert time.monotonic() - begun < 30


async def test_a_dead_server_fails_all_after_one_deadline(own_server: Server, app: str) -> None:
    async with SessiondSessionService(own_server.target, deadline=2) as service:
        session = await service.create_session(app_name=app, user_id="u", session_id="s")
        sessions = [session.model_copy(deep=True) for _ in range(2_000)]
        own_server.kill()
        since_then = GetSessionConfig(after_timestamp=1.0)
        begun = time.monotonic()
        made: list[Coroutine[Any, Any, Any]] = [
            *[service.create_session(app_name=app, user_id="u") for _ in range(2_000)],
            *[service.append_event(each, Event(author="u")) for each in sessions],
            *[service.get_session(app_name=app, user_id="u", session_id="s", config=since_then) for _ in range(500)],
        ]
        ends = await asyncio.gather(*made, return_exceptions=True)
        # One deadline; two thousand calls a hundred at a time would take twenty of them.
        assert time.monotonic() - begun < 20
        assert {type(end) for end in ends} == {UnavailableError}
        assert any("while this one waited for its turn" in str(end) for end in ends)


async def test_a_server_that_is_killed_under_thousands_of_calls(own_server: Server, app: str) -> None:
    async with SessiondSessionService(own_server.target, deadline=120) as service:
        users = [f"u{n}" for n in range(800)]
        creates = [asyncio.create_task(service.create_session(app_name=app, user_id=user)) for user in users]
        await asyncio.wait(creates, return_when=asyncio.FIRST_COMPLETED)
        own_server.kill()
        await asyncio.to_thread(own_server.start)
        sessions = await asyncio.gather(*creates)
        appends = [asyncio.create_task(service.append_event(each, Event(id="e", author="u"))) for each in sessions]
        await asyncio.wait(appends, return_when=asyncio.FIRST_COMPLETED)
        own_server.kill()
        await asyncio.to_thread(own_server.start)
        await asyncio.gather(*appends)
        # No create was made twice: its second try says what the first one made.
        assert len((await service.list_sessions(app_name=app)).sessions) == len(users)
        found = await asyncio.gather(
            *[service.get_session(app_name=app, user_id=each.user_id, session_id=each.id) for each in sessions]
        )
        assert found == sessions


async def test_a_server_that_never_answers_fails_all_after_one_deadline(target: str, app: str) -> None:
    async with Proxy(target) as proxy, SessiondSessionService(proxy.target, deadline=1) as service:
        proxy.lose_answers()
        begun = time.monotonic()
        creates = [service.create_session(app_name=app, user_id="u") for _ in range(1_000)]
        ends = await asyncio.gather(*creates, return_exceptions=True)
        assert time.monotonic() - begun < 15
        assert {type(end) for end in ends} <= {DeadlineError, UnavailableError}
