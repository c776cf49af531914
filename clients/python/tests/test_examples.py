from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from server import free_ports, wait_for_http
from test_cli import call

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def run(script: str, target: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", script, target],
        cwd=EXAMPLES,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_conversation(target: str) -> None:
    run("conversation.py", target)
    printed = run("conversation.py", target)
    assert "the last city was Tokyo" in printed
    assert "How is the weather in Paris? It is sunny in Paris." in printed
    assert "8 events are stored" in printed


@pytest.mark.once
def test_the_plain_stubs(target: str) -> None:
    assert run("plain_stubs.py", target) == '1 user {"role":"user","parts":[{"text":"hello"}]} {\'n\': \'1\'}\n'
    assert len((EXAMPLES / "plain_stubs.py").read_text().splitlines()) <= 20


@pytest.mark.once
def test_the_web_application(target: str, tmp_path: Path, app: str) -> None:
    (port,) = free_ports(1)
    log = tmp_path / "uvicorn.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "uvicorn", "fastapi_app:app", "--port", str(port)],
            cwd=EXAMPLES,
            stdout=out,
            stderr=out,
            env={**os.environ, "SESSIONS_TARGET": target},
        )
    try:
        wait_for_http(port, "/openapi.json", process, log)
        url = f"http://127.0.0.1:{port}/chat/ann/{app}"
        for city in ("Paris", "Tokyo"):
            assert call("POST", url, {"text": f"The weather in {city}?"}) == {"answer": f"It is sunny in {city}."}
        process.terminate()
        assert process.wait(20) in (0, -15)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert "Application shutdown complete" in log.read_text()
    assert "Traceback" not in log.read_text()
