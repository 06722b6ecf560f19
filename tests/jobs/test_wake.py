"""Waking a job: a message on the queue, and no harm when there is none."""

import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from chalice.app import CloudWatchEvent

import app
from chalicelib.outside.wake import WakeQueue
from chalicelib.settings import Settings
from chalicelib.wiring import World
from local import resources
from local.engine import Engine


def test_a_wake_up_names_its_job(engine: Engine, shared_world: World) -> None:
    clients = resources.EngineClients(engine.endpoint)
    queue = clients.create()
    assert WakeQueue(replace(shared_world.settings, wake_queue=queue)).send("outbox")
    (message,) = clients.queue.receive_message(QueueUrl=queue, WaitTimeSeconds=2)["Messages"]
    assert json.loads(message["Body"]) == {"job": "outbox"}


class Lambda:
    """Notes what is started."""

    def __init__(self) -> None:
        self.started: list[dict[str, Any]] = []

    def invoke(self, **asked: Any) -> None:
        self.started.append(asked)


def test_a_job_with_rights_of_its_own_is_started_and_any_other_is_run(
    shared_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    wake_queue = WakeQueue(replace(shared_world.settings, functions=(("restores", "fn-restores"),)))
    started = Lambda()
    monkeypatch.setattr(wake_queue, "functions", started)
    monkeypatch.setattr(shared_world, "wake_queue", wake_queue)
    run: list[str] = []
    monkeypatch.setattr(app, "world", lambda: shared_world)
    monkeypatch.setattr(app, "_run", lambda name, _: run.append(name))
    records = [{"body": json.dumps({"job": job}), "receiptHandle": ""} for job in ("restores", "outbox")]
    app.wake({"Records": records}, None)
    assert run == ["outbox"]
    ((asked),) = started.started
    assert (asked["FunctionName"], asked["InvocationType"]) == ("fn-restores", "Event")
    CloudWatchEvent(json.loads(asked["Payload"]), None)  # as the job's own handler reads it


def test_without_a_queue_nothing_is_sent(shared_world: World) -> None:
    assert not WakeQueue(shared_world.settings).send("outbox")


@pytest.mark.parametrize("endpoint", ["the engine", "http://127.0.0.1:9"])
def test_a_queue_that_fails_is_logged_and_harmless(
    shared_world: World, caplog: pytest.LogCaptureFixture, endpoint: str
) -> None:
    settings: Settings = replace(shared_world.settings, wake_queue="http://127.0.0.1:9/000000000000/none")
    if endpoint != "the engine":
        settings = replace(settings, endpoint=endpoint)
    with caplog.at_level(logging.WARNING):
        assert not WakeQueue(settings).send("outbox")
    assert "wake-up not sent" in caplog.text
