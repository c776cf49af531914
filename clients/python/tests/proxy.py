"""A TCP proxy that can lose the server's answers."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType


class Proxy:
    """Forwards to a server. ``lose_answers`` lets what the client sends through, and nothing back."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._host, self._port = host, int(port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._losing = False
        self.lost = asyncio.Event()
        self.target = ""

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.target = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()

    def lose_answers(self) -> None:
        """From now on answers are dropped; ``lost`` is set with the first."""
        self.lost.clear()
        self._losing = True

    def cut(self) -> None:
        """Breaks all connections; new ones work."""
        self._losing = False
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(self._host, self._port)
        pair = {writer, upstream_writer}
        self._writers |= pair
        try:
            await asyncio.gather(
                self._pump(reader, upstream_writer, answers=False), self._pump(upstream_reader, writer, answers=True)
            )
        finally:
            self._writers -= pair
            for each in pair:
                each.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if answers and self._losing:
                    # Settings and acknowledgements of HTTP/2 come first; an answer to a call has a body.
                    if len(data) > 30:
                        self.lost.set()
                    continue
                writer.write(data)
                await writer.drain()
        writer.close()
