"""Another engine is started as asked for, and where it cannot be, the reason is one line."""

import shutil
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.engines import second


def test_the_jar_is_found_below_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(second.Absent, match=r"no DynamoDBLocal\.jar"):
        second.dynamodb_local(tmp_path, 1)
    jar = tmp_path / "lib" / "dynamodb" / second.JAR
    jar.parent.mkdir(parents=True)
    jar.touch()
    command = second.dynamodb_local(tmp_path, 4711)
    assert command[0] == "/usr/bin/java"
    assert f"-Djava.library.path={jar.parent / second.NATIVE}" in command
    assert command[command.index("-jar") + 1] == str(jar)
    assert command[command.index("-port") + 1] == "4711"
    assert {"-inMemory", "-sharedDb", "-disableTelemetry"} <= set(command)


def test_without_java_there_is_no_dynamodb_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(second.Absent, match="Java 17"):
        second.dynamodb_local(tmp_path, 1)


def test_seaweedfs_listens_on_loopback_alone(tmp_path: Path) -> None:
    with pytest.raises(second.Absent, match="no program"):
        second.seaweedfs(tmp_path / "weed", 1, tmp_path)
    (tmp_path / "weed").touch()
    command = second.seaweedfs(tmp_path / "weed", 4711, tmp_path / "data")
    assert {"-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3.port=4711", f"-dir={tmp_path / 'data'}"} <= set(command)


def test_an_engine_that_ends_is_absent() -> None:
    with (
        pytest.raises(second.Absent, match="ended at once with code 3"),
        second.running([sys.executable, "-c", "raise SystemExit(3)"], second.free_port()),
    ):
        pass


def test_an_engine_is_stopped_and_answers_meanwhile() -> None:
    port = second.free_port()
    with second.running([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)], port) as endpoint:
        assert endpoint == f"http://127.0.0.1:{port}"
    with pytest.raises(OSError, match="refused"):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(endpoint, timeout=1)


def test_nothing_is_started_unless_asked_for(tmp_path: Path) -> None:
    with second.places(None, None, tmp_path) as found:
        assert found == {}
