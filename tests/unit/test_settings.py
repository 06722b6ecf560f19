"""Each service may be at an address of its own, and every client goes where the settings say."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from chalicelib.api import pages
from chalicelib.policy.load import current
from chalicelib.policy.terms import most_days
from chalicelib.settings import PLACES, UNBOUND_DAYS, Settings, SettingsError
from chalicelib.store.tables import tables
from chalicelib.wiring import World
from tests.jobs.worlds import settings

SOURCES = Path(__file__).parents[2] / "chalicelib"
REQUIRED = dict.fromkeys(
    ("FACTURE_TABLE_PREFIX", "FACTURE_BUCKET_FILES", "FACTURE_ISSUER", "FACTURE_AUDIENCE", "FACTURE_JWKS_URL"), "x"
)
ELSEWHERE = replace(
    settings("http://all.example", "t"),
    wake_queue="http://queue.example/q",
    places=tuple((service, f"http://{service}.example") for service in PLACES),
)


def test_all_services_are_on_aws_by_default() -> None:
    made = Settings.from_env(REQUIRED)
    assert {made.endpoint_of(service) for service in PLACES} == {None}


def test_one_address_is_for_all_and_a_services_own_comes_first() -> None:
    made = Settings.from_env({**REQUIRED, "FACTURE_ENDPOINT": "http://all", "FACTURE_ENDPOINT_S3": "http://objects"})
    assert {service: made.endpoint_of(service) for service in PLACES} == {
        "dynamodb": "http://all",
        "s3": "http://objects",
        "kms": "http://all",
        "sesv2": "http://all",
        "sqs": "http://all",
        "secretsmanager": "http://all",
        "lambda": "http://all",
        "sts": "http://all",
        "cognito-idp": "http://all",
    }
    assert Settings.from_env({**REQUIRED, "FACTURE_ENDPOINT_SES": "http://mail"}).places == (("sesv2", "http://mail"),)


def test_an_empty_variable_is_none() -> None:
    assert Settings.from_env({**REQUIRED, "FACTURE_ENDPOINT_KMS": ""}).places == ()


def test_the_roles_of_sessions_are_by_job() -> None:
    named = Settings.from_env({**REQUIRED, "FACTURE_SESSION_ROLES": "retention=arn:1,requests=arn:2"})
    assert [named.session_role_of(job) for job in ("retention", "requests", "bulk")] == ["arn:1", "arn:2", None]
    assert Settings.from_env({**REQUIRED, "FACTURE_SESSION_ROLES": ""}).session_roles == ()
    for wrong in ("retention", "=arn", "retention="):
        with pytest.raises(SettingsError, match="FACTURE_SESSION_ROLES"):
            Settings.from_env({**REQUIRED, "FACTURE_SESSION_ROLES": wrong})


def test_missing_settings_are_named() -> None:
    with pytest.raises(SettingsError, match="FACTURE_ISSUER"):
        Settings.from_env({**REQUIRED, "FACTURE_ISSUER": ""})


def clients() -> Iterator[tuple[str, Any]]:
    world = World(ELSEWHERE)
    yield "dynamodb", world.store.connection.client
    yield "s3", world.files.client
    yield "kms", world.keys.client
    yield "sesv2", world.mailer.client
    yield "sqs", world.wake_queue.client
    yield "sts", world.sessions.client
    dynamodb, s3 = pages._clients(ELSEWHERE)
    yield "dynamodb", dynamodb
    yield "s3", s3


@pytest.mark.usefixtures("engine")  # credentials
def test_every_client_goes_where_its_service_is() -> None:
    for service, client in clients():
        assert client.meta.endpoint_url == f"http://{service}.example"
    assert {model.Meta.host for model in tables(ELSEWHERE).values()} == {"http://dynamodb.example"}


def test_nobody_asks_for_the_one_address() -> None:
    """A client made with it would go astray where its service has an address of its own."""
    asking = {
        f"{path.relative_to(SOURCES)}:{node.lineno}"
        for path in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg in ("endpoint_url", "host")
        if isinstance(node.value, ast.Attribute) and node.value.attr == "endpoint"
    }
    assert asking == set()


def test_answers_of_before_count_for_their_term_after_the_first_deployment() -> None:
    term = current().rules["transient.idempotency"].term
    assert term is not None

    def unbound(day: str | None, at: date) -> bool:
        made = Settings.from_env(REQUIRED | ({"FACTURE_ANSWERS_BOUND_SINCE": day} if day is not None else {}))
        return made.answers_unbound(datetime.combine(at, time(12), UTC))

    assert [unbound(day, date(2030, 1, 1)) for day in (None, "", "2029-12-01", "2029-11-30")] == [
        True,
        True,
        True,
        False,
    ]
    assert UNBOUND_DAYS.days > most_days(term)
    with pytest.raises(SettingsError, match="FACTURE_ANSWERS_BOUND_SINCE is 'tomorrow'"):
        unbound("tomorrow", date(2030, 1, 1))
