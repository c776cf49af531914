from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from server import Server

from sessiond.adk import SessiondSessionService

# The same examples in every run, so that a failure is one of the change at hand. To look for more of them:
# HYPOTHESIS_EXAMPLES=5000 run-tests --only adk-2.13 -- -k comes_back
_EXAMPLES = os.environ.get("HYPOTHESIS_EXAMPLES")
settings.register_profile(
    "tests",
    max_examples=int(_EXAMPLES or 200),
    derandomize=_EXAMPLES is None,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("tests")


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server that all tests share: the one in SESSIOND_TEST_TARGET, or one of their own."""
    given = os.environ.get("SESSIOND_TEST_TARGET")
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
