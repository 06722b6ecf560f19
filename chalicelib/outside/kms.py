"""Call KMS, and raise Busy for its temporary failures."""

from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import Busy
from chalicelib.outside.clients import bounded
from chalicelib.session import confined
from chalicelib.settings import Settings

ATTEMPTS = 3
_TEMPORARY = frozenset(
    {"ThrottlingException", "DependencyTimeoutException", "KMSInternalException", "LimitExceededException"}
)


class Kms:
    """A KMS client. Every method raises Busy when KMS is throttled or does not answer."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def client(self) -> Any:
        """The boto3 client."""
        return confined(bounded("kms", self.settings, attempts=ATTEMPTS))

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self.client, operation)(**arguments)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _TEMPORARY:
                raise Busy from error
            raise
        except BotoCoreError as error:
            raise Busy from error
        return answer
