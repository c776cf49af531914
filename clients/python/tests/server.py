"""A real sessiond server for the tests."""

from __future__ import annotations

import http.client
import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


# Below the ports that systems give to clients, so that none of those takes one between the look for it and its use, and
# never one twice. Test runs side by side get starts that are far apart; what else runs is avoided by chance.
_ports = itertools.count(int(os.environ.get("SESSIOND_TEST_PORTS", "20000")) + random.randrange(3_000))


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at the moment."""
    found: list[int] = []
    while len(found) < count:
        port = next(_ports)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return found


def wait_for_http(port: int, path: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 100) -> None:
    """Waits until a server answers 200, or fails with what it printed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    raise RuntimeError(f"no answer on {path}; the server printed:\n{log.read_text(errors='replace')[-4000:]}")


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path, seconds: float = 100) -> None:
    """Waits until somebody listens on a port."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nobody listens; the server printed:\n{log.read_text(errors='replace')[-4000:]}")


class Server:
    """One server over a SQLite file, which can be killed and started again on the same ports."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.arguments = arguments
        self.grpc_port, self.http_port = free_ports(2)
        self.target = f"127.0.0.1:{self.grpc_port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Server:
        node = ROOT / "node_modules/.bin" / ("node.cmd" if sys.platform == "win32" else "node")
        log = self.folder / "server.log"
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [
                    str(node),
                    "--disable-warning=ExperimentalWarning",
                    "src/main.ts",
                    "serve",
                    *("--store", f"sqlite:{self.folder / 'sessiond.db'}"),
                    *("--grpc-port", str(self.grpc_port)),
                    *("--http-port", str(self.http_port)),
                    *([] if "--log-level" in self.arguments else ["--log-level", "warn"]),
                    *self.arguments,
                ],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={key: value for key, value in os.environ.items() if not key.startswith("SESSIOND_")},
            )
        try:
            if "--tls-cert" in self.arguments:
                wait_for_port(self.grpc_port, self.process, log)
            else:
                wait_for_http(self.http_port, "/readyz", self.process, log)
        except BaseException:
            self.kill()
            raise
        return self

    def kill(self) -> None:
        """Ends it at once, as a crash does."""
        self._end(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)

    def stop(self) -> None:
        """Asks it to end."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)
        self.process = None
