"""Data keys of backups. KMS makes and wraps each for one company and one key id."""

from typing import Any

from botocore.exceptions import ClientError

from chalicelib.outside.kms import Kms

_REFUSED = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


class NotOurs(Exception):
    """KMS cannot unwrap this key: it was wrapped for another company or under another key, or it is damaged."""

    code = "not_ours"


class Vault(Kms):
    """Make and unwrap data keys under the settings' `backup_key`. An unwrapped key is never stored or logged.

    Every method raises Busy when KMS is throttled or does not answer.
    """

    def wrapped(self, company: str, key: str) -> bytes:
        """Return a new wrapped data key (AES-256). The caller does not see the key itself."""
        answer = self._with_context("generate_data_key_without_plaintext", company, key, KeySpec="AES_256")
        wrapped: bytes = answer["CiphertextBlob"]
        return wrapped

    def unwrapped(self, company: str, key: str, wrapped: bytes) -> bytes:
        """Return a data key in clear (32 bytes). Raises NotOurs unless it was wrapped for this company and this id."""
        found: bytes = self._with_context("decrypt", company, key, CiphertextBlob=wrapped)["Plaintext"]
        return found

    def _with_context(self, operation: str, company: str, key: str, **arguments: Any) -> dict[str, Any]:
        context = {"company": company, "key": key}
        try:
            return self._call(operation, KeyId=self.settings.backup_key, EncryptionContext=context, **arguments)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _REFUSED:
                raise NotOurs from error
            raise
