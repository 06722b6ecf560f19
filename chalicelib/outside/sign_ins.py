"""Delete sign-in accounts in the Cognito user pool. Their addresses are never read into our tables and never logged."""

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from chalicelib.domain.errors import Busy
from chalicelib.outside.clients import bounded
from chalicelib.settings import Settings

ATTEMPTS = 2
UNCONFIRMED = "UNCONFIRMED"
PASSING = frozenset({"InternalErrorException", "LimitExceededException", "TooManyRequestsException"})
"""Codes of Cognito for calls that succeed later."""
FILTER = f'cognito:user_status = "{UNCONFIRMED}"'
PAGE = 60
"""Users in a page of ListUsers: Cognito's maximum."""


class SignIns:
    """The accounts of a user pool, by the subject of their tokens. The pool accepts it as a user name."""

    def __init__(self, settings: Settings, pool: str) -> None:
        self.settings = settings
        self.pool = pool

    @cached_property
    def client(self) -> Any:
        """The boto3 client of Cognito's user pools."""
        return bounded("cognito-idp", self.settings, attempts=ATTEMPTS)

    def delete(self, subject: str) -> None:
        """Delete an account: address, verifier, TOTP secret and subject. An account that is gone is not an error.
        Raises Busy."""
        self._call("admin_delete_user", Username=subject)

    def is_unconfirmed(self, subject: str) -> bool:
        """Whether this account exists and its address was never confirmed. Raises Busy."""
        found = self._call("admin_get_user", Username=subject)
        return found is not None and found["UserStatus"] == UNCONFIRMED

    def unconfirmed(self) -> Iterator[tuple[str, datetime]]:
        """The sign-ups that were never confirmed: subject, and instant of the sign-up. Raises Busy."""
        token: dict[str, str] = {}
        while True:
            page = self._call("list_users", Filter=FILTER, Limit=PAGE, AttributesToGet=["sub"], **token) or {
                "Users": []
            }
            for user in page["Users"]:
                if user["UserStatus"] == UNCONFIRMED:
                    yield str(user["Username"]), user["UserCreateDate"]
            if not page.get("PaginationToken"):
                return
            token = {"PaginationToken": page["PaginationToken"]}

    def _call(self, operation: str, **values: Any) -> dict[str, Any] | None:
        """The answer, or None for an account that does not exist."""
        try:
            answer: dict[str, Any] = getattr(self.client, operation)(UserPoolId=self.pool, **values)
        except (NotConnected, HTTPClientError):
            raise Busy from None
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if code == "UserNotFoundException":
                return None
            if code in PASSING:
                raise Busy from None
            raise
        return answer
