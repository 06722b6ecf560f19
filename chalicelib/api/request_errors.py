"""Refusals of malformed HTTP requests, before any operation begins."""

from chalicelib.domain.errors import Refusal


class Malformed(Refusal):
    """Not JSON, not UTF-8, or not an object."""

    code = "malformed"


class IdempotencyKeyMissing(Refusal):
    """A POST or PATCH that writes needs an `Idempotency-Key`."""

    code = "idempotency_key_missing"


class MethodNotAllowed(Refusal):
    """The path exists, this method on it does not."""

    code = "method_not_allowed"


class UnsupportedMediaType(Refusal):
    """Bodies are `application/json`."""

    code = "unsupported_media_type"


class MatchRequired(Refusal):
    """PATCH, PUT and DELETE need `If-Match`."""

    code = "match_required"
