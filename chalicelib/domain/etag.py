"""Entity tags: a resource's tag is a hash of the body that shows it, so it changes with everything the body shows."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

from chalicelib.domain.errors import StaleVersion

_TAG = re.compile(r'(W/)?"([^"]*)"')


def etag(body: Mapping[str, Any]) -> str:
    """The quoted tag of a representation (32 hex digits); the order of its keys does not matter."""
    return f'"{sha256(msgspec.json.encode(body, order="sorted")).hexdigest()[:32]}"'


def matches(if_match: str, body: Mapping[str, Any]) -> bool:
    """Whether an `If-Match` header (`*`, or a list of tags) names this representation.

    A weak tag never does (RFC 9110 §13.1.1). What follows a hyphen is the tag of expanded members, which no edit
    concerns.
    """
    if if_match.strip() == "*":
        return True
    named = [tag.partition("-")[0] for weak, tag in _TAG.findall(if_match) if not weak]
    return etag(body).strip('"') in named


def require_match(if_match: str, body: Mapping[str, Any]) -> None:
    """Raises StaleVersion, with the current tag and version, unless `if_match` names this representation."""
    if not matches(if_match, body):
        raise StaleVersion(current_etag=etag(body), current_version=body.get("version"))
