"""Access tokens: what is accepted, every way of forging one, and what happens when the issuer cannot be reached."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from chalicelib.domain.errors import Busy, Unauthenticated
from chalicelib.outside import tokens
from chalicelib.outside.tokens import Tokens, make_api_key, read_api_key
from chalicelib.settings import Settings
from tests.clocks import StoppedClock

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])  # the issuer listens here
ISSUER, AUDIENCE = "https://issuer.example", "facture"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 — the point
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def published(key: Any, kid: str, algorithm: str) -> dict[str, Any]:
    """A public key as the issuer shows it."""
    made = (RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm).to_jwk(key.public_key(), as_dict=True)
    return {**made, "kid": kid, "alg": algorithm, "use": "sig"}


@dataclass
class Keys:
    """An issuer's key set on a real port: what it answers can be changed, and its requests are counted."""

    body: bytes = b""
    status: int = 200
    pause: float = 0.0
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def show(self, *keys: dict[str, Any]) -> None:
        """Answer with these keys from now on."""
        self.body = json.dumps({"keys": keys}).encode()


@pytest.fixture
def keys() -> Iterator[Keys]:
    """A running issuer with an RSA, an EC and a weak key."""
    state = Keys()
    state.show(
        published(RSA_KEY, "rsa", "RS256"), published(EC_KEY, "ec", "ES256"), published(WEAK_KEY, "weak", "RS256")
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            time.sleep(state.pause)
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            with suppress(BrokenPipeError):  # a caller that gave up
                self.wfile.write(state.body)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def verifier(keys: Keys) -> Tokens:
    """A fresh verifier of that issuer's tokens."""
    return Tokens(settings(f"{keys.url}/jwks"))


def settings(jwks_url: str) -> Settings:
    """Settings that name the issuer."""
    return Settings.from_env(
        {
            "FACTURE_TABLE_PREFIX": "t-",
            "FACTURE_BUCKET_FILES": "t",
            "FACTURE_ISSUER": ISSUER,
            "FACTURE_AUDIENCE": AUDIENCE,
            "FACTURE_JWKS_URL": jwks_url,
        }
    )


def after(seconds: int) -> int:
    """An instant from now, as tokens write it."""
    return int(time.time()) + seconds


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good token; a change to None leaves the claim out."""
    now = int(time.time())
    made = {"iss": ISSUER, "aud": AUDIENCE, "sub": "person-1", "iat": now, "exp": now + 600} | changes
    return {name: value for name, value in made.items() if value is not None}


def signed(payload: dict[str, Any], key: Any = RSA_KEY, algorithm: str = "RS256", **header: Any) -> str:
    """A token; `header` changes its header."""
    return jwt.encode(payload, key, algorithm=algorithm, headers={"kid": "rsa"} | header)


def encoded(value: bytes) -> str:
    """Base64 as tokens write it."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def by_hand(header: dict[str, Any], payload: dict[str, Any], key: bytes = b"") -> str:
    """A token that the library would refuse to make: HMAC with `key`, or unsigned."""
    text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(payload).encode())}"
    return f"{text}.{encoded(hmac.digest(key, text.encode(), 'sha256')) if key else ''}"


def by_weak_key(payload: dict[str, Any]) -> str:
    """A token rightly signed by the issuer's key of 1024 bits."""
    text = by_hand({"alg": "RS256", "kid": "weak"}, payload)[:-1]
    return f"{text}.{encoded(WEAK_KEY.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def test_good_tokens(verifier: Tokens, keys: Keys) -> None:
    now = int(time.time())
    person = verifier.verify(signed(claims(email="a@b.ma", email_verified=True, auth_time=now)))
    assert (person.subject, person.email) == ("person-1", "a@b.ma")
    assert person.signed_in_at is not None
    assert person.signed_in_at.timestamp() == now
    assert verifier.verify(signed(claims(), EC_KEY, "ES256", kid="ec")).subject == "person-1"
    assert verifier.verify(signed(claims(aud=None, client_id=AUDIENCE, token_use="access"))).subject == "person-1"
    assert verifier.verify(signed(claims(aud=["x", AUDIENCE]))).subject == "person-1"
    assert verifier.verify(signed(claims(), typ="at+jwt")).subject == "person-1"
    assert len(keys.asked) == 1


def test_an_address_that_the_issuer_did_not_verify_is_not_taken_over(verifier: Tokens) -> None:
    assert verifier.verify(signed(claims(email="a@b.ma"))).email is None
    assert verifier.verify(signed(claims(email="a@b.ma", email_verified=False))).email is None


PUBLIC = RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
FORGED: dict[str, Callable[[], str]] = {
    "unsigned": lambda: by_hand({"alg": "none", "kid": "rsa"}, claims()),
    "unsigned in capitals": lambda: by_hand({"alg": "NONE", "kid": "rsa"}, claims()),
    "HMAC with the public key": lambda: by_hand({"alg": "HS256", "kid": "rsa"}, claims(), PUBLIC),
    "RS256 named, signed by HMAC": lambda: by_hand({"alg": "RS256", "kid": "rsa"}, claims(), PUBLIC),
    "another key": lambda: signed(claims(), OTHER_KEY),
    "another RSA algorithm": lambda: signed(claims(), algorithm="RS512"),
    "the EC key's id on an RSA signature": lambda: signed(claims(), kid="ec"),
    "a short key": lambda: by_weak_key(claims()),
    "no key id": lambda: jwt.encode(claims(), RSA_KEY, algorithm="RS256"),
    "a long key id": lambda: signed(claims(), kid="k" * 300),
    "an ID token's type": lambda: signed(claims(), typ="id_token+jwt"),
    "an ID token's use": lambda: signed(claims(token_use="id")),
    "another issuer": lambda: signed(claims(iss="https://evil.example")),
    "the issuer and more": lambda: signed(claims(iss=ISSUER + "/")),
    "another audience": lambda: signed(claims(aud="other")),
    "no audience": lambda: signed(claims(aud=None)),
    "another client": lambda: signed(claims(aud=None, client_id="other")),
    "another audience, our client": lambda: signed(claims(aud="other", client_id=AUDIENCE)),
    "expired": lambda: signed(claims(exp=after(-60))),
    "not yet": lambda: signed(claims(nbf=after(3600))),
    "issued in the future": lambda: signed(claims(iat=after(3600))),
    "no expiry": lambda: signed(claims(exp=None)),
    "no time of issue": lambda: signed(claims(iat=None)),
    "no issuer": lambda: signed(claims(iss=None)),
    "no subject": lambda: signed(claims(sub=None)),
    "an empty subject": lambda: signed(claims(sub="")),
    "a subject that could name another row": lambda: signed(claims(sub="a#b")),
    "a long subject": lambda: signed(claims(sub="s" * 129)),
    "a critical extension": lambda: signed(claims(), crit=["x"], x=1),
    "an infinite expiry": lambda: signed(claims(exp=float("inf"))),
    "an expiry in text": lambda: signed(claims(exp=str(after(600)))),
    "an endless expiry": lambda: by_hand({"alg": "RS256", "kid": "rsa"}, claims(exp="Infinity"), b"k"),
    "empty": lambda: "",
    "garbage": lambda: "abc",
    "dots": lambda: "..",
    "two parts": lambda: "a.b",
    "not base64": lambda: "!!.!!.!!",
    "not JSON": lambda: "YQ.YQ.YQ",
    "a header that is a list": lambda: f"{base64.urlsafe_b64encode(b'[]').decode()}.e30.YQ",
    "not ASCII": lambda: "é.é.é",
    "encrypted": lambda: "a.b.c.d.e",
    "too long": lambda: signed(claims(x="y" * 9000)),
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_tokens(verifier: Tokens, name: str) -> None:
    with pytest.raises(Unauthenticated):
        verifier.verify(FORGED[name]())


@pytest.mark.parametrize("place", ["jku", "x5u"])
def test_a_token_does_not_say_where_its_key_is(verifier: Tokens, keys: Keys, place: str) -> None:
    with pytest.raises(Unauthenticated):
        verifier.verify(signed(claims(), OTHER_KEY, kid="mine", **{place: f"{keys.url}/evil"}))
    with pytest.raises(Unauthenticated):
        verifier.verify(signed(claims(), OTHER_KEY, jwk=published(OTHER_KEY, "rsa", "RS256")))
    assert set(keys.asked) == {"/jwks"}


def test_leeway(verifier: Tokens) -> None:
    now = int(time.time())
    assert verifier.verify(signed(claims(iat=now + 10, nbf=now + 10)))
    assert verifier.verify(signed(claims(exp=now - 10)))


def test_the_verifiers_clock_decides(verifier: Tokens) -> None:
    at = datetime(2029, 1, 30, 10, tzinfo=UTC)
    then = int(at.timestamp())
    later = signed(claims(iat=then, exp=then + 600))
    with pytest.raises(Unauthenticated):
        verifier.verify(later)
    verifier.clock = StoppedClock(at)
    assert verifier.verify(later).subject == "person-1"
    with pytest.raises(Unauthenticated):
        verifier.verify(signed(claims()))


def test_a_new_key_is_fetched_but_not_for_every_forger(
    verifier: Tokens, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier.verify(signed(claims()))
    keys.show(published(OTHER_KEY, "new", "RS256"))
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            verifier.verify(signed(claims(), OTHER_KEY, kid="new"))
    assert len(keys.asked) == 1
    monkeypatch.setattr(tokens, "_REFETCH_SECONDS", 0)
    assert verifier.verify(signed(claims(), OTHER_KEY, kid="new")).subject == "person-1"
    with pytest.raises(Unauthenticated):
        verifier.verify(signed(claims()))


def test_an_issuer_that_cannot_be_reached_is_no_reason_to_sign_in_again(keys: Keys, verifier: Tokens) -> None:
    keys.status = 500
    for _ in range(10):
        with pytest.raises(Busy):
            verifier.verify(signed(claims()))
    assert len(keys.asked) == 1
    with pytest.raises(Busy):
        Tokens(settings("http://127.0.0.1:1/jwks")).verify(signed(claims()))


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"keys": []}', b'{"keys": 3}', b"\xff"])
def test_a_broken_key_set_is_the_issuers_fault(keys: Keys, verifier: Tokens, body: bytes) -> None:
    keys.body = body
    with pytest.raises(Busy):
        verifier.verify(signed(claims()))


def test_a_slow_issuer_times_out(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_FETCH_SECONDS", 0.2)
    keys.pause = 2.0
    with pytest.raises(Busy):
        Tokens(settings(f"{keys.url}/jwks")).verify(signed(claims()))


def test_a_shared_secret_in_the_key_set_signs_nothing(keys: Keys, verifier: Tokens) -> None:
    secret = b"s" * 32
    shared = {"kty": "oct", "k": base64.urlsafe_b64encode(secret).decode(), "kid": "oct", "use": "sig"}
    keys.show(published(RSA_KEY, "rsa", "RS256"), shared)
    with pytest.raises(Unauthenticated):
        verifier.verify(by_hand({"alg": "HS256", "kid": "oct"}, claims(), secret))
    with pytest.raises(Unauthenticated):
        verifier.verify(by_hand({"alg": "RS256", "kid": "oct"}, claims(), secret))


def test_api_keys() -> None:
    company = "cmp_01J00000000000000000000000"
    key = make_api_key(company, "test", bytes(range(32)))
    assert key.token.startswith("fp_test_01J00000000000000000000000")
    assert read_api_key(key.token) == key
    assert (key.company, key.mode, key.hint) == (company, "test", key.token[-4:])
    assert key.id.startswith("key_")
    assert key.token not in repr(key)
    assert make_api_key(company, "test", bytes(32)).id != key.id
    for text in (
        "",
        "fp_live_",
        key.token[:-12],
        key.token + "!",
        key.token.replace("test", "prod"),
        key.token + "é",
        key.token + "\n",
    ):
        assert read_api_key(text) is None
