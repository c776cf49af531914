"""Event loops, threads and processes."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import cloudpickle
import pytest
from google.adk.events.event import Event
from google.adk.sessions.session import Session

from sessiond.adk import SessiondSessionService

pytestmark = pytest.mark.once


def test_a_new_loop_for_every_call(target: str, app: str) -> None:
    service = SessiondSessionService(target)
    session = asyncio.run(service.create_session(app_name=app, user_id="u", session_id="s"))
    for number in range(5):
        asyncio.run(service.append_event(session, Event(id=str(number), author="u")))
        # Each loop's channels went with it.
        assert service._connection._loops == {} or len(service._connection._loops) == 1
    assert asyncio.run(service.get_session(app_name=app, user_id="u", session_id="s")) == session
    asyncio.run(service.close())


def test_loops_in_many_threads(target: str, app: str) -> None:
    service = SessiondSessionService(target)

    def talk(number: int) -> Session:
        async def run() -> Session:
            session = await service.create_session(app_name=app, user_id="u", session_id=str(number))
            for _ in range(3):
                await service.append_event(session, Event(author="u"))
            return session

        return asyncio.run(run())

    with ThreadPoolExecutor(8) as pool:
        sessions = list(pool.map(talk, range(24)))
    assert all(len(session.events) == 3 for session in sessions)
    assert len(asyncio.run(service.list_sessions(app_name=app)).sessions) == 24


def test_the_channels_of_a_loop_are_closed_with_it(target: str, app: str) -> None:
    service = SessiondSessionService(target)
    kept = []

    async def run() -> None:
        await service.list_sessions(app_name=app)
        entry = service._connection._loops[asyncio.get_running_loop()]
        kept.append(entry)
        assert entry._guard is not None

    asyncio.run(run())
    assert kept[0]._guard.ag_frame is None  # it has run to its end
    asyncio.run(run())
    assert len(service._connection._loops) == 1


def test_a_loop_that_ended_without_a_word(target: str, app: str) -> None:
    service = SessiondSessionService(target)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(service.list_sessions(app_name=app))
    loop.close()
    asyncio.run(service.list_sessions(app_name=app))
    assert loop not in service._connection._loops


def test_closing_from_another_loop(target: str, app: str) -> None:
    service = SessiondSessionService(target)
    ready, done = threading.Event(), threading.Event()

    async def other() -> None:
        await service.list_sessions(app_name=app)
        entry = service._connection._loops[asyncio.get_running_loop()]
        ready.set()
        while not done.is_set():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert entry._guard is None
        await service.list_sessions(app_name=app)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(asyncio.run, other())
        ready.wait(10)
        asyncio.run(service.close())
        done.set()
        running.result(20)


async def test_after_close_a_call_connects_anew(target: str, app: str) -> None:
    async with SessiondSessionService(target) as service:
        session = await service.create_session(app_name=app, user_id="u")
        await service.close()
        await service.close()
        await service.append_event(session, Event(author="u"))


async def test_flush_waits_for_appends(service: SessiondSessionService, app: str) -> None:
    await service.flush()
    session = await service.create_session(app_name=app, user_id="u")
    appends = [asyncio.create_task(service.append_event(session, Event(author="u"))) for _ in range(5)]
    await asyncio.sleep(0)
    await service.flush()
    while not all(append.done() for append in appends):
        await service.flush()
        await asyncio.sleep(0)
    assert len(session.events) == 5


async def test_a_pickled_service_works(target: str, app: str) -> None:
    async with SessiondSessionService(target) as service:
        session = await service.create_session(app_name=app, user_id="u", session_id="s")
        async with cloudpickle.loads(cloudpickle.dumps(service)) as copy:
            assert await copy.get_session(app_name=app, user_id="u", session_id="s") == session
        assert isinstance(pickle.loads(pickle.dumps(service)), SessiondSessionService)


async def test_locks_are_not_kept(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(app_name=app, user_id="u")
    await asyncio.gather(*[service.append_event(session, Event(author="u")) for _ in range(3)])
    with pytest.raises(ValueError, match="surrogate"):
        await service.append_event(session, Event(id="\ud800", author="u"))
    assert service._connection._loops[asyncio.get_running_loop()].turns == {}
    reference = weakref.ref(session)
    del session
    gc.collect()
    assert reference() is None


FORK = """
import asyncio, os, sys
from sessiond.adk import SessiondSessionService
service = SessiondSessionService(sys.argv[1])
async def work(name):
    await service.create_session(app_name=sys.argv[2], user_id="u", session_id=name)
child = os.fork()
asyncio.run(work("child" if child == 0 else "parent"))
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert len(asyncio.run(service.list_sessions(app_name=sys.argv[2])).sessions) == 2
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_service_that_was_made_before_a_fork(target: str, app: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORK, target, app]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


SCRIPT = """
import asyncio, logging, sys, warnings
warnings.simplefilter("error", ResourceWarning)
# Steps that took long say something of the machine.
logging.getLogger("asyncio").addFilter(lambda record: not record.msg.startswith("Executing"))
from sessiond.adk import SessiondSessionService
service = SessiondSessionService(sys.argv[1])
def create():
    return service.create_session(app_name=sys.argv[2], user_id="u")
{body}
"""


@pytest.mark.parametrize(
    "body",
    [
        "asyncio.run(create())",
        "loop = asyncio.new_event_loop(); loop.run_until_complete(create())",
        "async def closed():\n    async with service: await create()\nasyncio.run(closed())",
    ],
    ids=["not closed", "loop not closed", "closed"],
)
def test_a_program_ends_without_a_sound(target: str, app: str, body: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-X", "dev", "-c", SCRIPT.format(body=body), target, app],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if "unclosed event loop" not in line and "_warn(" not in line]
    assert (done.returncode, lines) == (0, [])
