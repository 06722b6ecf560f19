"""The embedded AWS (DynamoDB, S3, SQS, KMS and others): start it, wait for it, and stop it so that it saves its state.

`make serve` keeps the state under its data directory. Tests start an engine in memory.
"""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

REGION = "eu-west-3"
ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
STOP_SECONDS = 20.0

# Every AWS client of this process and its children sees these, never the user's own account, profile or proxy.
ENVIRONMENT: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}

ENFORCING: Mapping[str, str] = {"AUTH": "true", "MINISTACK_COGNITO_PRETOKEN_STRICT": "true"}
"""Settings with which the engine checks signatures and IAM, and issues tokens with their claims."""


class EngineError(Exception):
    """The engine could not be started. The message is one line for a person."""


@dataclass
class Engine:
    """A running engine. `endpoint` is the URL for boto3's `endpoint_url`."""

    endpoint: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """Kill the engine, as a crash would."""
        self.process.kill()
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()

    def stop(self) -> None:
        """Ask the engine to save and exit. Raises EngineError when it had to be killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise EngineError(f"the engine did not stop within {STOP_SECONDS:.0f} s and was killed") from None
        finally:
            if self.process.stdin:
                self.process.stdin.close()

    def reset(self) -> None:
        """Delete every table, object, queue and key."""
        request = urllib.request.Request(f"{self.endpoint}/_ministack/reset", method="POST")  # noqa: S310
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - our own loopback address
            return

    def mails(self) -> list[dict[str, Any]]:
        """Return the mails that the engine captured since its start, oldest first, as its SES keeps them."""
        with urllib.request.urlopen(f"{self.endpoint}/_ministack/ses/messages", timeout=10) as answer:  # noqa: S310
            captured: dict[str, list[dict[str, Any]]] = json.load(answer)["messages"]
        return [mail for mails in captured.values() for mail in mails]


def start(
    directory: Path | None = None, say: Callable[[str], object] = str, settings: Mapping[str, str] | None = None
) -> Engine:
    """Start an engine that keeps its state under `directory`, or in memory for None. `settings` are further settings,
    such as `ENFORCING`.

    Waits until the engine answers. Raises EngineError with one line when it does not.
    """
    directory = directory.resolve() if directory else None  # the engine changes its working directory
    lock = hold(directory, say) if directory else None
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener, output(directory) as log:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "local.ministack", str(listener.fileno())],
            cwd=ROOT,
            env=environment(port, directory) | dict(settings or {}),
            pass_fds=[listener.fileno(), *([lock.fileno()] if lock else [])],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in the terminal must not stop the engine before the server.
        )
    engine = Engine(f"http://127.0.0.1:{port}", process)
    if lock:
        write_pid(lock, process.pid)
        lock.close()  # the engine's copy of the file holds the lock while it lives.
    try:
        wait_until_ready(engine, directory)
    except BaseException:
        engine.kill()
        raise
    return engine


@contextmanager
def running(directory: Path | None = None, settings: Mapping[str, str] | None = None) -> Iterator[Engine]:
    """Run an engine within the `with` block."""
    engine = start(directory, settings=settings)
    try:
        yield engine
    finally:
        engine.stop()


def environment(port: int, directory: Path | None) -> dict[str, str]:
    """Return the engine's environment: the caller's without variables of AWS or of this project, and the settings.

    Functions that run in the engine inherit it.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FACTURE_"))}
    own = {
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
    }
    if directory:
        kept = {
            "PERSIST_STATE": "1",
            "S3_PERSIST": "1",
            "STATE_DIR": str(directory),
            "S3_DATA_DIR": str(directory / "s3"),
        }
        own |= kept
    return inherited | dict(ENVIRONMENT) | own


@contextmanager
def output(directory: Path | None) -> Iterator[int | IO[bytes]]:
    """Open the engine's log beside its state, or discard the log."""
    if directory is None:
        yield subprocess.DEVNULL
        return
    with (directory / "engine.log").open("wb") as log:
        yield log


def hold(directory: Path, say: Callable[[str], object]) -> IO[str]:
    """Take the lock of the state, and stop an engine that a killed run left behind. The lock ends with its holder."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = (directory / "engine.lock").open("a+")
    deadline = time.monotonic() + STOP_SECONDS
    announced = False
    while not try_lock(lock):
        pid = read_pid(lock)
        if not announced:
            say(f"an engine of an earlier run (process {pid}) is still saving its state; waiting for it")
            if pid:
                stop_process(pid)
            announced = True
        if time.monotonic() > deadline:
            lock.close()
            raise EngineError(f"process {pid} still uses {directory}; stop it and try again")
        time.sleep(0.05)
    return lock


def try_lock(lock: IO[str]) -> bool:
    """Return True when the lock was free and is now held."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_pid(lock: IO[str]) -> int | None:
    """Return the process id in the lock file, or None."""
    lock.seek(0)
    text = lock.read().strip()
    return int(text) if text.isdigit() else None


def write_pid(lock: IO[str], pid: int) -> None:
    """Write the holder's process id for the message of the next run."""
    lock.seek(0)
    lock.truncate()
    lock.write(str(pid))
    lock.flush()


def stop_process(pid: int) -> None:
    """Send SIGTERM to a process that may have ended."""
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return


def last_words(directory: Path | None) -> str:
    """Return the last line of the engine's log, after a colon."""
    lines = (directory / "engine.log").read_text(errors="replace").splitlines() if directory else []
    return f": {lines[-1]}" if lines else ""


def wait_until_ready(engine: Engine, directory: Path | None) -> None:
    """Poll until the engine is ready. Raises EngineError when it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        if engine.process.poll() is not None:
            raise EngineError(f"the engine ended at once with code {engine.process.returncode}{last_words(directory)}")
        try:
            with opener.open(f"{engine.endpoint}/_ministack/ready", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.03)
    raise EngineError(f"the engine did not answer within {START_SECONDS:.0f} s")
