"""Read a secret from Secrets Manager on its first use. The process keeps it."""

from functools import cache

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import Busy
from chalicelib.outside.clients import bounded
from chalicelib.settings import Settings

ATTEMPTS = 3
_LOST = frozenset(
    {"AccessDeniedException", "DecryptionFailure", "ResourceNotFoundException", "InvalidRequestException"}
)
"""Codes of a faulty deployment. Repeating the call does not help."""


@cache
def pepper(settings: Settings) -> str:
    """Return the secret that `pepper_secret` of the settings names. Raises Busy while Secrets Manager does not
    answer."""
    client = bounded("secretsmanager", settings, attempts=ATTEMPTS)
    try:
        found: str = client.get_secret_value(SecretId=settings.pepper_secret)["SecretString"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _LOST:
            raise
        raise Busy from error
    except BotoCoreError as error:
        raise Busy from error
    return found
