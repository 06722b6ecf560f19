"""Verify people's OIDC access tokens against the issuer's keys, and read and make API keys.

The settings hold algorithms, issuer, audience and the address of the keys. A token's `jku`, `jwk` and `x5u` headers are
never followed.
"""

import math
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, cast

from chalicelib.clocks import Clock
from chalicelib.domain.companies.company import Mode
from chalicelib.domain.errors import Busy, Unauthenticated
from chalicelib.domain.ids import derived_id, is_id
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from jwt import PyJWK, PyJWKClient

ALGORITHMS: Final = ("RS256", "ES256")
LONGEST: Final = 8192
"""Characters. A longer token is refused before it is decoded."""
LEEWAY: Final = 30
"""The most seconds by which the issuer's clock and this one may differ."""
_FETCH_SECONDS: Final = 3.0
_KEYS_LAST_SECONDS: Final = 600
_REFETCH_SECONDS: Final = 30
_RETRY_SECONDS: Final = 2
_SUBJECT = re.compile(r"[A-Za-z0-9._:|@+=/-]{1,128}")
_API_KEY = re.compile(r"fp_(live|test)_([0-7][0-9A-HJKMNP-TV-Z]{25})([0-9A-Za-z]{32,64})")
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class User:
    """The user that an access token proves: the issuer's opaque subject, and the e-mail address if the issuer verified
    it."""

    subject: str
    email: str | None = None
    signed_in_at: datetime | None = None


@dataclass(frozen=True)
class ApiToken:
    """An API key in clear, and its parts that may be stored: its row's id, its SHA-256 (hex) and its last four
    characters."""

    token: str
    company: str
    mode: Mode
    id: str
    digest: str
    hint: str

    def __repr__(self) -> str:
        return f"ApiToken({self.id})"


def read_api_key(token: str) -> ApiToken | None:
    """Return the parts of a well-formed API key, or None. Only the key's row proves that the key is valid."""
    found = _API_KEY.fullmatch(token)
    if not found:
        return None
    return _api_token(token, f"cmp_{found[2]}", "live" if found[1] == "live" else "test")


def _api_token(token: str, company: str, mode: Mode) -> ApiToken:
    digest = sha256(token.encode()).hexdigest()
    return ApiToken(token, company, mode, derived_id("key", token), digest, token[-4:])


def make_api_key(company: str, mode: Mode, entropy: bytes) -> ApiToken:
    """Make an API key of `company` from 32 random bytes (43 digits in base 62). It is shown once and never stored."""
    if not is_id("cmp", company) or len(entropy) < 32:
        raise ValueError("an API key needs a company's id and 32 random bytes")
    number, secret = int.from_bytes(entropy[:32], "big"), ""
    for _ in range(43):
        number, digit = divmod(number, 62)
        secret += _DIGITS[digit]
    return _api_token(f"fp_{mode}_{company.removeprefix('cmp_')}{secret}", company, mode)


class Tokens:
    """Verify access tokens. The issuer's keys are cached for ten minutes.

    An unknown key id refetches them at most every thirty seconds, so that forged tokens cannot flood the issuer.
    `clock` shows the issuer's time: the system's, unless the issuer is the local one.
    """

    def __init__(self, settings: Settings) -> None:
        self.clock = Clock()
        self._settings = settings
        self._fetched = self._failed = float("-inf")

    @cached_property
    def _keys(self) -> "PyJWKClient":
        from jwt import PyJWKClient

        return PyJWKClient(self._settings.jwks_url, timeout=_FETCH_SECONDS, lifespan=_KEYS_LAST_SECONDS)

    def verify(self, token: str) -> User:
        """Return the user that `token` proves.

        Raises Unauthenticated for any fault, without naming it, and Busy when the issuer's keys cannot be fetched.
        """
        import jwt

        if len(token) > LONGEST or not token.isascii() or token.count(".") != 2:
            raise Unauthenticated
        try:
            header = jwt.get_unverified_header(token)
            self._check_header(header)
            claims = self._decode(token, self._key(header["kid"]))
            self._check_times(claims)
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise Unauthenticated from error
        return self._user(claims)

    @staticmethod
    def _check_header(header: dict[str, Any]) -> None:
        kid, kind = header.get("kid"), header.get("typ", "JWT")
        if header.get("alg") not in ALGORITHMS or not isinstance(kid, str) or not 0 < len(kid) <= 256:
            raise Unauthenticated
        # RFC 9068 §4 requires at+jwt. Cognito says JWT or nothing. Other types (an ID or logout token) are refused.
        if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in ("jwt", "at+jwt"):
            raise Unauthenticated

    def _decode(self, token: str, key: "PyJWK") -> dict[str, Any]:
        import jwt

        return jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            issuer=self._settings.issuer,
            options={
                "require": ["exp", "iat", "iss", "sub"],
                "verify_aud": False,
                # The library compares these three with the system's time. `_check_times` uses our clock.
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "enforce_minimum_key_length": True,
            },
        )

    def _check_times(self, claims: dict[str, Any]) -> None:
        """Check that a token has begun and not ended (RFC 7519 §4.1.4 to §4.1.6). Raises Unauthenticated."""
        now = self.clock.now().timestamp()
        ends, *begins = (claims[name] for name in ("exp", "iat", "nbf") if name in claims)
        if not all(type(each) in (int, float) for each in (ends, *begins)):
            raise Unauthenticated
        if not now - LEEWAY < ends < math.inf or not all(each <= now + LEEWAY for each in begins):
            raise Unauthenticated

    def _user(self, claims: dict[str, Any]) -> User:
        # Cognito's access tokens have the client instead of an audience.
        audience = claims["aud"] if "aud" in claims else claims.get("client_id")
        audiences = audience if isinstance(audience, list) else [audience]
        subject = claims["sub"]
        if self._settings.audience not in audiences or claims.get("token_use", "access") != "access":
            raise Unauthenticated
        if not _SUBJECT.fullmatch(subject):
            raise Unauthenticated
        email, signed_in = claims.get("email"), claims.get("auth_time")
        verified = claims.get("email_verified") in (True, "true") and isinstance(email, str) and len(email) <= 254
        dated = isinstance(signed_in, int) and 0 < signed_in < 1 << 33
        return User(
            subject=subject,
            email=email if verified else None,
            signed_in_at=datetime.fromtimestamp(cast(int, signed_in), UTC) if dated else None,
        )

    def _key(self, kid: str) -> "PyJWK":
        from jwt import PyJWKClient

        if known := PyJWKClient.match_kid(self._signing_keys(refresh=False), kid):
            return known
        if time.monotonic() - self._fetched >= _REFETCH_SECONDS and (
            fresh := PyJWKClient.match_kid(self._signing_keys(refresh=True), kid)
        ):
            return fresh
        raise Unauthenticated

    def _signing_keys(self, *, refresh: bool) -> "list[PyJWK]":
        from jwt.exceptions import PyJWTError

        cache = self._keys.jwk_set_cache
        fetching = refresh or cache is None or cache.get() is None
        now = time.monotonic()
        if fetching and now - self._failed < _RETRY_SECONDS:
            raise Busy(retry_after=_RETRY_SECONDS)
        try:
            keys = self._keys.get_signing_keys(refresh=refresh)
        except (PyJWTError, OSError, ValueError) as error:
            self._failed = now
            raise Busy(retry_after=_RETRY_SECONDS) from error
        if fetching:
            self._fetched = now
        return keys
