"""Data keys of backups: made and wrapped by KMS, each bound to its company and to its own id."""

from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import Busy
from chalicelib.outside.clients import bounded
from chalicelib.session import confined
from chalicelib.settings import Settings

ATTEMPTS = 3
_PASSING = frozenset(
    {"ThrottlingException", "DependencyTimeoutException", "KMSInternalException", "LimitExceededException"}
)
_REFUSED = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


class NotOurs(Exception):
    """KMS does not unwrap this: it was wrapped for another company, under another key, or is damaged."""

    code = "not_ours"


class Vault:
    """Makes and unwraps data keys under the settings' `backup_key`. Nothing unwrapped is ever stored or logged.

    Every method raises Busy when KMS is throttled or does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def client(self) -> Any:
        """KMS."""
        return confined(bounded("kms", self.settings, attempts=ATTEMPTS))

    def wrapped(self, company: str, key: str) -> bytes:
        """A new data key (AES-256) as it is stored: whoever makes it does not see it."""
        answer = self._asked("generate_data_key_without_plaintext", company, key, KeySpec="AES_256")
        made: bytes = answer["CiphertextBlob"]
        return made

    def unwrapped(self, company: str, key: str, wrapped: bytes) -> bytes:
        """A data key in clear (32 bytes). Raises NotOurs unless it was wrapped for this company and this id."""
        found: bytes = self._asked("decrypt", company, key, CiphertextBlob=wrapped)["Plaintext"]
        return found

    def _asked(self, operation: str, company: str, key: str, **arguments: Any) -> dict[str, Any]:
        context = {"company": company, "key": key}
        try:
            answer: dict[str, Any] = getattr(self.client, operation)(
                KeyId=self.settings.backup_key, EncryptionContext=context, **arguments
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if code in _PASSING:
                raise Busy from error
            if code in _REFUSED:
                raise NotOurs from error
            raise
        except BotoCoreError as error:
            raise Busy from error
        return answer
