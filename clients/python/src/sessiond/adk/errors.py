"""What a failed call raises.

Every error is a ``SessiondError`` that carries the server's words: the reason (a name from ``ErrorReason`` in the
proto files), the gRPC code, and what to do. Where ADK has an error of its own for the case, the class is that too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from sessiond.v1 import session_service_pb2 as pb

from ._compat import AdkAlreadyExistsError, AdkSessionNotFoundError, AdkStaleSessionError

DOMAIN = "sessiond.dev"

#: ADK's words for a stale session. Programs and ADK's own tests match them.
STALE_SESSION_TEXT = (
    "The session has been modified in storage since it was loaded. Please reload the session before appending more"
    " events."
)


class SessiondError(Exception):
    """A call to sessiond failed.

    Attributes:
        code: the gRPC status code; None where the failure is not the server's.
        reason: the name of an ``ErrorReason`` without its prefix, such as ``STALE_SESSION``; empty where none came.
        metadata: facts that belong to the reason, such as ``actual_revision``.
        violations: for a bad request, from the request's field to what is wrong with it.
        retry_delay: seconds to wait before another try; None where the server named no time.
        request_id: names the call in the server's log; empty where none came.
    """

    def __init__(
        self,
        message: str,
        *,
        code: grpc.StatusCode | None = None,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: Mapping[str, str] | None = None,
        retry_delay: float | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.violations = dict(violations or {})
        self.retry_delay = retry_delay
        self.request_id = request_id


class SessionNotFoundError(SessiondError, AdkSessionNotFoundError):  # type: ignore[misc, valid-type]
    """No session has this key. A ValueError, and ADK's SessionNotFoundError where that exists."""


class SessionAlreadyExistsError(SessiondError, AdkAlreadyExistsError):  # type: ignore[misc, valid-type]
    """A session of this id is there already. ADK's AlreadyExistsError; the text has the id."""


class StaleSessionError(SessiondError, AdkStaleSessionError):  # type: ignore[misc, valid-type]
    """The session changed since it was loaded; nothing was stored.

    A ValueError, and ADK's StaleSessionError where that exists. ``metadata`` has ``actual_revision`` and ``head_seq``.
    """


class EventIdConflictError(SessiondError):
    """The session has another event of the same id."""


class InvalidRequestError(SessiondError, ValueError):
    """The server refuses what was sent: an id too long, a state key too large. ``violations`` names the fields."""


class TooLargeError(SessiondError, ValueError):
    """An event or a request is over a limit of the server's; ``metadata["limit_bytes"]`` has it."""


class UnavailableError(SessiondError, ConnectionError):
    """The server or its database did not answer, through all the retries that the deadline left time for."""


class DeadlineError(SessiondError, TimeoutError):
    """The time was up. A write may have happened: append the same event again to learn of it."""


class AccessError(SessiondError, PermissionError):
    """The credentials are missing, wrong or not enough."""


class UnreadableEventError(SessiondError):
    """A stored event cannot be made an ``Event`` of this ADK version."""


_BY_REASON: dict[str, type[SessiondError]] = {
    "SESSION_NOT_FOUND": SessionNotFoundError,
    "SESSION_ALREADY_EXISTS": SessionAlreadyExistsError,
    "STALE_SESSION": StaleSessionError,
    "EVENT_ID_CONFLICT": EventIdConflictError,
    "TOO_LARGE": TooLargeError,
}

_BY_CODE: dict[grpc.StatusCode, type[SessiondError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequestError,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequestError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineError,
    grpc.StatusCode.UNAUTHENTICATED: AccessError,
    grpc.StatusCode.PERMISSION_DENIED: AccessError,
}

#: The texts that ADK's own services use, and that programs match.
_TEXTS: dict[type[SessiondError], str] = {
    SessionNotFoundError: "Session {} not found.",
    SessionAlreadyExistsError: "Session with id {} already exists.",
    StaleSessionError: STALE_SESSION_TEXT,
}

_CODES = {code.value[0]: code for code in grpc.StatusCode}

_RETRYABLE_CODES = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
_RETRYABLE_REASONS = {"CONTENTION", "SERVER_BUSY"}


def retryable(error: SessiondError) -> bool:
    """Whether the same request may be sent again: every write carries an id that makes that safe."""
    if error.code is grpc.StatusCode.RESOURCE_EXHAUSTED and not error.reason:
        # Not this server's word: a connection that takes no more streams at the moment, or a proxy that holds back. But
        # gRPC says it of a message over a limit in ``channel_options`` too, which only the words tell.
        return "larger than max" not in error.message
    return error.code in _RETRYABLE_CODES or error.reason in _RETRYABLE_REASONS


def from_rpc_error(error: grpc.aio.AioRpcError, session_id: str = "") -> SessiondError:
    """Reads a failed call: ErrorInfo, BadRequest and RetryInfo of google.rpc, where the server sent them.

    Args:
        error: what gRPC raised.
        session_id: the session that the call was about; ADK's texts for a session that is missing or there already
            have its id.
    """
    status = _trailer(error, "grpc-status-details-bin")
    return _made(error.code(), error.details() or "", status, session_id, _trailer(error, "x-request-id"))


def from_append_error(error: pb.AppendError, session_id: str = "") -> SessiondError:
    """Reads the error of one of several appends of a call, which is as that of a call of its own."""
    return _made(_CODES.get(error.code, grpc.StatusCode.UNKNOWN), error.message, error.status, session_id)


def _made(code: grpc.StatusCode, message: str, status: Any, session_id: str, request_id: str = "") -> SessiondError:
    info, violations, retry_delay = _details(status)
    # A proxy in between may send an ErrorInfo too, whose reasons mean something else.
    reason = info.reason if info.domain == DOMAIN else ""
    kind = _BY_REASON.get(reason) or _BY_CODE.get(code, SessiondError)
    return kind(
        _TEXTS[kind].format(session_id) if kind in _TEXTS else message or code.name,
        code=code,
        reason=reason,
        metadata=info.metadata,
        violations=violations,
        retry_delay=retry_delay,
        request_id=info.metadata.get("request_id", "") or request_id,
    )


def _details(encoded: Any) -> tuple[error_details_pb2.ErrorInfo, dict[str, str], float | None]:
    info = error_details_pb2.ErrorInfo()
    violations: dict[str, str] = {}
    retry_delay: float | None = None
    status = status_pb2.Status()
    if isinstance(encoded, bytes):
        try:
            status.ParseFromString(encoded)
        except DecodeError:  # a broken detail must not hide the status itself
            return info, violations, retry_delay
    for detail in status.details:
        bad = error_details_pb2.BadRequest()
        retry = error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            continue
        if detail.Unpack(bad):
            violations.update({violation.field: violation.description for violation in bad.field_violations})
        elif detail.Unpack(retry):
            retry_delay = retry.retry_delay.ToTimedelta().total_seconds()
    return info, violations, retry_delay


def _trailer(error: grpc.aio.AioRpcError, name: str) -> Any:
    for key, value in error.trailing_metadata() or ():
        if key == name:
            return value
    return ""
