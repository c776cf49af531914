"""Reading a session with its events."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from google.adk.events.event import Event

from sessiond.v1 import session_pb2
from sessiond.v1 import session_service_pb2 as pb

from . import conversion
from .connection import READ_TRIES, Connection, pause_before_retry
from .errors import SessiondError, SessionNotFoundError, TooLargeError

#: The reasons for which a history cannot be read on from where its first events end.
_BEGUN_ANEW = {"SESSION_RECREATED", "EVENTS_TRIMMED"}

History = tuple[session_pb2.Session, list[Event]]


async def read_history(connection: Connection, request: pb.StreamEventsRequest) -> History | None:
    """Reads a session and the events that were asked for; None where there is no such session.

    All or a part of a history comes with the session in one call, which costs half of what a stream does.

    Raises:
        SessiondError: the session cannot be read.
    """
    newest = request.num_recent_events if request.HasField("num_recent_events") else None
    if request.HasField("after_time") and newest != 0:
        return await _stream(connection, request)
    wanted = pb.GetSessionRequest(key=request.key)
    if newest is None:
        wanted.history.SetInParent()
    elif newest > 0:
        wanted.history.num_recent_events = newest
    try:
        answer = await connection.unary("GetSession", wanted, request.key.session_id)
    except SessionNotFoundError:
        return None
    except TooLargeError:
        # The state does not fit a message; a stream sends it in several.
        return await _stream(connection, request)
    first = [conversion.event_from_proto(event) for event in answer.events]
    if newest == 0 or answer.history_complete:
        return answer.session, first
    if not first:
        return await _stream(connection, request)
    rest = pb.StreamEventsRequest(key=request.key, session_uid=answer.session.uid, after_seq=answer.events[-1].seq)
    try:
        found = await _stream(connection, rest)
    except SessiondError as failure:
        if failure.reason in _BEGUN_ANEW:
            return await _stream(connection, request)
        raise
    if found is None:
        return None
    # What was appended meanwhile is there, too.
    stored, events = found
    events = first + events
    return stored, events if newest is None else events[-newest:]


async def _stream(connection: Connection, request: pb.StreamEventsRequest) -> History | None:
    """The same by a stream alone.

    A read that breaks off is begun again, as a part of a history is never given for the whole.
    """
    tries = 0
    while True:
        try:
            return await _stream_once(connection, request)
        except SessionNotFoundError:
            return None
        except SessiondError as failure:
            pause = pause_before_retry(failure, tries)
            # The session was deleted and made again while it was read: read the new one.
            if failure.reason == "SESSION_RECREATED" and not request.session_uid:
                pause = 0.0
            tries += 1
            if pause is None or tries == READ_TRIES:
                raise
            await asyncio.sleep(pause)


async def _stream_once(connection: Connection, request: pb.StreamEventsRequest) -> History:
    opened: session_pb2.Session | None = None
    complete = False
    events: list[Event] = []
    async with aclosing(connection.read(request)) as frames:
        async for frame in frames:
            kind = frame.WhichOneof("frame")
            if kind == "opened":
                opened = frame.opened.session
            elif kind == "state" and opened is not None:
                # A large state comes in several frames.
                opened.state.update(frame.state.state)
            elif kind == "events":
                events.extend(conversion.event_from_proto(event) for event in frame.events.events)
            elif kind == "caught_up":
                complete = True
    if opened is None or not complete:
        raise SessiondError("The server ended a history before it was complete.")
    return opened, events
