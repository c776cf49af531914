"""The live list of an app's or a user's sessions over any number of connections (docs/streams.md).

Needs nothing but grpcio and protobuf.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import grpc

from sessiond.v1 import session_pb2
from sessiond.v1 import session_service_pb2 as pb

from ._stream import Backoff, Follower, Lost, Metadata, SilenceError, Waiting, reconnecting

__all__ = [
    "Backoff",
    "CaughtUp",
    "Changed",
    "Created",
    "Deleted",
    "Listed",
    "Reset",
    "SilenceError",
    "Update",
    "Waiting",
    "watch",
]


@dataclass(frozen=True)
class _Place:
    cursor: str
    """Resumes right after this update, in this process or another."""


@dataclass(frozen=True)
class Listed(_Place):
    """Sessions that were there already, those that changed last first."""

    sessions: Sequence[session_pb2.Session]


@dataclass(frozen=True)
class Created(_Place):
    """A new session."""

    session: session_pb2.Session


@dataclass(frozen=True)
class Changed(_Place):
    """A session that changed."""

    session: session_pb2.Session


@dataclass(frozen=True)
class Deleted(_Place):
    """A session that is gone."""

    key: session_pb2.SessionKey
    uid: str


@dataclass(frozen=True)
class Reset(_Place):
    """Forget the list: a fresh one follows."""


@dataclass(frozen=True)
class CaughtUp(_Place):
    """The listing, or what happened since the cursor, is complete."""


_Told = Listed | Created | Changed | Deleted | Reset | CaughtUp

Update = _Told | Waiting


async def watch(
    target: str | grpc.aio.Channel,
    key: session_pb2.SessionKey,
    *,
    cursor: str = "",
    max_listed: int | None = None,
    include_state: bool = False,
    heartbeat: float | None = None,
    backoff: Backoff | None = None,
    credentials: grpc.ChannelCredentials | None = None,
    metadata: Metadata | Callable[[], Metadata] = (),
) -> AsyncGenerator[Update, None]:
    """Tells of sessions as they are created, changed and deleted, for as long as the caller iterates.

    ``Listed``, ``Created`` and ``Changed`` say that this is the session now: put it into the list by its key, unless
    the list has the same uid at this or a later revision. ``Deleted`` removes the session of its key if it has its uid,
    and ``Reset`` all of them. A resume may tell again what was told in the last minutes; this rule drops it.

    Reconnects by itself and never ends. To leave close the generator (``contextlib.aclosing``) or cancel the task; the
    call is then cancelled too. A caller that thinks for long loses nothing.

    Args:
        target: ``host:port`` or another gRPC target, for a connection of its own; or a channel of this event loop, best
            one that no unary calls are made on. Closing that channel cancels the watch.
        key: the app, and the user unless all users' sessions are wanted.
        cursor: goes on after the update that carried it.
        max_listed: at most so many sessions in a listing, those that changed last; all where it is None, none for 0.
        include_state: whether sessions come with their merged state.
        heartbeat: seconds that the connection may be silent before the server sends a heartbeat, 1 to 60; 15 where it
            is None. After two and a half of what the server grants it counts as lost.
        backoff: the waits between attempts.
        credentials: encrypts the watch's own connection.
        metadata: headers of every call, or a function that gives them at every call.

    Raises:
        grpc.aio.AioRpcError: an error that no reconnect would change; ``sessiond.status.error_reason`` tells which.
    """
    request = pb.WatchSessionsRequest(key=key, cursor=cursor, include_state=include_state, max_listed=max_listed)
    if heartbeat is not None:
        request.heartbeat_interval.FromNanoseconds(round(heartbeat * 1e9))
    updates = reconnecting(_Follower(request), target, backoff=backoff, credentials=credentials, metadata=metadata)
    async with aclosing(updates):
        async for update in updates:
            yield update


class _Follower(Follower[_Told]):
    """Keeps the cursor from one connection to the next, in the request itself."""

    def __init__(self, request: pb.WatchSessionsRequest) -> None:
        super().__init__()
        self._request = request

    def _call(self, stub: Any, metadata: Metadata) -> Any:
        return stub.WatchSessions(self._request, metadata=metadata)

    async def _updates(self, call: Any, lost: Lost) -> AsyncGenerator[_Told, None]:
        while (frame := await self._next(call, lost)) is not None:
            if frame.cursor:
                self._request.cursor = frame.cursor
            kind = frame.WhichOneof("frame")
            if kind == "closing":
                lost.moved = frame.closing.reason != pb.CLOSING_REASON_SLOW_READER
                return
            if kind == "opened" and frame.opened.HasField("heartbeat_interval"):
                self._hears(frame.opened.heartbeat_interval)
            lost.progressed = lost.progressed or kind == "caught_up"
            update = _told(frame, kind)
            if update is not None:
                yield update


def _told(frame: pb.WatchSessionsResponse, kind: str | None) -> _Told | None:
    """What a frame tells the caller; None for a heartbeat, or a frame that is not known here."""
    cursor = frame.cursor
    match kind:
        case "listed":
            return Listed(cursor, frame.listed.sessions)
        case "created":
            return Created(cursor, frame.created.session)
        case "changed":
            return Changed(cursor, frame.changed.session)
        case "deleted":
            return Deleted(cursor, frame.deleted.key, frame.deleted.uid)
        case "reset":
            return Reset(cursor)
        case "caught_up":
            return CaughtUp(cursor)
    return None
