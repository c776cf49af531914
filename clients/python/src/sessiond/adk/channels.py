"""The gRPC channels of an event loop, and what bounds the calls over them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import grpc

from sessiond._transport import channel_arguments
from sessiond.v1.session_service_pb2_grpc import SessionServiceStub

from .appends import AppendCalls
from .lines import Line, Turn
from .options import Options

#: Unary calls at a time; more do not make the server faster. A server takes 256 streams of a connection by default, of
#: which the calls that give up together and those that come in their place may need twice as many for a moment.
_CALLS_AT_ONCE = 100

#: Histories that are read at a time, over a connection of their own.
_HISTORIES_AT_ONCE = 64

#: Appends at a time, which ride in a few calls: enough to fill the next ones while some run.
_APPENDS_AT_ONCE = 1024


class LoopChannels:
    """The channels of one event loop, and the lines before them. ``with`` counts a call as running.

    One channel is for unary calls, one for histories and one for tails, so that none of these holds up the others.
    """

    unary_stub: Any
    history_stub: Any
    appends: AppendCalls
    tail_channel: grpc.aio.Channel

    def __init__(self, options: Options) -> None:
        self._options = options
        self.turns: dict[int, Turn] = {}
        # Calls give up a little before their time is up; one that waited for most of it is not to begin anew.
        patience = options.deadline / 2
        self.call_line = Line(_CALLS_AT_ONCE, patience)
        self.append_line = Line(_APPENDS_AT_ONCE, patience)
        self.appends_alone = asyncio.Semaphore(_CALLS_AT_ONCE)
        self.history_line = Line(_HISTORIES_AT_ONCE, options.stream_idle / 2)
        self._guard: AsyncGenerator[None, None] | None = None
        self._calls = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def is_open(self) -> bool:
        """Whether the channels are there."""
        return self._guard is not None

    async def open(self) -> None:
        """Makes the channels."""
        unary, history, tail = (_channel(self._options, keepalive=keepalive) for keepalive in (False, True, True))
        # What grpcio-tools generates for asyncio has no types.
        self.unary_stub = cast(Any, SessionServiceStub)(unary)
        self.history_stub = cast(Any, SessionServiceStub)(history)
        self.appends = AppendCalls(self.unary_stub)
        self.tail_channel = tail
        self._guard = _close_at_end(unary, history, tail)
        await self._guard.__anext__()

    def __enter__(self) -> None:
        self._calls += 1
        self._idle.clear()

    def __exit__(self, *_: object) -> None:
        self._calls -= 1
        if self._calls == 0:
            self._idle.set()

    async def drain(self) -> None:
        """Waits until no call is running."""
        await self._idle.wait()

    async def close(self) -> None:
        """Closes the channels. Calls that run end in an error."""
        guard, self._guard = self._guard, None
        if guard is not None:
            await guard.aclose()


async def _close_at_end(*channels: grpc.aio.Channel) -> AsyncGenerator[None, None]:
    """Waits at its yield until it is closed, and then closes the channels.

    ``asyncio.run`` closes all generators before it ends its loop, which is the one moment at which the channels of a
    loop that nobody closes can still be closed in order.
    """
    try:
        yield
    finally:
        for channel in channels:
            await channel.close()


def _channel(options: Options, *, keepalive: bool) -> grpc.aio.Channel:
    arguments = channel_arguments(keepalive=keepalive)
    arguments.update(options.channel_options)
    settings = list(arguments.items())
    if options.encrypted:
        return grpc.aio.secure_channel(options.target, _credentials(options), options=settings)
    return grpc.aio.insecure_channel(options.target, options=settings)


def _credentials(options: Options) -> grpc.ChannelCredentials:
    if options.credentials is not None:
        return options.credentials() if callable(options.credentials) else options.credentials
    return grpc.ssl_channel_credentials(
        root_certificates=_file(options.ca_file),
        private_key=_file(options.key_file),
        certificate_chain=_file(options.cert_file),
    )


def _file(path: str | None) -> bytes | None:
    return None if path is None else Path(path).read_bytes()
