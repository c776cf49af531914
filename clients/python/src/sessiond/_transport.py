"""What every channel and stream of this package has in common; needs nothing but grpcio and protobuf."""

from __future__ import annotations

import asyncio
import sys
from importlib import resources
from typing import Any

#: Retries of unavailable servers and balancing over all addresses: the file that every sessiond client loads. Its
#: package is not imported for it, as that needs google-adk.
SERVICE_CONFIG = resources.files("sessiond").joinpath("adk/service_config.json").read_text("utf-8")


def channel_arguments(*, keepalive: bool) -> dict[str, Any]:
    """The arguments of a channel to sessiond; ``keepalive`` for one that is silent for long while it is used."""
    arguments: dict[str, Any] = {
        "grpc.service_config": SERVICE_CONFIG,
        "grpc.enable_retries": 1,
        # gRPC's own limit is 4 MiB. An event may have 16, and a page of sessions with large states more.
        "grpc.max_receive_message_length": -1,
        "grpc.max_send_message_length": -1,
        # gRPC waits up to two minutes before it looks again whether a server is back.
        "grpc.initial_reconnect_backoff_ms": 200,
        "grpc.max_reconnect_backoff_ms": 2_000,
        # Channels to the same address would share one TCP connection otherwise.
        "grpc.use_local_subchannel_pool": 1,
    }
    if keepalive:
        arguments["grpc.keepalive_time_ms"] = 60_000
        arguments["grpc.keepalive_timeout_ms"] = 20_000
    return arguments


async def read_within(call: Any, seconds: float) -> Any:
    """The next message of a stream, or ``grpc.aio.EOF``.

    Raises:
        asyncio.TimeoutError: none came in time; the call is cancelled.
        grpc.aio.AioRpcError: the stream's error.
    """
    if sys.version_info >= (3, 11):  # which waits without a task for every message
        async with asyncio.timeout(seconds):
            return await call.read()
    return await asyncio.wait_for(call.read(), seconds)
