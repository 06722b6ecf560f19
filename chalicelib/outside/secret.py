"""Secrets, from Secrets Manager: fetched by whoever needs one, when it is first needed, and kept by the process."""

from functools import cache

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import Busy
from chalicelib.outside.clients import bounded
from chalicelib.settings import Settings

ATTEMPTS = 3
_LOST = frozenset(
    {"AccessDeniedException", "DecryptionFailure", "ResourceNotFoundException", "InvalidRequestException"}
)
"""What does not pass by itself: a defect of the deployment."""


@cache
def pepper(settings: Settings) -> str:
    """The secret that the settings' `pepper_secret` names. Raises Busy when it cannot be had for the moment."""
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
