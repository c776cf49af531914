"""Channels to a sessiond server, and calls over them.

gRPC's asyncio channels belong to the event loop that they were made in, while programs have several: ADK's
``Runner.run()`` starts a new one for every call. So each loop gets channels of its own, at its first call, and they
are closed when the loop ends.
"""

from __future__ import annotations

import asyncio
import os
import random
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from sessiond import tail as tails
from sessiond import watch as watches
from sessiond._transport import read_within
from sessiond.v1 import session_pb2
from sessiond.v1 import session_service_pb2 as pb

from .channels import LoopChannels
from .errors import DeadlineError, SessiondError, UnavailableError, from_rpc_error, retryable
from .lines import Line, Turn
from .options import Options

_T = TypeVar("_T")

#: A try over the channels: with what gives the seconds that it may take, and how many tries came before it.
_Try = Callable[[LoopChannels, Callable[[], float], int], Awaitable[Any]]

#: Pauses between tries, in seconds; each is drawn from half of it to all of it.
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0

#: How often a read that breaks off is begun again.
READ_TRIES = 4


class Connection:
    """The way to one server. Making one does no I/O; it can be pickled, and then carries its options only.

    Not safe to share with a forked child whose parent has called already: gRPC's threads do not survive a fork. What
    the parent opened is dropped in the child, which connects anew, but gRPC itself asks that no call run meanwhile.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._loops: dict[asyncio.AbstractEventLoop, LoopChannels] = {}

    def __reduce__(self) -> tuple[type[Connection], tuple[Options]]:
        """Pickles the options."""
        return Connection, (self.options,)

    async def unary(self, method: str, request: Message, session_id: str = "") -> Any:
        """Makes a call and gives its answer. Tries again where that helps, until the deadline.

        Every request can be repeated: reads change nothing, and writes carry an event id or a request id. The time
        counts from the call's turn among those that are made at once.

        Raises:
            SessiondError: the last try's error.
        """

        async def once(channels: LoopChannels, left: Callable[[], float], _tries: int) -> Any:
            return await getattr(channels.unary_stub, method)(request, timeout=left(), metadata=self._metadata())

        channels = await self._channels()
        return await self._in_line(channels, channels.call_line, method, once, session_id)

    async def append(self, request: pb.AppendEventRequest, session_id: str) -> pb.AppendEventResponse:
        """Makes an append as ``unary`` would, in a call with others that are made at the same time.

        Raises:
            SessiondError: the last try's error.
        """

        async def once(channels: LoopChannels, left: Callable[[], float], tries: int) -> Any:
            # What is tried again has less time left than others, and may be what made a call fail.
            if tries == 0 and channels.appends.together:
                return await channels.appends.append(request, self._metadata(), left())
            async with channels.appends_alone:
                return await channels.unary_stub.AppendEvent(request, timeout=left(), metadata=self._metadata())

        channels = await self._channels()
        line = channels.append_line
        answer: pb.AppendEventResponse = await self._in_line(channels, line, "AppendEvent", once, session_id)
        return answer

    async def _in_line(self, channels: LoopChannels, line: Line, method: str, once: _Try, session_id: str) -> Any:
        with channels:
            await self._enter(line, method)
            try:
                return await self._until_deadline(line, method, once, session_id)
            finally:
                line.leave()

    async def _enter(self, line: Line, method: str) -> None:
        failure = await line.enter()
        if failure is not None:
            words = f"{method}: {self.options.target} answered no call while this one waited for its turn"
            words = f"{words} ({failure.message})"
            raise type(failure)(words, code=failure.code, reason=failure.reason) from failure

    async def _until_deadline(self, line: Line, method: str, once: _Try, session_id: str) -> Any:
        loop = asyncio.get_running_loop()
        end = loop.time() + self.options.deadline
        # One try never takes all the time, or a lost answer could not be asked for again.
        longest = self.options.deadline / 2

        def left() -> float:
            return max(0.001, min(longest, end - loop.time()))

        tries = 0
        unavailable: SessiondError | None = None
        while True:
            channels = await self._channels()
            try:
                answer = await once(channels, left, tries)
                line.answered()
                return answer
            except (grpc.aio.AioRpcError, SessiondError) as error:
                failure = error if isinstance(error, SessiondError) else from_rpc_error(error, session_id)
                line.failed(failure)
                pause = pause_before_retry(failure, tries)
                if isinstance(failure, UnavailableError):
                    unavailable = failure
                if pause is None or loop.time() + pause >= end:
                    # That the last try had little time left says less than what the one before found.
                    told = self._told(method, failure, unavailable)
                    raise told from (None if told is error else error)
            tries += 1
            await asyncio.sleep(pause)

    def _told(self, method: str, failure: SessiondError, unavailable: SessiondError | None) -> SessiondError:
        if not isinstance(failure, DeadlineError):
            return failure
        if unavailable is not None:
            return unavailable
        words = f"{method}: no answer from {self.options.target} within {self.options.deadline:g} seconds"
        return DeadlineError(f"{words} ({failure.message})", code=failure.code, reason=failure.reason)

    async def read(self, request: pb.StreamEventsRequest) -> AsyncGenerator[pb.StreamEventsResponse, None]:
        """Reads a stream to its end, once; a caller that wants to try again starts over.

        Raises:
            DeadlineError: nothing came for ``stream_idle`` seconds.
            SessiondError: the stream's error.
        """
        channels = await self._channels()
        line = channels.history_line
        with channels:
            await self._enter(line, "StreamEvents")
            try:
                call = channels.history_stub.StreamEvents(request, metadata=self._metadata())
                try:
                    while True:
                        frame = await self._next(call)
                        line.answered()
                        if frame is grpc.aio.EOF:
                            return
                        yield frame
                finally:
                    call.cancel()
            except (grpc.aio.AioRpcError, SessiondError) as error:
                failure = error if isinstance(error, SessiondError) else from_rpc_error(error, request.key.session_id)
                line.failed(failure)
                raise failure from (None if failure is error else error)
            finally:
                line.leave()

    async def _next(self, call: Any) -> Any:
        try:
            return await read_within(call, self.options.stream_idle)
        except asyncio.TimeoutError:
            raise DeadlineError(f"The history stood still for {self.options.stream_idle} seconds.") from None

    async def tail(self, key: session_pb2.SessionKey, **place: Any) -> AsyncGenerator[tails.Update, None]:
        """Follows a session (``sessiond.tail``). ``drain`` does not wait for it, as it may never end.

        Raises:
            SessiondError: an error that no reconnect would change.
        """
        channels = await self._channels()
        updates = tails.tail(channels.tail_channel, key, metadata=self._metadata, **place)
        async with aclosing(_with_own_errors(updates, key.session_id)) as told:
            async for update in told:
                yield update

    async def watch(self, key: session_pb2.SessionKey, **what: Any) -> AsyncGenerator[watches.Update, None]:
        """Watches sessions (``sessiond.watch``). ``drain`` does not wait for it, as it never ends.

        Raises:
            SessiondError: an error that no reconnect would change.
        """
        channels = await self._channels()
        updates = watches.watch(channels.tail_channel, key, metadata=self._metadata, **what)
        async with aclosing(_with_own_errors(updates)) as told:
            async for update in told:
                yield update

    def turn(self, owner: object) -> Turn:
        """The turns at an object, which everyone in this event loop shares who asks for the same one."""
        with self._lock:
            turns = self._entry(asyncio.get_running_loop()).turns
        turn = turns.get(id(owner))
        if turn is None:
            turn = turns[id(owner)] = Turn(turns, id(owner))
        return turn

    async def drain(self) -> None:
        """Waits until the calls of this event loop that run now have ended."""
        with self._lock:
            entry = self._loops.get(asyncio.get_running_loop())
        if entry is not None:
            await entry.drain()

    async def close(self) -> None:
        """Closes the channels of every event loop. A later call connects anew."""
        with self._lock:
            entries, self._loops = self._loops, {}
        for loop, entry in entries.items():
            if loop is asyncio.get_running_loop():
                await entry.close()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(entry.close(), loop)

    async def _channels(self) -> LoopChannels:
        loop = asyncio.get_running_loop()
        with self._lock:
            entry = self._entry(loop)
        if not entry.is_open:
            await entry.open()
        return entry

    def _entry(self, loop: asyncio.AbstractEventLoop) -> LoopChannels:
        """The loop's channels; to be called under the lock."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._loops = {}
        entry = self._loops.get(loop)
        if entry is None:
            # A loop that ended without closing its async generators left its channels behind.
            self._loops = {known: value for known, value in self._loops.items() if not known.is_closed()}
            entry = self._loops[loop] = LoopChannels(self.options)
        return entry

    def _metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        metadata = self.options.metadata
        return tuple(metadata() if callable(metadata) else metadata)


async def _with_own_errors(updates: AsyncGenerator[_T, None], session_id: str = "") -> AsyncGenerator[_T, None]:
    """A stream's updates, with errors of this package for gRPC's."""
    try:
        async with aclosing(updates):
            async for update in updates:
                yield update
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error, session_id) from error


def pause_before_retry(failure: SessiondError, tries: int) -> float | None:
    """Seconds to wait before the next try, or None where another try would not help.

    Args:
        failure: what the last try ended with.
        tries: how many tries came before it.
    """
    if not retryable(failure):
        return None
    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * float(2**tries))
    # Jitter, so that the clients of a server that went down do not come back all at once.
    return max(failure.retry_delay or 0.0, pause * random.uniform(0.5, 1.0))  # noqa: S311
