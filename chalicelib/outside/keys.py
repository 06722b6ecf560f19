"""Sign receipts with an asymmetric KMS key (ECDSA, P-256). Nobody holds the private part, and the public part is
published."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from chalicelib.outside.kms import Kms

ALGORITHM = "ECDSA_SHA_256"


@dataclass(frozen=True)
class Signature:
    """A signature (DER) over a message's SHA-256, and the SHA-256 (hex) of the public key (DER) that verifies it."""

    value: bytes
    algorithm: str
    key: str


class BadSignature(Exception):
    """The message was changed, or another key signed it."""


class Keys(Kms):
    """The key that signs receipts. Every method raises Busy when KMS is throttled or does not answer."""

    @cached_property
    def public_key(self) -> bytes:
        """The public key, DER (SubjectPublicKeyInfo)."""
        found: bytes = self._call("get_public_key", KeyId=self.settings.receipt_key)["PublicKey"]
        return found

    @property
    def pem(self) -> str:
        """The published form of the public key."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

        public_key = load_der_public_key(self.public_key)
        return public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, message: bytes) -> Signature:
        """Sign `message`. Raises Busy."""
        answer = self._call(
            "sign",
            KeyId=self.settings.receipt_key,
            Message=sha256(message).digest(),
            MessageType="DIGEST",
            SigningAlgorithm=ALGORITHM,
        )
        return Signature(answer["Signature"], ALGORITHM, fingerprint(self.public_key))


def fingerprint(public_key: bytes) -> str:
    """Return the SHA-256 (hex) of a public key (DER)."""
    return sha256(public_key).hexdigest()


def verify(pem: str, message: bytes, signature: bytes) -> str:
    """Check a signature offline, and return the fingerprint of the key that made it. Raises BadSignature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    try:
        key = load_pem_public_key(pem.encode())
        if not isinstance(key, EllipticCurvePublicKey):
            raise BadSignature("the public key is not of an elliptic curve")
        key.verify(signature, message, ECDSA(SHA256()))
    except (InvalidSignature, ValueError) as error:
        raise BadSignature("the signature does not fit") from error
    return fingerprint(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
