"""The pepper from Secrets Manager, and the claim that Cognito adds for us."""

from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from chalicelib.domain.errors import Busy
from chalicelib.outside.claims import with_address
from chalicelib.outside.secret import pepper as kept
from chalicelib.services.codes import pepper
from chalicelib.settings import Settings, SettingsError
from local.engine import REGION, Engine
from tests.jobs.worlds import settings

SECRET = "a secret of at least thirty-two characters"


@pytest.fixture(scope="module")
def named(engine: Engine) -> Settings:
    """Settings that name a secret and do not hold it."""
    client = boto3.client("secretsmanager", endpoint_url=engine.endpoint, region_name=REGION)
    made = client.create_secret(Name="pepper-of-tests", SecretString=SECRET)
    return replace(settings(engine.endpoint, "secret"), pepper="", pepper_secret=made["ARN"])


def test_the_pepper_is_fetched_where_it_is_named(named: Settings) -> None:
    assert pepper(named) == SECRET
    assert SECRET not in repr(named)


def test_it_is_fetched_once(named: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(named)
    monkeypatch.setattr("chalicelib.outside.secret.bounded", None)
    assert kept(replace(named)) == SECRET


def test_the_environments_own_comes_first(named: Settings) -> None:
    assert pepper(replace(named, pepper="x" * 32)) == "x" * 32


def test_without_one_nothing_is_looked_up(named: Settings) -> None:
    with pytest.raises(SettingsError):
        pepper(replace(named, pepper_secret=None))


def test_a_missing_secret_is_a_defect_and_no_answer_is_temporary(named: Settings) -> None:
    with pytest.raises(ClientError):
        kept(replace(named, pepper_secret="nothing-of-this-name"))
    with pytest.raises(Busy):
        kept(replace(named, endpoint="http://127.0.0.1:9", places=()))


def asked(**attributes: str) -> dict[str, Any]:
    return {"request": {"userAttributes": {"sub": "u", **attributes}}, "response": {}}


def test_a_verified_address_is_put_into_access_tokens() -> None:
    answer = with_address(asked(email="a@example.ma", email_verified="true"))["response"]
    added = answer["claimsAndScopeOverrideDetails"]["accessTokenGeneration"]["claimsToAddOrOverride"]
    assert added == {"email": "a@example.ma", "email_verified": "true"}


@pytest.mark.parametrize("attributes", [{}, {"email": "a@example.ma"}, {"email": "a@x.ma", "email_verified": "false"}])
def test_no_other_address_is(attributes: dict[str, str]) -> None:
    assert with_address(asked(**attributes))["response"] == {}
