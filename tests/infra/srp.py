"""Signing in to a Cognito pool by a password that is never sent (SRP, RFC 5054): what the application's SDK does."""

import base64
import hmac
import secrets
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
BASE = 2


def sign_in(cognito: Any, pool: str, client: str, email: str, password: str) -> str:
    """An access token of the user. Raises what Cognito answers to a wrong password."""
    own = secrets.randbelow(PRIME - 2) + 1
    public = pow(BASE, own, PRIME)
    asked = cognito.initiate_auth(
        ClientId=client, AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": email, "SRP_A": f"{public:x}"}
    )
    told = asked["ChallengeParameters"]
    at = datetime.now(UTC)
    stamp = f"{at:%a %b} {at.day} {at:%H:%M:%S} UTC {at.year}"
    user = told["USER_ID_FOR_SRP"]
    named = (pool.split("_", 1)[1] + user).encode()
    key = _key(own, public, int(told["SRP_B"], 16), told["SALT"], named + f":{password}".encode())
    message = named + base64.b64decode(told["SECRET_BLOCK"]) + stamp.encode()
    answer = {
        "USERNAME": user,
        "TIMESTAMP": stamp,
        "PASSWORD_CLAIM_SECRET_BLOCK": told["SECRET_BLOCK"],
        "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(hmac.digest(key, message, "sha256")).decode(),
    }
    session = {"Session": asked["Session"]} if asked.get("Session") else {}
    done = cognito.respond_to_auth_challenge(
        ClientId=client, ChallengeName=asked["ChallengeName"], ChallengeResponses=answer, **session
    )
    return str(done["AuthenticationResult"]["AccessToken"])


def _key(own: int, public: int, theirs: int, salt: str, secret: bytes) -> bytes:
    """The key that both sides come to."""
    mixed, multiplier = _hashed(_padded(public), _padded(theirs)), _hashed(_padded(PRIME), _padded(BASE))
    known = _hashed(_padded(int(salt, 16)), sha256(secret).digest())
    shared = pow(theirs - multiplier * pow(BASE, known, PRIME), own + mixed * known, PRIME)
    drawn = hmac.digest(_padded(mixed), _padded(shared), "sha256")
    return hmac.digest(drawn, b"Caldera Derived Key\x01", "sha256")[:16]


def _padded(number: int) -> bytes:
    """Bytes that no reader takes for a negative number."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _hashed(*parts: bytes) -> int:
    return int.from_bytes(sha256(b"".join(parts)).digest(), "big")
