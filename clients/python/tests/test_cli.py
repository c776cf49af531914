"""ADK's own servers, told of sessiond by a URI."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from server import free_ports, wait_for_http

from sessiond.adk import SessiondSessionService, register

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def call(method: str, url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


@contextmanager
def api_server(agents: Path, uri: str, log: Path) -> Iterator[str]:
    """`adk api_server` over a folder of agents."""
    (port,) = free_ports(1)
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                *(sys.executable, "-W", "ignore", "-m", "google.adk.cli", "api_server"),
                *("--host", "127.0.0.1", "--port", str(port), f"--session_service_uri={uri}", str(agents)),
            ],
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        wait_for_http(port, "/list-apps", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(params=["services.py", "services.yaml"])
def agents(request: pytest.FixtureRequest, tmp_path: Path, app: str) -> Path:
    """A folder of agents as a user has it, with either form of registration."""
    folder = tmp_path / "agents"
    folder.mkdir()
    # ADK wants names that Python can import, and this one is the app's.
    shutil.copytree(EXAMPLES / "agents/weather", folder / app.replace("-", "_"))
    source = EXAMPLES / ("agents" if request.param == "services.py" else "services-yaml") / request.param
    shutil.copy(source, folder)
    return folder


async def test_the_api_server(target: str, agents: Path, app: str, tmp_path: Path) -> None:
    app = app.replace("-", "_")
    with api_server(agents, f"sessiond://{target}?deadline=20", tmp_path / "adk.log") as url:
        sessions = f"{url}/apps/{app}/users/ann/sessions"
        created = call("POST", sessions, {"sessionId": "first", "state": {"user:name": "Ann", "n": 1.0}})
        assert created["state"] == {"user:name": "Ann", "n": 1.0}
        with pytest.raises(urllib.error.HTTPError) as caught:
            call("POST", sessions, {"sessionId": "first"})
        assert caught.value.code in (400, 409)
        caught.value.close()
        message = {"role": "user", "parts": [{"text": "The weather in Paris"}]}
        events = call(
            "POST", f"{url}/run", {"appName": app, "userId": "ann", "sessionId": "first", "newMessage": message}
        )
        assert events[-1]["content"]["parts"][0]["text"] == "It is sunny in Paris."
        patched = call("PATCH", f"{sessions}/first", {"stateDelta": {"mood": "good"}})
        assert patched["state"]["mood"] == "good"
        assert [session["id"] for session in call("GET", sessions)] == ["first"]
        call("POST", sessions, {"sessionId": "second"})
        for _ in range(2):
            call("DELETE", f"{sessions}/second")
        shown = call("GET", f"{sessions}/first")
    # The server is gone; the conversation is not.
    async with SessiondSessionService(target) as service:
        found = await service.get_session(app_name=app, user_id="ann", session_id="first")
        assert await service.get_session(app_name=app, user_id="ann", session_id="second") is None
    assert found is not None
    assert [event.id for event in found.events] == [event["id"] for event in shown["events"]]
    assert len(found.events) == 5
    assert (found.state["mood"], found.state["user:last_city"], found.state["n"]) == ("good", "Paris", 1.0)


def test_a_scheme_of_ones_own() -> None:
    from google.adk.cli.service_registry import get_service_registry

    register("kept")
    service = get_service_registry().create_session_service("kept://db:9?on_stale=append", agents_dir="/agents")
    assert isinstance(service, SessiondSessionService)
    options = service._connection.options
    assert (options.target, options.on_stale) == ("db:9", "append")
