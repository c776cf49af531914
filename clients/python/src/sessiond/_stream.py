"""Streams that outlive their connections: what tails and live lists have in common."""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import grpc
from google.protobuf.duration_pb2 import Duration

from sessiond.v1.session_service_pb2_grpc import SessionServiceStub

from ._transport import channel_arguments, read_within
from .status import error_reason, retry_delay

Metadata = Sequence[tuple[str, str | bytes]]

UpdateT = TypeVar("UpdateT")

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


@dataclass(frozen=True)
class Backoff:
    """How long to wait before a lost stream is opened again: doubling, with full jitter."""

    initial: float = 0.25
    """The longest wait before the first attempt, in seconds."""
    longest: float = 10.0
    """The longest wait before any attempt, in seconds."""


@dataclass(frozen=True)
class Waiting:
    """The connection was lost, and is opened again after a while."""

    delay: float
    """Until the next attempt, in seconds."""
    error: Exception | None
    """What ended the connection; None where the server closed it in good order."""


class SilenceError(Exception):
    """Nothing came from the server in time, not even a heartbeat. Only in ``Waiting``."""


@dataclass
class Lost:
    """How one connection ended, if the stream may go on over another one."""

    error: Exception | None = None
    progressed: bool = False
    """Whether frames of use came over it, so that waiting begins anew."""
    moved: bool = False
    """Whether the server is well and only wants the stream to be opened again."""


class Follower(ABC, Generic[UpdateT]):
    """What a stream keeps from one connection to the next."""

    def __init__(self) -> None:
        self._silence = _FIRST_FRAME  # seconds without a frame that mean that the connection is lost
        #: How the last connection was lost; None where the stream has come to its end.
        self.lost: Lost | None = None

    @abstractmethod
    def _call(self, stub: Any, metadata: Metadata) -> Any:
        """Opens the stream at its place. It has no deadline; silence ends it."""

    @abstractmethod
    def _updates(self, call: Any, lost: Lost) -> AsyncGenerator[UpdateT, None]:
        """The updates of one call."""

    async def connect(self, stub: Any, metadata: Metadata) -> AsyncGenerator[UpdateT, None]:
        """The updates of one connection. Afterwards ``lost`` tells how it ended."""
        lost = self.lost = Lost()
        self._silence = _FIRST_FRAME
        call = self._call(stub, metadata)
        try:
            async with aclosing(self._updates(call, lost)) as updates:
                async for update in updates:
                    yield update
        finally:
            # Also when the caller leaves in the middle: the server is told at once.
            call.cancel()

    def _hears(self, interval: Duration) -> None:
        """Takes the heartbeat interval that the server tells."""
        self._silence = interval.ToNanoseconds() / 1e9 * _SILENT_INTERVALS

    async def _next(self, call: Any, lost: Lost) -> Any:
        """The next frame, or None where the connection is lost. Time counts only while it is waited for."""
        try:
            frame = await read_within(call, self._silence)
        except asyncio.TimeoutError:
            lost.error = SilenceError(f"nothing came for {self._silence:g} seconds, not even a heartbeat")
            return None
        except grpc.aio.AioRpcError as error:
            if error.code() in _LASTING and error_reason(error) != "CONTENTION":
                raise
            lost.error = error
            return None
        # Without `closing` a stream that ended was cut, whatever its status.
        return None if frame is grpc.aio.EOF else frame


async def reconnecting(
    follower: Follower[UpdateT],
    target: str | grpc.aio.Channel,
    *,
    backoff: Backoff | None,
    credentials: grpc.ChannelCredentials | None,
    metadata: Metadata | Callable[[], Metadata],
) -> AsyncGenerator[UpdateT | Waiting, None]:
    """The updates of a stream, which is opened again and again until it ends.

    Raises:
        grpc.aio.AioRpcError: an error that no reconnect would change.
    """
    waits = backoff or Backoff()
    failures = 0
    async with _channel(target, credentials) as channel:
        # What grpcio-tools generates for asyncio has no types.
        stub = cast(Any, SessionServiceStub)(channel)
        while True:
            headers = tuple(metadata() if callable(metadata) else metadata)
            async with aclosing(follower.connect(stub, headers)) as updates:
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
