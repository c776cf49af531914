"""Appends that ride together in one call.

A program that serves many sessions at once has many appends on their way. A gRPC call costs it more than the append
itself, so while calls are running, further appends gather and go together, each with an outcome of its own. A program
that makes one append at a time makes plain calls and waits for nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any, cast

import grpc

from sessiond.v1 import session_service_pb2 as pb

from .errors import SessiondError, from_append_error
from .options import Metadata

#: Calls at a time over which appends are spread: while the server works at one, this program makes or reads another.
_CALLS = 2

#: What one call carries at most. A larger append goes alone.
_MOST_APPENDS = 256
_MOST_BYTES = 512 * 1024

#: How a server answers that does not have the method, or takes fewer appends at a time.
_NOT_TOGETHER = (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INVALID_ARGUMENT)


@dataclass(eq=False)
class _Waiting:
    request: pb.AppendEventRequest
    metadata: Metadata
    #: Seconds that the call may take.
    timeout: float
    outcome: asyncio.Future[pb.AppendEventResponse]


class AppendCalls:
    """The appends of one event loop over one channel."""

    def __init__(self, stub: Any) -> None:
        self._stub = stub
        self._waiting: deque[_Waiting] = deque()
        self._scheduled = False
        #: Appends of the calls that run.
        self._sent = 0
        self._calls: set[asyncio.Task[None]] = set()
        #: Whether the server takes several appends in a call, as far as is known.
        self.together = True

    async def append(self, request: pb.AppendEventRequest, metadata: Metadata, timeout: float) -> Any:
        """Makes an append, alone or with others that have the same metadata.

        ``timeout`` counts from when its call begins. The calls before it, for which it may wait, have begun with the
        same timeout.

        Raises:
            grpc.aio.AioRpcError: the error of the call.
            SessiondError: the error of this append.
        """
        if not self.together or (not self._sent and not self._waiting):
            self._sent += 1
            try:
                return await self._stub.AppendEvent(request, timeout=timeout, metadata=metadata)
            finally:
                self._sent -= 1
                self._send_soon()
        loop = asyncio.get_running_loop()
        waiting = _Waiting(request, metadata, timeout, loop.create_future())
        self._waiting.append(waiting)
        self._send_soon()
        return await waiting.outcome

    def _send_soon(self) -> None:
        """Once the tasks that are ready now have made their appends too."""
        if self._waiting and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        self._scheduled = False
        while self._waiting and len(self._calls) < _CALLS:
            group = self._next_group()
            if not group:
                continue
            self._sent += len(group)
            self._calls.add(asyncio.get_running_loop().create_task(self._call(group)))

    def _next_group(self) -> list[_Waiting]:
        """The next appends, as many as make the calls alike in size."""
        most = min(_MOST_APPENDS, -(-(len(self._waiting) + self._sent) // _CALLS))
        group: list[_Waiting] = []
        size = 0
        while self._waiting and len(group) < most:
            first = self._waiting[0]
            # Whoever gave up before his append was sent, such as a cancelled task.
            if first.outcome.done():
                self._waiting.popleft()
                continue
            size += first.request.ByteSize()
            if group and (size > _MOST_BYTES or first.metadata != group[0].metadata):
                break
            group.append(self._waiting.popleft())
        return group

    async def _call(self, group: list[_Waiting]) -> None:
        try:
            if len(group) == 1:
                await self._alone(group[0])
            else:
                await self._all(group)
        except asyncio.CancelledError:
            for waiting in group:
                waiting.outcome.cancel()
            raise
        except Exception as error:
            for waiting in group:
                _fail(waiting, error)
        finally:
            self._sent -= len(group)
            self._calls.discard(cast(asyncio.Task[None], asyncio.current_task()))
            self._send_soon()

    async def _all(self, group: list[_Waiting]) -> None:
        request = pb.AppendToSessionsRequest(appends=[waiting.request for waiting in group])
        first = group[0]
        try:
            answer = await self._stub.AppendToSessions(request, timeout=first.timeout, metadata=first.metadata)
        except grpc.aio.AioRpcError as error:
            if error.code() not in _NOT_TOGETHER:
                raise
            self.together = False
            await asyncio.gather(*(self._alone(waiting) for waiting in group))
            return
        for waiting, told in zip(group, answer.outcomes, strict=True):
            if told.HasField("appended"):
                if not waiting.outcome.done():
                    waiting.outcome.set_result(told.appended)
            else:
                _fail(waiting, from_append_error(told.error, waiting.request.key.session_id))

    async def _alone(self, waiting: _Waiting) -> None:
        try:
            answer = await self._stub.AppendEvent(waiting.request, timeout=waiting.timeout, metadata=waiting.metadata)
        except (grpc.aio.AioRpcError, SessiondError) as error:
            _fail(waiting, error)
            return
        if not waiting.outcome.done():
            waiting.outcome.set_result(answer)


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.outcome.done():
        waiting.outcome.set_exception(error)
