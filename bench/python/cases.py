"""What is measured of every session service. Each case prepares itself and gives the work of one round."""

from __future__ import annotations

import asyncio
import itertools
import random
import resource
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from google.adk.events.event import Event
from google.adk.sessions.base_session_service import BaseSessionService, GetSessionConfig
from google.adk.sessions.session import Session
from measure import Round
from samples import STATE, event
from seeding import clone_events, clone_sessions
from services import Close, mysql_arguments, open_service

Work = Callable[[Round], Awaitable[None]]

#: The longest pause before a writer reloads a stale session, in seconds.
_RELOAD_PAUSE = 0.05


@dataclass
class Context:
    """What a case works with."""

    kind: str
    address: str
    database: str
    parameters: dict[str, Any]
    service: BaseSessionService
    app: str = field(default_factory=lambda: f"bench-{uuid.uuid4().hex[:12]}")
    #: Said once about the case, such as the size of its events.
    facts: dict[str, float] = field(default_factory=dict)
    _users: Any = field(default_factory=itertools.count)

    async def new_session(self, app: str | None = None, state: dict[str, Any] | None = None) -> Session:
        """A session of a new user."""
        user = f"user-{next(self._users)}"
        return await self.service.create_session(
            app_name=app or self.app, user_id=user, state=STATE if state is None else state
        )

    async def get(self, session: Session, config: GetSessionConfig | None = None) -> Session:
        """The session as it is stored."""
        found = await self.service.get_session(
            app_name=session.app_name, user_id=session.user_id, session_id=session.id, config=config
        )
        if found is None:
            raise RuntimeError("the session is not there")
        return found

    async def session_with(self, events: int) -> Session:
        """A session with a history."""
        session = await self.new_session()
        if self.kind == "sessiond":
            await self._batches(session, events)
        elif events > 0:
            await self.service.append_event(session, event())
            await asyncio.to_thread(clone_events, self.kind, self.database, session.id, events - 1)
        return session

    async def _batches(self, session: Session, events: int) -> None:
        from sessiond.adk import conversion
        from sessiond.v1 import session_service_pb2 as pb

        async with stub_of(self.address) as stub:
            for start in range(0, events, 1000):
                request = pb.BatchAppendEventsRequest(key=key_of(session))
                for _ in range(min(1000, events - start)):
                    request.events.append(conversion.event_to_proto(event()))
                await stub.BatchAppendEvents(request)


def key_of(session: Session) -> Any:
    """sessiond's key of a session."""
    from sessiond.v1 import session_pb2

    return session_pb2.SessionKey(app_name=session.app_name, user_id=session.user_id, session_id=session.id)


class stub_of:  # noqa: N801
    """sessiond's generated stub, for what ADK's interface has no call for."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def __aenter__(self) -> Any:
        import grpc
        from sessiond.v1.session_service_pb2_grpc import SessionServiceStub

        self._channel = grpc.aio.insecure_channel(
            self._address, options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        )
        return SessionServiceStub(self._channel)

    async def __aexit__(self, *_: object) -> None:
        await self._channel.close()


async def append(context: Context) -> Work:
    """Writers on sessions of their own append for the time of the round."""
    writers = context.parameters["writers"]
    context.facts["eventBytes"] = len(event().model_dump_json(by_alias=True, exclude_none=True))

    async def work(round_: Round) -> None:
        sessions = [await context.new_session() for _ in range(writers)]

        async def write(session: Session) -> None:
            while round_.running():
                await round_.timed(context.service.append_event(session, event()))

        await round_.together(write(session) for session in sessions)

    return work


async def append_after(context: Context) -> Work:
    """One writer appends to a session with a history. The object it holds has no events: only the store is long."""
    stored = await context.session_with(context.parameters["events"])
    session = await context.get(stored, GetSessionConfig(num_recent_events=0))

    async def work(round_: Round) -> None:
        round_.start()
        while round_.running():
            await round_.timed(context.service.append_event(session, event()))
        round_.stop()

    return work


async def get(context: Context) -> Work:
    """Reads a session with its history, or with the newest events of it."""
    events, recent = context.parameters["events"], context.parameters.get("recent")
    session = await context.session_with(events)
    config = None if recent is None else GetSessionConfig(num_recent_events=recent)
    newest = (await context.get(session)).events[-1].id

    async def work(round_: Round) -> None:
        round_.start()
        while round_.running():
            found = await round_.timed(context.get(session, config))
            if found is None:
                continue
            if len(found.events) != (recent or events):
                raise RuntimeError(f"{len(found.events)} events came back")
            round_.facts["newestGiven"] = float(found.events[-1].id == newest)
        round_.stop()

    return work


async def validate(context: Context) -> Work:
    """What ADK's own model takes to read as many events from JSON, without any store."""
    texts = [event().model_dump_json(by_alias=True, exclude_none=True) for _ in range(context.parameters["events"])]

    async def read() -> list[Event]:
        return [Event.model_validate_json(text) for text in texts]

    async def work(round_: Round) -> None:
        round_.start()
        while round_.running():
            await round_.timed(read())
        round_.stop()

    return work


async def turn(context: Context) -> Work:
    """One turn of an agent: get the session, append four events. Each session has one turn a round."""
    count, events = context.parameters["sessions"], context.parameters["events"]
    sessions = [await context.session_with(events) for _ in range(count)]

    async def one(stored: Session) -> None:
        session = await context.get(stored)
        for author in ("user", "agent", "agent", "agent"):
            await context.service.append_event(session, event(author))

    async def work(round_: Round) -> None:
        round_.start()
        # With one session the turns follow each other on it: four more events do not matter to 10,000.
        for session in itertools.cycle(sessions) if count == 1 else sessions:
            if not round_.running():
                break
            await round_.timed(one(session))
        round_.stop()

    return work


async def one_session(context: Context) -> Work:
    """Writers with own copies of one session append until all has landed; who is stale reloads after a pause.

    A fixed number of appends, since a session that grew longer in the same time would cost more to reload.
    """
    writers, each = context.parameters["writers"], context.parameters["each"]

    async def work(round_: Round) -> None:
        stored = await context.new_session()
        stale = 0

        async def write(writer: int) -> None:
            nonlocal stale
            session = await context.get(stored)
            for number in range(each):
                while True:
                    try:
                        await context.service.append_event(session, event(state_delta={f"w{writer}_{number}": number}))
                        break
                    except Exception:
                        stale += 1
                        await asyncio.sleep(random.uniform(0, _RELOAD_PAUSE))
                        session = await context.get(stored)
                round_.latencies.append(0.0)

        await round_.together(write(writer) for writer in range(writers))
        names = {f"w{writer}_{number}" for writer in range(writers) for number in range(each)}
        final = await context.get(stored)
        round_.facts.update(
            refused=stale,
            eventsLost=len(names) - len({name for e in final.events for name in e.actions.state_delta} & names),
            keysLost=len(names - final.state.keys()),
        )

    return work


async def app_state(context: Context) -> Work:
    """Sessions of one app append at once, each with a new ``app:`` key every time."""
    writers, each = context.parameters["writers"], context.parameters["each"]

    async def work(round_: Round) -> None:
        app = f"{context.app}-{uuid.uuid4().hex[:8]}"
        sessions = [await context.new_session(app) for _ in range(writers)]

        async def write(writer: int, session: Session) -> None:
            for number in range(each):
                await round_.timed(
                    context.service.append_event(session, event(state_delta={f"app:k{writer}_{number}": number}))
                )

        await round_.together(write(writer, session) for writer, session in enumerate(sessions))
        final = await context.get(sessions[0])
        kept = sum(name.startswith("app:") for name in final.state)
        round_.facts.update(keysLost=round_.report()["operations"] - kept, appends=writers * each)

    return work


async def create_burst(context: Context) -> Work:
    """Sessions of a new app, all created at once."""
    count = context.parameters["sessions"]

    async def work(round_: Round) -> None:
        app = f"{context.app}-{uuid.uuid4().hex[:8]}"
        await round_.together(round_.timed(context.new_session(app)) for _ in range(count))

    return work


async def create(context: Context) -> Work:
    """Creates sessions, one after the other, each of a new user."""

    async def work(round_: Round) -> None:
        round_.start()
        while round_.running():
            await round_.timed(context.new_session())
        round_.stop()

    return work


async def row(context: Context) -> Work:
    """Create a session, append an event, get the session; one after the other."""

    async def one() -> None:
        session = await context.new_session()
        await context.service.append_event(session, event())
        await context.get(session)

    async def work(round_: Round) -> None:
        round_.start()
        while round_.running():
            await round_.timed(one())
        round_.stop()

    return work


async def list_sessions(context: Context) -> Work:
    """Lists of an app with many sessions, 10 for each user if not told otherwise: of one user, a page, or all."""
    count, what = context.parameters["sessions"], context.parameters["what"]
    each = context.parameters.get("each", 10)
    first = await context.new_session(state={"key_0": "the first of the state"})
    others = [(f"listed-{number // each}", f"{first.id}-{number}") for number in range(count - 1)]
    await asyncio.to_thread(clone_sessions, context.kind, context.database, first.app_name, others)

    async def one_user() -> int:
        user = f"listed-{random.randrange((count - 1) // each)}"
        return len((await context.service.list_sessions(app_name=context.app, user_id=user)).sessions)

    async def page() -> int:
        if context.kind == "sqlspec":
            service: Any = context.service
            found = await service.list_sessions(
                app_name=context.app, user_id=None, limit=50, order_by="update_time", descending=True
            )
            return len(found.sessions)
        from sessiond.v1 import session_pb2
        from sessiond.v1 import session_service_pb2 as pb

        request = pb.ListSessionsRequest(key=session_pb2.SessionKey(app_name=context.app), page_size=50)
        return len((await stub.ListSessions(request)).sessions)

    async def whole() -> int:
        return len((await context.service.list_sessions(app_name=context.app)).sessions)

    one, expected = {"user": (one_user, each), "page": (page, 50), "all": (whole, count)}[what]
    # ADK has no pages: what its users do for one is to list all.
    if what == "page" and context.kind == "adk":
        one, expected = whole, count

    async def work(round_: Round) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        round_.start()
        while round_.running():
            given = await round_.timed(one())
            if given is not None and given != expected:
                raise RuntimeError(f"{given} sessions came back, not {expected}")
        round_.stop()
        round_.facts["agentMemoryGrownMiB"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024

    if what == "page" and context.kind == "sessiond":
        stub = await stub_of(context.address).__aenter__()
    return work


async def empty_rpc(context: Context) -> Work:
    """The health service's call, which asks nothing of the database: what gRPC alone takes."""
    import grpc

    channel = grpc.aio.insecure_channel(context.address)
    check = channel.unary_unary("/grpc.health.v1.Health/Check")

    async def work(round_: Round) -> None:
        round_.start()
        while round_.running():
            await round_.timed(_call(check))
        round_.stop()

    return work


async def _call(check: Any) -> None:
    await check(b"")


async def insert(context: Context) -> Work:
    """A durable insert of 1 KiB from Python, autocommitted: what the database alone takes."""
    import asyncmy

    connection = await asyncmy.connect(**mysql_arguments(context.database), autocommit=True)
    async with connection.cursor() as cursor:
        await cursor.execute("CREATE TABLE IF NOT EXISTS bench_insert (id BIGINT AUTO_INCREMENT PRIMARY KEY, t TEXT)")
    text = "x" * 1024

    async def one() -> None:
        async with connection.cursor() as cursor:
            await cursor.execute("INSERT INTO bench_insert (t) VALUES (%s)", (text,))

    async def work(round_: Round) -> None:
        round_.start()
        while round_.running():
            await round_.timed(one())
        round_.stop()

    return work


_CASES: dict[str, Callable[[Context], Awaitable[Work]]] = {
    "append": append,
    "append-after": append_after,
    "get": get,
    "validate": validate,
    "turn": turn,
    "one-session": one_session,
    "app-state": app_state,
    "create-burst": create_burst,
    "create": create,
    "row": row,
    "list": list_sessions,
    "empty-rpc": empty_rpc,
    "insert": insert,
}


class OpenCase:
    """A case that is ready for rounds."""

    def __init__(self, context: Context, work: Work, close: Close) -> None:
        self.facts = context.facts
        self.close = close
        self._work = work

    async def round(self, seconds: float) -> dict[str, Any]:
        """Runs a round and gives what it measured."""
        round_ = Round(seconds)
        await self._work(round_)
        return round_.report()


async def open_case(order: dict[str, Any]) -> OpenCase:
    """Prepares what the first line of a worker's input asks for."""
    service, close = await open_service(order["service"], order["address"])
    context = Context(order["service"], order["address"], order["database"], order["parameters"], service)
    return OpenCase(context, await _CASES[order["setup"]](context), close)
