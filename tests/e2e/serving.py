"""Starts the service as a process, as `make serve` does, and speaks HTTP to it."""

import atexit
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
READY = "ready on http://127.0.0.1:"
READY_SECONDS = 90.0
STOP_SECONDS = 15.0


@dataclass
class Answer:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Served:
    """A running service and what it has said so far."""

    process: subprocess.Popen[str]
    data: Path
    lines: list[str] = field(default_factory=list)
    port: int = 0

    @classmethod
    def start(cls, data: Path, module: str = "local.serve", port: int = 0) -> Self:
        """Start it on `data` and wait for its address."""
        env = {**os.environ, "FACTURE_DATA": str(data), "PORT": str(port), "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        atexit.register(process.kill)  # a test that fails half-way leaves nothing running
        served = cls(process, data)
        served._await_address()
        return served

    def _await_address(self) -> None:
        told = threading.Event()
        threading.Thread(target=self._listen, args=(told,), daemon=True).start()
        if not told.wait(READY_SECONDS):
            self.process.kill()
            raise AssertionError(f"not ready: {self.lines}")
        if not self.port:
            code = self.process.wait()
            raise AssertionError(f"it ended with code {code} before it was ready: {self.lines}")

    def _listen(self, told: threading.Event) -> None:
        """Keep what the service says, to its end; tell when it is ready or gone."""
        assert self.process.stdout
        with self.process.stdout as stream:
            for line in stream:
                self.lines.append(line.strip())
                if READY in line:
                    self.port = int(line.split(READY)[1].split()[0])
                    told.set()
        told.set()

    @classmethod
    @contextmanager
    def running(cls, data: Path, module: str = "local.serve") -> Iterator[Self]:
        """It runs while the tests need it. At the end it must stop cleanly and have nothing to complain of."""
        service = cls.start(data, module)
        yield service
        assert service.stop() == 0
        assert service.complaints == []

    @property
    def complaints(self) -> list[str]:
        """The log lines that no request may cause: bugs, and refusals that no endpoint declares."""
        return [line for line in self.lines if "unhandled: " in line or "undeclared refusal" in line]

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request on a connection of its own. An underscore in a header's name stands for a hyphen."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, names)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def raw(self, data: bytes) -> Answer:
        """Send bytes as they are and read one answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(data)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def kill(self, *, engine: bool) -> None:
        """End the server at once, as a crash would, and with it the embedded engine, which else saves and leaves."""
        victims = [int((self.data / "aws" / "engine.lock").read_text())] if engine else []
        for victim in (*victims, self.process.pid):
            os.kill(victim, signal.SIGKILL)
        self.process.wait()


def assert_problem(answer: Answer, status: int) -> None:
    """The shape that API.md promises, also for what no endpoint answers."""
    assert answer.status == status
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert {"type", "title", "detail", "code", "request_id"} <= problem.keys()
    assert problem["request_id"] == answer.headers["request-id"]
    assert b"secret" not in answer.body
    assert b"Traceback" not in answer.body
