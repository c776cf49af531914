"""A session's history and live tail over any number of connections: no gap, no double (docs/streams.md).

Needs nothing but grpcio and protobuf.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast

import grpc

from sessiond.v1 import event_pb2, session_pb2
from sessiond.v1 import session_service_pb2 as pb
from sessiond.v1.session_service_pb2_grpc import SessionServiceStub

from ._transport import channel_arguments, read_within
from .status import error_reason, retry_delay

Metadata = Sequence[tuple[str, str | bytes]]

#: Before the first frame nobody knows the interval; a server that accepts and never answers is as good as gone.
_FIRST_FRAME = 30.0
_SILENT_INTERVALS = 2.5

#: Codes that the same request meets again, whenever it is made. Any other failure may be what a lost connection, a
#: proxy or a server that was killed look like.
_LASTING = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.DATA_LOSS,
}

TailEnd = Literal["deleted", "recreated", "trimmed"]

_ENDS: dict[int, TailEnd] = {
    pb.CLOSING_REASON_SESSION_DELETED: "deleted",
    pb.CLOSING_REASON_SESSION_RECREATED: "recreated",
    pb.CLOSING_REASON_EVENTS_TRIMMED: "trimmed",
}


@dataclass(frozen=True)
class Backoff:
    """How long to wait before a lost stream is opened again: doubling, with full jitter."""

    initial: float = 0.25
    """The longest wait before the first attempt, in seconds."""
    longest: float = 10.0
    """The longest wait before any attempt, in seconds."""


@dataclass(frozen=True)
class _Place:
    cursor: str
    """Resumes right after this update, in this process or another."""
    seq: int
    """The newest seq that the updates up to this one cover."""


@dataclass(frozen=True)
class Opened(_Place):
    """The session of now with its whole state: first, and again after every reconnect."""

    session: session_pb2.Session
    resumed: bool
    """Whether the tail goes on, rather than begins."""


@dataclass(frozen=True)
class Events(_Place):
    """Events, in the order of seq."""

    events: Sequence[event_pb2.Event]


@dataclass(frozen=True)
class Changed(_Place):
    """The session changed without an event."""

    change: pb.ChangedFrame


@dataclass(frozen=True)
class CaughtUp(_Place):
    """Everything stored when the connection opened has come: what follows is live."""


@dataclass(frozen=True)
class Ended(_Place):
    """The last update."""

    reason: TailEnd


@dataclass(frozen=True)
class Waiting:
    """The connection was lost, and is opened again after a while."""

    delay: float
    """Until the next attempt, in seconds."""
    error: Exception | None
    """What ended the connection; None where the server closed it in good order."""


Update = Opened | Events | Changed | CaughtUp | Ended | Waiting


class TailError(Exception):
    """The server broke the protocol: an event is missing in the live tail."""


class SilenceError(Exception):
    """Nothing came from the server in time, not even a heartbeat. Only in ``Waiting``."""


async def tail(
    target: str | grpc.aio.Channel,
    key: session_pb2.SessionKey,
    *,
    cursor: str = "",
    after_seq: int | None = None,
    after_time: float | None = None,
    num_recent_events: int | None = None,
    session_uid: str = "",
    heartbeat: float | None = None,
    backoff: Backoff | None = None,
    credentials: grpc.ChannelCredentials | None = None,
    metadata: Metadata | Callable[[], Metadata] = (),
) -> AsyncGenerator[Update, None]:
    """Follows a session from its first event, or another place, for as long as the caller iterates.

    Reconnects by itself and ends after ``Ended``. To leave earlier close the generator (``contextlib.aclosing``) or
    cancel the task; the call is then cancelled too. Nothing is read ahead of the caller beyond what gRPC's flow control
    lets through, and a caller that thinks for long loses nothing.

    Args:
        target: ``host:port`` or another gRPC target, for a connection of the tail's own; or a channel of this event
            loop, best one that no unary calls are made on. Closing that channel cancels the tail.
        key: app, user and session.
        cursor: goes on after the update that carried it; excludes the three below.
        after_seq: only events after this seq.
        after_time: only events of the history with this timestamp or later, in seconds since 1970.
        num_recent_events: only the newest n events of the history.
        session_uid: the uid that the session must have; needed with an ``after_seq`` that was kept from an earlier run.
        heartbeat: seconds that the connection may be silent before the server sends a heartbeat, 1 to 60; 15 where it
            is None. After two and a half of what the server grants it counts as lost.
        backoff: the waits between attempts.
        credentials: encrypts the tail's own connection.
        metadata: headers of every call, or a function that gives them at every call.

    Raises:
        grpc.aio.AioRpcError: an error that no reconnect would change; ``sessiond.status.error_reason`` tells which.
        TailError: the server broke the protocol.
    """
    place = pb.StreamEventsRequest(
        key=key,
        cursor=cursor,
        after_seq=after_seq,
        after_time=after_time,
        num_recent_events=num_recent_events,
        session_uid=session_uid,
        follow=True,
    )
    if heartbeat is not None:
        place.heartbeat_interval.FromNanoseconds(round(heartbeat * 1e9))
    waits = backoff or Backoff()
    failures = 0
    async with _channel(target, credentials) as channel:
        # What grpcio-tools generates for asyncio has no types.
        follower = _Follower(cast(Any, SessionServiceStub)(channel), place)
        while True:
            headers = tuple(metadata() if callable(metadata) else metadata)
            async with aclosing(follower.connect(headers)) as updates:
                async for update in updates:
                    yield update
            lost = follower.lost
            if lost is None:
                return
            failures = 0 if lost.progressed or lost.moved else failures + 1
            longest = min(waits.longest, waits.initial * float(2 ** min(failures, 30)))
            asked = retry_delay(lost.error) if isinstance(lost.error, grpc.aio.AioRpcError) else None
            delay = random.uniform(0, longest) + (asked or 0.0)  # noqa: S311
            yield Waiting(delay, lost.error)
            await asyncio.sleep(delay)


@asynccontextmanager
async def _channel(
    target: str | grpc.aio.Channel, credentials: grpc.ChannelCredentials | None
) -> AsyncGenerator[grpc.aio.Channel, None]:
    """A channel to the target, which is closed at the end; or the caller's, which is not."""
    if not isinstance(target, str):
        yield target
        return
    settings = list(channel_arguments(keepalive=True).items())
    if credentials is None:
        channel = grpc.aio.insecure_channel(target, options=settings)
    else:
        channel = grpc.aio.secure_channel(target, credentials, options=settings)
    try:
        yield channel
    finally:
        await channel.close()


def _can_reconnect(error: grpc.aio.AioRpcError) -> bool:
    return error.code() not in _LASTING or error_reason(error) == "CONTENTION"


@dataclass
class _Lost:
    """How one connection ended, if the tail may go on over another one."""

    error: Exception | None = None
    progressed: bool = False
    """Whether frames of use came over it, so that waiting begins anew."""
    moved: bool = False
    """Whether the server is well and only wants the stream to be opened again."""


class _Follower:
    """What a tail keeps from one connection to the next."""

    def __init__(self, stub: Any, start: pb.StreamEventsRequest) -> None:
        self._stub = stub
        self._start = start
        self._cursor = start.cursor
        self._seen: int | None = None  # the newest seq that was given to the caller
        self._opened = session_pb2.Session()
        self._silence = _FIRST_FRAME  # seconds without a frame that mean that the connection is lost
        self._live = False  # since the first caught_up, on any connection
        #: How the last connection was lost; None where the tail has come to its end.
        self.lost: _Lost | None = None

    async def connect(self, metadata: Metadata) -> AsyncGenerator[Update, None]:
        """The updates of one connection. Afterwards ``lost`` tells how it ended."""
        lost = self.lost = _Lost()
        self._silence = _FIRST_FRAME
        # A tail has no deadline; silence ends it.
        call = self._stub.StreamEvents(self._request(), metadata=metadata)
        try:
            # Without `closing` a stream that ended was cut, whatever its status.
            while (frame := await self._next(call, lost)) is not None:
                kind = frame.WhichOneof("frame")
                if kind == "closing":
                    reason = _ENDS.get(frame.closing.reason)
                    if reason is None:
                        lost.moved = frame.closing.reason != pb.CLOSING_REASON_SLOW_READER
                        return
                    self.lost = None
                    yield Ended(frame.cursor, frame.seq, reason)
                    return
                update = self._begun(frame) if kind in ("opened", "state") else self._moved(frame)
                if update is not None:
                    lost.progressed = lost.progressed or isinstance(update, Events | CaughtUp)
                    yield update
        finally:
            # Also when the caller leaves in the middle: the server is told at once.
            call.cancel()

    def _begun(self, frame: pb.StreamEventsResponse) -> Opened | None:
        """The session, once its whole state has come."""
        if frame.WhichOneof("frame") == "opened":
            self._opened = frame.opened.session
            if frame.opened.HasField("heartbeat_interval"):
                self._silence = frame.opened.heartbeat_interval.ToNanoseconds() / 1e9 * _SILENT_INTERVALS
            continues = frame.opened.state_continues
        else:
            self._opened.state.update(frame.state.state)
            continues = frame.state.continues
        if continues:
            return None
        resumed = self._seen is not None or self._cursor != ""
        self._cursor = frame.cursor
        if self._seen is None:
            self._seen = frame.seq
        return Opened(frame.cursor, frame.seq, self._opened, resumed)

    def _moved(self, frame: pb.StreamEventsResponse) -> Events | Changed | CaughtUp | None:
        """What a frame after the opening tells the caller; None for a heartbeat, or a frame that is not known here."""
        place = frame.cursor, frame.seq
        kind = frame.WhichOneof("frame")
        fresh = self._fresh(frame.events.events) if kind == "events" else []
        if frame.cursor:
            self._cursor = frame.cursor
        if fresh:
            return Events(*place, fresh)
        if kind == "changed":
            return Changed(*place, frame.changed)
        if kind == "caught_up":
            self._live = True
            self._seen = max(self._seen or 0, frame.seq)
            return CaughtUp(*place)
        return None

    async def _next(self, call: Any, lost: _Lost) -> pb.StreamEventsResponse | None:
        """The next frame, or None where the connection is lost. Time counts only while it is waited for."""
        try:
            frame = await read_within(call, self._silence)
        except asyncio.TimeoutError:
            lost.error = SilenceError(f"nothing came for {self._silence:g} seconds, not even a heartbeat")
            return None
        except grpc.aio.AioRpcError as error:
            if not _can_reconnect(error):
                raise
            lost.error = error
            return None
        return None if frame is grpc.aio.EOF else cast(pb.StreamEventsResponse, frame)

    def _request(self) -> pb.StreamEventsRequest:
        """Begins at the caller's place until there is a cursor."""
        request = pb.StreamEventsRequest()
        request.CopyFrom(self._start)
        if self._cursor:
            for field in ("after_seq", "after_time", "num_recent_events", "session_uid"):
                request.ClearField(field)
            request.cursor = self._cursor
        return request

    def _fresh(self, events: Sequence[event_pb2.Event]) -> list[event_pb2.Event]:
        """The events that the caller does not have: a resume may repeat the beginning of an append."""
        seen = self._seen or 0
        fresh = [event for event in events if event.seq > seen]
        if not fresh:
            return fresh
        # In the history a filter may leave events out; once live there is no hole.
        if self._live and [event.seq for event in fresh] != list(range(seen + 1, seen + 1 + len(fresh))):
            raise TailError(f"after event {seen} came {[event.seq for event in fresh]}")
        self._seen = fresh[-1].seq
        return fresh
