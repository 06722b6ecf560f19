"""The settings of the application: careful for anybody, and by their own choices for a member."""

from typing import Any

import pytest

from chalicelib.domain.privacy.consent import Choice, Consent
from chalicelib.services.companies.app_settings import ads_mode
from chalicelib.settings import Settings, SettingsError
from local.gateway import Gateway
from local.issuer import Issuer
from tests.client import Client
from tests.conftest import Shop

ENVIRONMENT = {
    "FACTURE_TABLE_PREFIX": "x-",
    "FACTURE_BUCKET_FILES": "x",
    "FACTURE_ISSUER": "x",
    "FACTURE_AUDIENCE": "x",
    "FACTURE_JWKS_URL": "x",
}


def test_anybody_is_treated_with_care(gateway: Gateway) -> None:
    got = Client(gateway).get("/v1/app-settings")
    assert got.status == 200
    assert got.json["ads"] == {"mode": "non_personalised", "consent_needed": False, "age_treatment": "child"}
    assert got.json["cloud"] == {"sync": False, "backup": False}
    assert (got.json["member"], got.json["minimum_version"]) == (None, "1.0.0")
    assert got.json["policy"]["must_accept"] is True


def test_a_member_sees_their_own(shop: Shop) -> None:
    shop.owner.post("/v1/consents", {"kind": "diagnostics", "granted": False})
    got = shop.owner.get("/v1/app-settings").json
    assert got["member"] == shop.owner.get("/v1/consents").json["id"]
    assert (got["ads"]["age_treatment"], got["diagnostics"]["enabled"]) == ("unspecified", False)
    assert got["cloud"] == {"sync": True, "backup": False}
    assert got["policy"]["must_accept"] is False


def test_an_invalid_token_gets_the_public_settings(gateway: Gateway, issuer: Issuer, shop: Shop, new_shop: Any) -> None:
    anybody = Client(gateway).get("/v1/app-settings").json
    key, _ = shop.key("company.read")
    stranger = Client(gateway, issuer.token("somebody-without-a-company"))
    elsewhere = Client(gateway, shop.owner.token, new_shop(cloud=False).company)
    for client in (Client(gateway, "forged"), key, stranger, elsewhere):
        assert client.get("/v1/app-settings").json == anybody


def test_ads_are_personalised_only_where_both_agree() -> None:
    stamps: Any = {"company": "cmp_1", "created_at": None, "updated_at": None}
    agreed = Consent(id="mem_1", **stamps, choices=(Choice(kind="ads_personalised", granted=True, chosen_at=None),))  # type: ignore[arg-type]
    assert ads_mode("consented", agreed) == "personalised"
    assert ads_mode("consented", None) == "non_personalised"
    assert ads_mode("non_personalised", agreed) == "non_personalised"
    assert ads_mode("off", agreed) == "off"


def test_an_operator_cannot_misspell_the_mode() -> None:
    assert Settings.from_env(ENVIRONMENT).ads == "non_personalised"
    assert Settings.from_env(ENVIRONMENT | {"FACTURE_ADS": "off"}).ads == "off"
    with pytest.raises(SettingsError, match="FACTURE_ADS"):
        Settings.from_env(ENVIRONMENT | {"FACTURE_ADS": "personalized"})
