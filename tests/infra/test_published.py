"""The check after a deployment: the served policy is the frozen one, in every version and language."""

from urllib.parse import parse_qs, urlsplit

from chalicelib.domain.language import LANGUAGES
from chalicelib.policy.load import current, use
from infra.deploy import refusals
from infra.published import differences
from local.gateway import Gateway
from tests.client import Client
from tests.unit.policy.planting import changed


def test_the_served_policy_is_the_frozen_one(gateway: Gateway) -> None:
    anybody = Client(gateway)

    def fetch(path: str) -> str:
        parts = urlsplit(path)
        return anybody.get(parts.path, query={k: v[0] for k, v in parse_qs(parts.query).items()}).text

    assert differences(fetch) == []
    sold = differences(lambda path: fetch(path).replace("ni vendues, ni louées", "ni louées"))
    assert sold == [f"{version.version}.fr: the served text is not the frozen one" for version in current().versions]


def test_a_stage_is_not_deployed_with_rules_that_its_text_does_not_state() -> None:
    assert refusals("dev") == []
    with use(changed('term = "P7D"', 'term = "P3D"')):
        told = refusals("dev")
    assert [reason.partition(":")[0] for reason in told] == [
        f"{current().version}.{language}.html" for language in LANGUAGES
    ]
