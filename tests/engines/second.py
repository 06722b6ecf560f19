"""Starts another DynamoDB (`--dynamodb-local=DIRECTORY`) or another S3 (`--seaweedfs=PROGRAM`) for a test run.

The embedded engine runs beside it for all else. Amazon's licence forbids handing DynamoDB Local on: a person fetches it
(docs/self-hosting.md) and names where it lies. Where it cannot run, the test run ends at once with the reason.
"""

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from chalicelib.settings import PLACES

JAR, NATIVE = "DynamoDBLocal.jar", "DynamoDBLocal_lib"
START_SECONDS, STOP_SECONDS = 60.0, 10.0


class Absent(Exception):
    """The engine that was asked for cannot run here; the message says why."""


def dynamodb_local(directory: Path, port: int) -> list[str]:
    """The command that runs Amazon's DynamoDB Local from the folder its jar is in or below. Raises Absent."""
    java = shutil.which("java")
    if java is None:
        raise Absent("DynamoDB Local needs Java 17, and no `java` was found")
    jar = next(iter(sorted(directory.rglob(JAR))), None)
    if jar is None:
        raise Absent(f"there is no {JAR} in {directory}")
    native = f"-Djava.library.path={jar.parent / NATIVE}"
    return [java, native, "-jar", str(jar), "-port", str(port), "-sharedDb", "-inMemory", "-disableTelemetry"]


def seaweedfs(program: Path, port: int, data: Path) -> list[str]:
    """The command that runs SeaweedFS with its S3 gateway at `port`, on loopback alone. Raises Absent."""
    if not program.is_file():
        raise Absent(f"there is no program {program}")
    data.mkdir(parents=True, exist_ok=True)
    ports = [f"-{part}.port={free_port()}" for part in ("master", "filer", "volume")]
    quiet = ["-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    return [
        str(program),
        "mini",
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-s3.port={port}",
        *ports,
        *quiet,
    ]


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[str]:
    """The endpoint of the engine that `command` starts, for the length of a `with` block. Raises Absent."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        endpoint = f"http://127.0.0.1:{port}"
        _wait(process, endpoint)
        yield endpoint
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        process.kill()
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", endpoint: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Absent(f"the engine ended at once with code {process.returncode}")
        try:
            with opener.open(endpoint, timeout=1):
                return
        except urllib.error.HTTPError as answered:  # it refuses what is not signed: it is there
            answered.close()
            return
        except OSError:
            time.sleep(0.1)
    raise Absent(f"the engine did not answer within {START_SECONDS:.0f} s")


@contextmanager
def places(dynamodb: str | None, s3: str | None, data: Path) -> Iterator[dict[str, str]]:
    """The environment that sends the tests to the engines asked for; empty for none. Raises Absent."""
    port = free_port()
    if dynamodb:
        with running(dynamodb_local(Path(dynamodb), port), port) as endpoint, places(None, s3, data) as others:
            yield {PLACES["dynamodb"]: endpoint, **others}
    elif s3:
        with running(seaweedfs(Path(s3), port, data), port) as endpoint:
            yield {PLACES["s3"]: endpoint}
    else:
        yield {}
