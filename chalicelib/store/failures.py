"""The meaning of DynamoDB's errors: whether the same call may succeed in a moment, and what it exceeded."""

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected
from pynamodb.exceptions import PynamoDBException, TransactGetError

THROTTLES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "ThrottlingError",
        "InternalServerError",
        "InternalFailure",
        "InternalError",
        "ServiceUnavailable",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
PASSING_REASONS = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""The cancellation reasons of a transaction that may succeed in a moment."""


def code_of(error: PynamoDBException) -> str | None:
    """DynamoDB's error code; None if DynamoDB did not answer. (PynamoDB's own property raises AttributeError then,
    because such a cause has a `response` that is None.)"""
    if not isinstance(error.cause, ClientError):
        return None
    code: str | None = error.cause.response.get("Error", {}).get("Code")
    return code


def is_passing(error: PynamoDBException) -> bool:
    """Tell whether the same call may succeed in a moment: it was throttled or got no answer."""
    if isinstance(error.cause, (NotConnected, HTTPClientError)):
        return True
    code = code_of(error)
    return code is not None and (code in THROTTLES or code.startswith("5"))


def met_a_writer(error: TransactGetError) -> bool:
    codes = {reason.code for reason in error.cancellation_reasons if reason}
    return bool(codes) and codes <= PASSING_REASONS


def is_too_large(error: TransactGetError) -> bool:
    """Tell whether the rows together exceed the read limit of one transaction (4 MB)."""
    codes = {reason.code for reason in error.cancellation_reasons if reason}
    return "ValidationError" in codes or (code_of(error) == "ValidationException" and "size" in str(error).lower())
