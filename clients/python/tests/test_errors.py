from __future__ import annotations

import pickle

import grpc
import pytest
from google.adk.errors.already_exists_error import AlreadyExistsError
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2

from sessiond.adk import errors
from sessiond.adk._compat import AdkSessionNotFoundError, AdkStaleSessionError
from sessiond.adk.connection import pause_before_retry

pytestmark = pytest.mark.once

Code = grpc.StatusCode


def rpc_error(
    code: grpc.StatusCode, reason: str = "", *, domain: str = errors.DOMAIN, **metadata: str
) -> grpc.aio.AioRpcError:
    """What gRPC raises when the server answers so."""
    details = [error_details_pb2.ErrorInfo(reason=reason, domain=domain, metadata=metadata)] if reason else []
    status = status_pb2.Status(code=code.value[0], message="words")
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    return with_status(code, status)


def with_status(code: grpc.StatusCode, status: status_pb2.Status) -> grpc.aio.AioRpcError:
    trailers = grpc.aio.Metadata(("grpc-status-details-bin", status.SerializeToString()))
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailers, details="words")


@pytest.mark.parametrize(
    ("code", "reason", "kind", "bases"),
    [
        (Code.NOT_FOUND, "SESSION_NOT_FOUND", errors.SessionNotFoundError, (ValueError, AdkSessionNotFoundError)),
        (Code.ALREADY_EXISTS, "SESSION_ALREADY_EXISTS", errors.SessionAlreadyExistsError, (AlreadyExistsError,)),
        (Code.ABORTED, "STALE_SESSION", errors.StaleSessionError, (ValueError, AdkStaleSessionError)),
        (Code.ALREADY_EXISTS, "EVENT_ID_CONFLICT", errors.EventIdConflictError, ()),
        (Code.INVALID_ARGUMENT, "INVALID_FIELD", errors.InvalidRequestError, (ValueError,)),
        (Code.RESOURCE_EXHAUSTED, "TOO_LARGE", errors.TooLargeError, (ValueError,)),
        (Code.UNAVAILABLE, "STORE_UNAVAILABLE", errors.UnavailableError, (ConnectionError,)),
        (Code.UNAVAILABLE, "", errors.UnavailableError, (ConnectionError,)),
        (Code.DEADLINE_EXCEEDED, "", errors.DeadlineError, (TimeoutError,)),
        (Code.UNAUTHENTICATED, "", errors.AccessError, (PermissionError,)),
        (Code.ABORTED, "A_NEW_REASON", errors.SessiondError, ()),
        (Code.INTERNAL, "INTERNAL", errors.SessiondError, ()),
    ],
)
def test_kinds(code: grpc.StatusCode, reason: str, kind: type[errors.SessiondError], bases: tuple[type, ...]) -> None:
    error = errors.from_rpc_error(rpc_error(code, reason, key="value"), "s-1")
    assert type(error) is kind
    assert all(isinstance(error, base) for base in (*bases, errors.SessiondError))
    assert (error.code, error.reason) == (code, reason)
    assert error.metadata == ({"key": "value"} if reason else {})
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.reason) == (kind, str(error), reason)


def test_texts_that_programs_match() -> None:
    texts = {
        reason: str(errors.from_rpc_error(rpc_error(code, reason), "s-1"))
        for code, reason in (
            (Code.ABORTED, "STALE_SESSION"),
            (Code.ALREADY_EXISTS, "SESSION_ALREADY_EXISTS"),
            (Code.NOT_FOUND, "SESSION_NOT_FOUND"),
            (Code.INTERNAL, "INTERNAL"),
        )
    }
    assert texts == {
        "STALE_SESSION": "The session has been modified in storage since it was loaded. Please reload the session"
        " before appending more events.",
        "SESSION_ALREADY_EXISTS": "Session with id s-1 already exists.",
        "SESSION_NOT_FOUND": "Session s-1 not found.",
        "INTERNAL": "words",
    }


def test_details() -> None:
    status = status_pb2.Status()
    bad = error_details_pb2.BadRequest()
    bad.field_violations.add(field="key.app_name", description="is empty")
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromMilliseconds(1500)
    info = error_details_pb2.ErrorInfo(reason="SERVER_BUSY", domain=errors.DOMAIN, metadata={"request_id": "r-1"})
    for detail in (bad, retry, info):
        status.details.add().Pack(detail)
    error = errors.from_rpc_error(with_status(Code.RESOURCE_EXHAUSTED, status))
    assert error.violations == {"key.app_name": "is empty"}
    assert (error.retry_delay, error.request_id, error.reason) == (1.5, "r-1", "SERVER_BUSY")
    pause = pause_before_retry(error, 0)
    assert pause == 1.5


def test_reasons_of_others_are_not_ours() -> None:
    assert errors.from_rpc_error(rpc_error(Code.ABORTED, "STALE_SESSION", domain="proxy.example")).reason == ""


def test_a_broken_detail_does_not_hide_the_error() -> None:
    trailers = grpc.aio.Metadata(("grpc-status-details-bin", b"\xff\xff"))
    error = errors.from_rpc_error(grpc.aio.AioRpcError(Code.NOT_FOUND, grpc.aio.Metadata(), trailers, details="words"))
    assert (str(error), error.reason) == ("words", "")


@pytest.mark.parametrize(
    ("code", "reason", "again"),
    [
        (Code.UNAVAILABLE, "", True),
        (Code.DEADLINE_EXCEEDED, "", True),
        (Code.ABORTED, "CONTENTION", True),
        (Code.RESOURCE_EXHAUSTED, "SERVER_BUSY", True),
        (Code.RESOURCE_EXHAUSTED, "", True),
        (Code.RESOURCE_EXHAUSTED, "STORE_FULL", False),
        (Code.RESOURCE_EXHAUSTED, "TOO_LARGE", False),
        (Code.ABORTED, "STALE_SESSION", False),
        (Code.INTERNAL, "INTERNAL", False),
        (Code.INVALID_ARGUMENT, "INVALID_FIELD", False),
    ],
)
def test_what_is_tried_again(code: grpc.StatusCode, reason: str, again: bool) -> None:
    pause = pause_before_retry(errors.from_rpc_error(rpc_error(code, reason)), 20)
    assert (pause is not None) == again
    if pause is not None:
        assert 0.5 <= pause <= 1.0
