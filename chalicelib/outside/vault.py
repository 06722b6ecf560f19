"""Data keys of backups: made and wrapped by KMS, each bound to its company and to its own id."""

from typing import Any

from botocore.exceptions import ClientError

from chalicelib.outside.kms import Kms

_REFUSED = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


class NotOurs(Exception):
    """KMS does not unwrap this: it was wrapped for another company, under another key, or is damaged."""

    code = "not_ours"


class Vault(Kms):
    """Makes and unwraps data keys under the settings' `backup_key`. Nothing unwrapped is ever stored or logged.

    Every method raises Busy when KMS is throttled or does not answer.
    """

    def wrapped(self, company: str, key: str) -> bytes:
        """A new data key (AES-256) as it is stored: whoever makes it does not see it."""
        answer = self._with_context("generate_data_key_without_plaintext", company, key, KeySpec="AES_256")
        made: bytes = answer["CiphertextBlob"]
        return made

    def unwrapped(self, company: str, key: str, wrapped: bytes) -> bytes:
        """A data key in clear (32 bytes). Raises NotOurs unless it was wrapped for this company and this id."""
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
