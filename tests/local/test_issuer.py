"""The local issuer: its tokens verify against its own key set, and against nothing else."""

import json
import stat
import urllib.error
import urllib.request
from pathlib import Path

import jwt
import pytest

from local.issuer import ALGORITHM, Issuer, served

URL = "http://127.0.0.1:8000/_local"


def verified(issuer: Issuer, token: str) -> dict[str, object]:
    """The claims, checked as an authorizer checks them."""
    keys = jwt.PyJWKSet.from_dict(issuer.jwks())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, object] = jwt.decode(
        token, key, algorithms=[ALGORITHM], audience=issuer.audience, issuer=issuer.name
    )
    return claims


def test_a_token_has_the_requested_claims(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path, URL)
    token = issuer.token("someone", email="someone@example.ma", auth_time=1, scope="read")
    claims = verified(issuer, token)
    assert (claims["sub"], claims["email"], claims["auth_time"], claims["scope"]) == (
        "someone",
        "someone@example.ma",
        1,
        "read",
    )


def test_an_expired_or_foreign_token_fails(tmp_path: Path) -> None:
    issuer, other = Issuer(tmp_path / "one", URL), Issuer(tmp_path / "two", URL)
    with pytest.raises(jwt.ExpiredSignatureError):
        verified(issuer, issuer.token("someone", expires_in=-1))
    with pytest.raises(jwt.InvalidAudienceError):
        verified(issuer, issuer.token("someone", audience="other"))
    with pytest.raises(KeyError):
        verified(issuer, other.token("someone"))


def test_the_key_and_the_name_outlive_a_restart_and_a_new_port(tmp_path: Path) -> None:
    first = Issuer(tmp_path, URL)
    second = Issuer(tmp_path, "http://127.0.0.1:9000/_local")
    assert second.name == first.name == URL
    assert second.jwks_url == "http://127.0.0.1:9000/_local/.well-known/jwks.json"
    assert verified(second, first.token("someone"))["sub"] == "someone"
    assert stat.S_IMODE((tmp_path / "issuer.json").stat().st_mode) == 0o600


def test_the_private_key_is_never_published(tmp_path: Path) -> None:
    [key] = Issuer(tmp_path, URL).jwks()["keys"]
    assert key.keys() == {"kty", "key_ops", "n", "e", "kid", "alg", "use"}


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"sub": ""}', b'{"sub": 1}', None])
def test_a_request_without_a_subject_is_refused(tmp_path: Path, body: bytes | None) -> None:
    assert Issuer(tmp_path, URL).answer("POST", "/token", body).status == 400


def test_it_answers_over_http(tmp_path: Path) -> None:
    with served(tmp_path) as issuer:
        with urllib.request.urlopen(issuer.jwks_url) as answer:
            assert json.load(answer) == issuer.jwks()
        request = urllib.request.Request(f"{issuer.url}/token", b'{"sub": "me"}')
        with urllib.request.urlopen(request) as answer:
            assert verified(issuer, json.load(answer)["access_token"])["sub"] == "me"
        with pytest.raises(urllib.error.HTTPError) as refusal, urllib.request.urlopen(f"{issuer.url}/nowhere"):
            pass
        refusal.value.close()
