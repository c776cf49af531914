"""A session's history and live tail over any number of connections: no gap, no double (docs/streams.md).

Needs nothing but grpcio and protobuf.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal

import grpc

from sessiond.v1 import event_pb2, session_pb2
from sessiond.v1 import session_service_pb2 as pb

from ._stream import Backoff, Follower, Lost, Metadata, SilenceError, Waiting, reconnecting

__all__ = [
    "Backoff",
    "CaughtUp",
    "Changed",
    "Ended",
    "Events",
    "Opened",
    "SilenceError",
    "TailError",
    "Update",
    "Waiting",
    "tail",
]

TailEnd = Literal["deleted", "recreated", "trimmed"]

_ENDS: dict[int, TailEnd] = {
    pb.CLOSING_REASON_SESSION_DELETED: "deleted",
    pb.CLOSING_REASON_SESSION_RECREATED: "recreated",
    pb.CLOSING_REASON_EVENTS_TRIMMED: "trimmed",
}


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


Update = Opened | Events | Changed | CaughtUp | Ended | Waiting


class TailError(Exception):
    """The server broke the protocol: an event is missing in the live tail."""


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
    updates = reconnecting(_Follower(place), target, backoff=backoff, credentials=credentials, metadata=metadata)
    async with aclosing(updates):
        async for update in updates:
            yield update


class _Follower(Follower[Opened | Events | Changed | CaughtUp | Ended]):
    """What a tail keeps from one connection to the next."""

    def __init__(self, start: pb.StreamEventsRequest) -> None:
        super().__init__()
        self._start = start
        self._cursor = start.cursor
        self._seen: int | None = None  # the newest seq that was given to the caller
        self._opened = session_pb2.Session()
        self._live = False  # since the first caught_up, on any connection

    def _call(self, stub: Any, metadata: Metadata) -> Any:
        return stub.StreamEvents(self._request(), metadata=metadata)

    async def _updates(
        self, call: Any, lost: Lost
    ) -> AsyncGenerator[Opened | Events | Changed | CaughtUp | Ended, None]:
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

    def _begun(self, frame: pb.StreamEventsResponse) -> Opened | None:
        """The session, once its whole state has come."""
        if frame.WhichOneof("frame") == "opened":
            self._opened = frame.opened.session
            if frame.opened.HasField("heartbeat_interval"):
                self._hears(frame.opened.heartbeat_interval)
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
