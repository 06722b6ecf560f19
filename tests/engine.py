"""The engine and the issuer of the tests: real ones, in memory, one pair for each test process.

`tests/conftest.py` imports the fixtures. A test isolates itself by a table prefix or a company of its own; starting an
engine costs 0.2 s and 60 MB, so each xdist worker has one and none has to wait for another.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from chalicelib.settings import PLACES
from infra import permissions
from local import engine as embedded
from local import issuer as identity
from local.engine import Engine
from local.issuer import Issuer
from local.resources import EngineClients, create_user_pool
from tests.engines import second

SESSION_ROLES = tuple(
    (job, f"arn:aws:iam::000000000000:role/facture-test/{job}/made") for job in permissions.sessions()
)
"""Every job that has sessions works under them in tests, too."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Other engines, each opt-in: `make engines`."""
    parser.addoption(
        "--every-call", action="store_true", help="kill at every AWS call, reads included (tests/crash.py)"
    )
    group = parser.getgroup("engines")
    group.addoption("--dynamodb-local", metavar="DIRECTORY", help="keep tables in the DynamoDB Local that lies there")
    group.addoption("--seaweedfs", metavar="PROGRAM", help="keep objects in this SeaweedFS (`weed`)")


@pytest.fixture(scope="session")
def other_engines(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment that leads to the engines asked for on the command line."""
    option = request.config.getoption
    asked = second.places(option("--dynamodb-local"), option("--seaweedfs"), tmp_path_factory.mktemp("engines"))
    with ExitStack() as stack:
        try:
            found = stack.enter_context(asked)
        except second.Absent as reason:
            pytest.exit(f"the engine that was asked for cannot run: {reason}", returncode=1)
        yield found


@pytest.fixture
def embedded_s3(other_engines: Mapping[str, str]) -> None:
    """For what another S3 does not have."""
    if PLACES["s3"] in other_engines:
        pytest.skip("SeaweedFS knows no key of a KMS")


@pytest.fixture(scope="session")
def engine(other_engines: Mapping[str, str]) -> Iterator[Engine]:
    """An engine that forgets everything when the session ends."""
    with pytest.MonkeyPatch.context() as patch, embedded.running() as started:
        for name in PLACES.values():
            patch.delenv(name, raising=False)
        for name, value in other_engines.items():
            patch.setenv(name, value)
        # Whatever a test calls, it can reach this engine at most, never the developer's own account.
        patch.delenv("AWS_PROFILE", raising=False)
        patch.delenv("AWS_SESSION_TOKEN", raising=False)
        for name, value in embedded.ENVIRONMENT.items():
            patch.setenv(name, value)
        yield started


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    """An issuer that answers on a port of its own; `issuer.token(sub, …)` signs."""
    with identity.served(Path(tmp_path_factory.mktemp("issuer"))) as started:
        yield started


@cache
def user_pool(endpoint: str) -> str:
    """The user pool of an engine's tests."""
    return create_user_pool(EngineClients(endpoint).sign_ins, "facture-test")


def settings_environment(engine: Engine, issuer: Issuer, prefix: str) -> Mapping[str, str]:
    """The environment that `Settings.from_env` reads, for tables and a bucket under `prefix`."""
    return {
        "AWS_DEFAULT_REGION": embedded.REGION,
        "FACTURE_STAGE": "test",
        "FACTURE_ENDPOINT": engine.endpoint,
        "FACTURE_TABLE_PREFIX": f"{prefix}-",
        "FACTURE_BUCKET_FILES": f"{prefix}-files",
        "FACTURE_ISSUER": issuer.name,
        "FACTURE_AUDIENCE": issuer.audience,
        "FACTURE_JWKS_URL": issuer.jwks_url,
        "FACTURE_BUILD": "test",
        "FACTURE_PEPPER": "the same for as long as the tables live",
        "FACTURE_MAIL_FROM": "service@facture.example",
        "FACTURE_USER_POOL": user_pool(engine.endpoint),
        "FACTURE_ANSWERS_BOUND_SINCE": "2026-01-01",
        "FACTURE_SESSION_ROLES": ",".join(f"{job}={role}" for job, role in SESSION_ROLES),
    }
