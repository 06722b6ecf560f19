"""A local OpenID Connect issuer for `make serve` and the tests. Cognito does this on AWS.

It signs every token that it is asked for, so it exists on this machine only. It uses RS256 as Cognito does, because the
authorizer accepts one algorithm everywhere. Its name is the first address that it had, so users keep their identity
when the port changes.
"""

import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from chalicelib.clocks import Clock

ALGORITHM = "RS256"
AUDIENCE = "facture-local"
JWKS_PATH = "/.well-known/jwks.json"
DISCOVERY_PATH = "/.well-known/openid-configuration"
TOKEN_PATH = "/token"  # noqa: S105 - a path, no secret
DEFAULT_SECONDS = 3600


class IssuerResponse(NamedTuple):
    """A response of the issuer: a status and a JSON value."""

    status: HTTPStatus
    body: dict[str, Any]


class Issuer:
    """Hold one key pair under `directory` (mode 0600) and sign access tokens with it.

    `url` is the present address of its endpoints. `name` is the `iss` claim, fixed at the first start.
    `clock` dates the tokens.
    """

    def __init__(self, directory: Path, url: str, audience: str = AUDIENCE, clock: Clock | None = None) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.url = url.rstrip("/")
        self.audience = audience
        self._clock = clock or Clock()
        self._key, self.name, self._kid = load_or_create(directory / "issuer.json", self.url)

    @property
    def jwks_url(self) -> str:
        """The address of the public key."""
        return self.url + JWKS_PATH

    def jwks(self) -> dict[str, Any]:
        """Return the public key as a JSON Web Key Set."""
        key = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**key, "kid": self._kid, "alg": ALGORITHM, "use": "sig"}]}

    def discovery(self) -> dict[str, Any]:
        """Return the OpenID configuration document."""
        return {
            "issuer": self.name,
            "jwks_uri": self.jwks_url,
            "token_endpoint": self.url + TOKEN_PATH,
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
        }

    def token(
        self,
        sub: str,
        *,
        email: str | None = None,
        expires_in: int = DEFAULT_SECONDS,
        auth_time: int | None = None,
        audience: str | None = None,
        algorithm: str = ALGORITHM,
        **claims: Any,
    ) -> str:
        """Sign an access token. `expires_in` is in seconds and may be negative. `auth_time` is Unix time, by default
        now.

        Further `claims` are added and replace claims of the same name (`iss`, `nbf`, `iat` and others).
        """
        now = int(self._clock.now().timestamp())
        payload: dict[str, Any] = {
            "iss": self.name,
            "sub": sub,
            "aud": audience or self.audience,
            "iat": now,
            "exp": now + expires_in,
            "auth_time": now if auth_time is None else auth_time,
            "jti": secrets.token_hex(8),
            "token_use": "access",
        }
        if email is not None:
            payload |= {"email": email, "email_verified": True}
        return jwt.encode(payload | claims, self._key, algorithm=algorithm, headers={"kid": self._kid})

    def answer(self, method: str, path: str, body: bytes | None) -> IssuerResponse:
        """Answer a request to the issuer's endpoints. `path` is relative to `url`, without a query."""
        if method == "GET" and path == JWKS_PATH:
            return IssuerResponse(HTTPStatus.OK, self.jwks())
        if method == "GET" and path == DISCOVERY_PATH:
            return IssuerResponse(HTTPStatus.OK, self.discovery())
        if method == "POST" and path == TOKEN_PATH:
            return self._grant(body)
        return IssuerResponse(HTTPStatus.NOT_FOUND, {"error": "not_found"})

    def _grant(self, body: bytes | None) -> IssuerResponse:
        try:
            fields = json.loads(body or b"")
        except ValueError:
            fields = None
        if not isinstance(fields, dict) or not isinstance(fields.get("sub"), str) or not fields["sub"]:
            description = 'send JSON: {"sub": "an id", "email": "optional", "expires_in": 3600}'
            return IssuerResponse(
                HTTPStatus.BAD_REQUEST, {"error": "invalid_request", "error_description": description}
            )
        seconds = fields.get("expires_in")
        seconds = seconds if isinstance(seconds, int) else DEFAULT_SECONDS
        email = fields.get("email")
        token = self.token(fields["sub"], email=email if isinstance(email, str) else None, expires_in=seconds)
        return IssuerResponse(HTTPStatus.OK, {"access_token": token, "token_type": "Bearer", "expires_in": seconds})


def load_or_create(path: Path, url: str) -> tuple[rsa.RSAPrivateKey, str, str]:
    """Return the key, the issuer's name and the key's id. The first call creates and stores them (mode 0600)."""
    if not path.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        write_private(path, json.dumps({"issuer": url, "kid": secrets.token_hex(8), "private_key": pem}))
    stored = json.loads(path.read_text())
    loaded = serialization.load_pem_private_key(stored["private_key"].encode(), password=None)
    if not isinstance(loaded, rsa.RSAPrivateKey):
        raise TypeError(f"{path} holds no RSA key")
    return loaded, stored["issuer"], stored["kid"]


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically, readable by its owner only. A kill leaves the old or the new file."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


@contextmanager
def served(directory: Path, audience: str = AUDIENCE) -> Iterator[Issuer]:
    """Run an issuer with its own server on the loopback address within the `with` block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

        def _answer(self, body: bytes | None) -> None:
            status, value = issuer.answer(self.command, self.path, body)
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ARG002 - the base class's names
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = Issuer(directory, f"http://127.0.0.1:{server.server_port}", audience)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
