"""The session service that ADK's runners use."""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncGenerator, Mapping
from types import TracebackType
from typing import Any

from google.adk.events.event import Event
from google.adk.sessions.base_session_service import BaseSessionService, GetSessionConfig, ListSessionsResponse
from google.adk.sessions.session import Session
from typing_extensions import Unpack, override

from sessiond import watch as watches
from sessiond.tail import Backoff, Update
from sessiond.v1 import session_pb2
from sessiond.v1 import session_service_pb2 as pb

from . import conversion
from .connection import Connection
from .errors import STALE_SESSION_TEXT, SessionNotFoundError, StaleSessionError
from .histories import read_history
from .options import DEFAULT_TARGET, OptionArguments, parse

logger = logging.getLogger(__name__)

_PAGE_SIZE = 200
_INT32_MAX = 2**31 - 1


class SessiondSessionService(BaseSessionService):
    """Keeps the sessions of ADK agents in sessiond.

    It connects at the first call, in any event loop; it can be pickled, and used by many tasks at once.

    Args:
        target: ``host:port``, ``sessiond://host:port?option=value``, or any gRPC target (``dns:///``, ``unix:``).
        uri: the target under the name that ADK's service registry uses. With it, arguments that are no option are
            ignored, as the registry passes its own to every service.
        **options: see ``Options``.

    Raises:
        ValueError: an option's value is wrong, or the URI is.
        TypeError: there is no such option.
    """

    def __init__(
        self, target: str = DEFAULT_TARGET, *, uri: str | None = None, **options: Unpack[OptionArguments]
    ) -> None:
        self._connection = Connection(parse(uri or target, dict(options), ignore_unknown=uri is not None))

    @override
    async def create_session(
        self,
        *,
        app_name: str,
        user_id: str,
        state: dict[str, Any] | None = None,
        session_id: str | None = None,
        owner_id: str = "",
        display_name: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> Session:
        """Creates a session.

        Args:
            app_name: the app.
            user_id: the user.
            state: the state to begin with; ``user:`` and ``app:`` keys go to the shared state, ``temp:`` keys nowhere.
            session_id: its id, taken as it is; the server gives one where it is None or empty.
            owner_id: who owns the session outside of ADK.
            display_name: a title for people.
            labels: small marks to filter by.

        Raises:
            SessionAlreadyExistsError: the user has a session of this id in the app; ADK's AlreadyExistsError too.
            ValueError: an id, a key or a value is not as the contract has it.
            SessiondError: any other failure.
        """
        request = pb.CreateSessionRequest(
            key=conversion.key(app_name, user_id, session_id or ""),
            state=conversion.state_to_proto(state),
            owner_id=owner_id,
            display_name=display_name,
            labels=labels or {},
            request_id=str(uuid.uuid4()),
        )
        answer = await self._connection.unary("CreateSession", request, session_id or "")
        return conversion.session_from_proto(answer.session)

    @override
    async def get_session(
        self, *, app_name: str, user_id: str, session_id: str, config: GetSessionConfig | None = None
    ) -> Session | None:
        """Reads a session with its merged state and its events, a short history in one call.

        Args:
            app_name: the app.
            user_id: the user.
            session_id: the session.
            config: ``after_timestamp`` keeps the events of that time or later, ``num_recent_events`` the newest n of
                those; 0 is none.

        Returns:
            The session, or None if there is none.

        Raises:
            ValueError: ``num_recent_events`` is negative.
            SessiondError: any other failure.
        """
        request = pb.StreamEventsRequest(key=conversion.key(app_name, user_id, session_id))
        if config is not None:
            if config.after_timestamp is not None:
                request.after_time = config.after_timestamp
            if config.num_recent_events is not None:
                if config.num_recent_events < 0:
                    raise ValueError(f"num_recent_events is {config.num_recent_events}; it cannot be negative")
                request.num_recent_events = min(config.num_recent_events, _INT32_MAX)
        found = await read_history(self._connection, request)
        return None if found is None else conversion.session_from_proto(*found)

    @override
    async def list_sessions(self, *, app_name: str, user_id: str | None = None) -> ListSessionsResponse:
        """Lists an app's sessions, of one user or of all, with merged state and without events.

        Returns:
            The sessions ordered by last update time, user and id, the oldest first.

        Raises:
            SessiondError: the call failed.
        """
        if user_id == "":
            # On the wire an empty user means all users; here it is a user that cannot be.
            return ListSessionsResponse()
        request = pb.ListSessionsRequest(
            key=conversion.key(app_name, user_id or ""),
            page_size=_PAGE_SIZE,
            # The order that no append changes: what is written during the walk cannot make it miss a session.
            order=pb.SESSION_ORDER_CREATE_TIME_ASC,
            include_state=True,
        )
        found: dict[tuple[str, str], Session] = {}
        while True:
            page = await self._connection.unary("ListSessions", request)
            for message in page.sessions:
                # One that is deleted and made again during the walk comes twice; the later one is there now.
                found[message.key.user_id, message.key.session_id] = conversion.session_from_proto(message)
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        sessions = sorted(found.values(), key=lambda session: (session.last_update_time, session.user_id, session.id))
        return ListSessionsResponse(sessions=sessions)

    @override
    async def delete_session(self, *, app_name: str, user_id: str, session_id: str) -> None:
        """Deletes a session, its events and its own state. One that is not there is no error.

        Raises:
            SessiondError: the call failed.
        """
        request = pb.DeleteSessionRequest(key=conversion.key(app_name, user_id, session_id))
        await self._connection.unary("DeleteSession", request, session_id)

    # Not in every version's base class, so without @override.
    async def get_user_state(self, *, app_name: str, user_id: str) -> dict[str, Any]:
        """Reads the state that all of a user's sessions share, by keys without ``user:``; empty if there is none.

        Raises:
            SessiondError: the call failed.
        """
        request = pb.GetUserStateRequest(key=conversion.key(app_name, user_id))
        answer = await self._connection.unary("GetUserState", request)
        return conversion.state_from_proto(answer.state)

    @override
    async def append_event(self, session: Session, event: Event) -> Event:
        """Stores an event with its state delta, and brings the session object up to it.

        A partial event is given back untouched. Appends to the same session object take their turns. When the call
        fails, neither the session nor the event has changed, and the same event can safely be appended again.

        Returns:
            The same event, without its ``temp:`` state.

        Raises:
            StaleSessionError: the session was changed since the object was loaded; ADK's error, and a ValueError.
            SessionNotFoundError: the session is not there; ADK's error, and a ValueError.
            EventIdConflictError: the session has another event of this id.
            ValueError: the event is not as the contract has it.
            SessiondError: any other failure.
        """
        if event.partial:
            return event
        async with self._connection.turn(session):
            return await self._append(session, event)

    def tail(
        self,
        *,
        app_name: str,
        user_id: str,
        session_id: str,
        cursor: str = "",
        after_seq: int | None = None,
        after_time: float | None = None,
        num_recent_events: int | None = None,
        session_uid: str = "",
        heartbeat: float | None = None,
        backoff: Backoff | None = None,
    ) -> AsyncGenerator[Update, None]:
        """Follows a session as ``sessiond.tail.tail`` does, over this service's connection for streams.

        ``event_from_proto`` makes ADK's events of those in the updates. Closing the service cancels the tail.

        Raises:
            SessionNotFoundError: there is no such session.
            SessiondError: any other failure that no reconnect would change.
        """
        return self._connection.tail(
            conversion.key(app_name, user_id, session_id),
            cursor=cursor,
            after_seq=after_seq,
            after_time=after_time,
            num_recent_events=num_recent_events,
            session_uid=session_uid,
            heartbeat=heartbeat,
            backoff=backoff,
        )

    def watch(
        self,
        *,
        app_name: str,
        user_id: str = "",
        cursor: str = "",
        max_listed: int | None = None,
        include_state: bool = False,
        heartbeat: float | None = None,
        backoff: Backoff | None = None,
    ) -> AsyncGenerator[watches.Update, None]:
        """Watches an app's sessions, or a user's, as ``sessiond.watch.watch`` does, over the connection for streams.

        Closing the service cancels the watch.

        Raises:
            SessiondError: a failure that no reconnect would change.
        """
        return self._connection.watch(
            session_pb2.SessionKey(app_name=app_name, user_id=user_id),
            cursor=cursor,
            max_listed=max_listed,
            include_state=include_state,
            heartbeat=heartbeat,
            backoff=backoff,
        )

    async def flush(self) -> None:
        """Waits for the calls that are running in this event loop. Nothing is ever held back to be written later."""
        await self._connection.drain()

    async def close(self) -> None:
        """Closes all connections. A later call connects anew."""
        await self._connection.close()

    async def __aenter__(self) -> SessiondSessionService:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _append(self, session: Session, event: Event) -> Event:
        request = pb.AppendEventRequest(key=conversion.key(session.app_name, session.user_id, session.id))
        conversion.write_event(event, request.event)
        known = conversion.marker(session)
        if self._connection.options.on_stale == "reject":
            if known is None:
                known = await self._marker_of_a_match(session)
            request.session_uid, request.expected_revision = known
        elif known is not None:
            # Still not to be appended to: another session that now has the same key.
            request.session_uid = known[0]
        answer = await self._connection.append(request, session.id)

        stored = answer.event
        if not event.id:
            event.id = stored.id
        if known is not None and known[0] == answer.session_uid and stored.revision <= known[1]:
            # The object was loaded when this event was stored already, and stands for it and for what came after.
            self._apply_temp_state(session, event)
            return self._trim_temp_delta_state(event)
        session.last_update_time = stored.timestamp
        conversion.set_marker(session, answer.session_uid, stored.revision)
        return await super().append_event(session, event)

    async def _marker_of_a_match(self, session: Session) -> tuple[str, int]:
        """The marker for an object that has none: that of the stored session, if that ends in the same event."""
        request = pb.StreamEventsRequest(
            key=conversion.key(session.app_name, session.user_id, session.id), num_recent_events=1
        )
        found = await read_history(self._connection, request)
        if found is None:
            raise SessionNotFoundError(f"Session {session.id} not found.", reason="SESSION_NOT_FOUND")
        stored, events = found
        if [event.id for event in events] != [event.id for event in session.events[-1:]]:
            raise StaleSessionError(STALE_SESSION_TEXT, reason="STALE_SESSION")
        return stored.uid, stored.revision
