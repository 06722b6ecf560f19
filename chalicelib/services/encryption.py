"""Encryption of a backup or of archived documents: AES-256-GCM under keys of their own, bound to each object's name.

KMS unwraps a data key of the company, and HKDF-SHA-256 (RFC 5869) derives the backup's keys from it. A part that was
truncated, moved, swapped or copied from another backup or company cannot be decrypted. Clear keys stay in memory as
long as one `ObjectCipher`.
"""

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

from chalicelib.domain.backups.backup import KeyClass, KeyDestruction, StatutoryKey, WorkingKey
from chalicelib.domain.backups.backup_errors import BackupDamaged, BackupKeyDestroyed, BackupUnknownKey
from chalicelib.outside.vault import NotOurs

if TYPE_CHECKING:
    from chalicelib.wiring import World

SCHEMA: Final = 1
MAGIC: Final = b"FBK1"
KEY_LETTERS: Final[dict[KeyClass, bytes]] = {"statutory": b"s", "working": b"w"}
NONCE, TAG = 12, 16
_KINDS: Final[dict[KeyClass, type[StatutoryKey | WorkingKey]]] = {"statutory": StatutoryKey, "working": WorkingKey}


class ObjectCipher:
    """Encrypts and decrypts the objects of one backup. `keys` are the ids of its two data keys. Each is unwrapped at
    its first use, so that statutory records can be decrypted after the working key is destroyed."""

    def __init__(self, world: "World", company: str, backup: str, keys: dict[KeyClass, str]) -> None:
        self._world, self.company, self.backup, self.keys = world, company, backup, keys
        self._data: dict[KeyClass, bytes] = {}
        self._derived: dict[tuple[KeyClass, str], bytes] = {}

    def encrypt(self, name: str, key_class: KeyClass, content: bytes) -> bytes:
        """Encrypt `content` for the object `name`."""
        nonce = self._world.random(NONCE)
        return (
            MAGIC
            + KEY_LETTERS[key_class]
            + nonce
            + self._cipher(key_class).encrypt(nonce, content, self._associated_data(name, key_class))
        )

    def decrypt(self, name: str, content: bytes) -> bytes:
        """Decrypt an object. Raises BackupDamaged unless it was encrypted under this name for this backup, and the
        errors of `require`."""
        from cryptography.exceptions import InvalidTag

        key_class = next(
            (key_class for key_class, letter in KEY_LETTERS.items() if content.startswith(MAGIC + letter)), None
        )
        start = len(MAGIC) + 1
        if key_class is None or len(content) < start + NONCE + TAG:
            raise BackupDamaged(reason="not_sealed", where=name)
        nonce, body = content[start : start + NONCE], memoryview(content)[start + NONCE :]
        try:
            return self._cipher(key_class).decrypt(nonce, body, self._associated_data(name, key_class))
        except InvalidTag as error:
            raise BackupDamaged(reason="seal_broken", where=name) from error

    def signature(self, content: bytes) -> bytes:
        """The HMAC-SHA-256 (hex) of the manifest, under a key derived from the statutory one."""
        return hmac.new(self._key("statutory", "manifest"), content, sha256).hexdigest().encode()

    def require(self, key_class: KeyClass) -> None:
        """Unwrap a data key. Raises BackupKeyDestroyed, BackupUnknownKey, BackupDamaged (the key's own row)."""
        if key_class in self._data:
            return
        key = self.keys[key_class]
        found, destruction = self._world.store.records(
            [_KINDS[key_class].ref(self.company, key), KeyDestruction.ref(self.company, key)]
        )
        if destruction is not None:
            raise BackupKeyDestroyed(key=key)
        if not isinstance(found, (StatutoryKey, WorkingKey)):
            raise BackupUnknownKey(key=key)
        try:
            self._data[key_class] = self._world.vault.unwrapped(self.company, key, found.wrapped)
        except NotOurs as error:
            raise BackupDamaged(reason="key_damaged", where=key) from error

    def _key(self, key_class: KeyClass, purpose: str) -> bytes:
        if (known := self._derived.get((key_class, purpose))) is None:
            from cryptography.hazmat.primitives.hashes import SHA256
            from cryptography.hazmat.primitives.kdf.hkdf import HKDF

            self.require(key_class)
            info = f"facture backup {SCHEMA}\x1f{purpose}\x1f{self.backup}".encode()
            known = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._data[key_class])
            self._derived[key_class, purpose] = known
        return known

    def _cipher(self, key_class: KeyClass) -> "AESGCM":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key(key_class, "part"))

    def _associated_data(self, name: str, key_class: KeyClass) -> bytes:
        return msgspec.json.encode([SCHEMA, self.company, self.backup, name, key_class])


if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
