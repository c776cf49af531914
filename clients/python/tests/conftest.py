from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from server import Server

from sessiond.adk import SessiondSessionService


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server that all tests share: the one in SESSIOND_TARGET, or one of their own."""
    given = os.environ.get("SESSIOND_TARGET")
    if given:
        yield given
        return
    server = Server(tmp_path_factory.mktemp("sessiond")).start()
    yield server.target
    server.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, which it may kill."""
    server = Server(tmp_path).start()
    yield server
    server.stop()


@pytest.fixture
def app() -> str:
    """An app that no other test uses."""
    return f"app-{uuid.uuid4()}"


@pytest.fixture
async def service(target: str) -> AsyncIterator[SessiondSessionService]:
    async with SessiondSessionService(target) as service:
        yield service
