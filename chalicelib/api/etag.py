"""Entity tags: the tag of a representation, and the tags that a client sends as `If-None-Match` and `If-Match`.

A tag is a hash of the body, so it changes with every member of the body. With `expand[]`, a hyphen and a suffix follow
the tag. `If-Match` compares the first part only, because an edit does not concern expanded members.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from chalicelib.api.request_errors import Malformed
from chalicelib.domain.errors import Fault, StaleVersion

_TAG = r'(?:W/)?"([\x21\x23-\x7e]{0,128})"'
_TAGS = re.compile(_TAG)
_LIST = re.compile(rf"\s*{_TAG}(?:\s*,\s*{_TAG}){{0,19}}\s*")
_STRONG = re.compile(r'(W/)?"([^"]*)"')
_LONGEST = 4096


def etag(body: Mapping[str, Any]) -> str:
    """The quoted tag of a representation (32 hex digits). It does not depend on the order of keys."""
    return f'"{sha256(msgspec.json.encode(body, order="sorted")).hexdigest()[:32]}"'


def matches(if_match: str, body: Mapping[str, Any]) -> bool:
    """Tell whether an `If-Match` header (`*`, or a list of tags) names this representation. A weak tag never does (RFC
    9110 §13.1.1). The part after a hyphen is the tag of expanded members and is ignored."""
    if if_match.strip() == "*":
        return True
    named = [tag.partition("-")[0] for weak, tag in _STRONG.findall(if_match) if not weak]
    return etag(body).strip('"') in named


def require_match(if_match: str, body: Mapping[str, Any]) -> None:
    """Raises StaleVersion, with the current tag and version, unless `if_match` names this representation."""
    if not matches(if_match, body):
        raise StaleVersion(current_etag=etag(body), current_version=body.get("version"))


def of(body: Mapping[str, Any], *, expanded: Iterable[str] = ()) -> str:
    """The tag of a resource's body, quoted. `expanded` names members that hold an object in place of its id."""
    objects = {name: body[name] for name in expanded if isinstance(body.get(name), Mapping)}
    if not objects:
        return etag(body)
    plain = etag({**body, **{name: thing.get("id") for name, thing in objects.items()}})
    return f'{plain[:-1]}-{etag(objects)[1:9]}"'


def unchanged(if_none_match: str | None, tag: str) -> bool:
    """Tell whether `if_none_match` already names `tag`, so that a GET can answer 304. An invalid header is ignored, as
    caches do."""
    if not if_none_match:
        return False
    return if_none_match.strip() == "*" or tag.strip('"') in _TAGS.findall(if_none_match[:_LONGEST])


def well_formed(if_match: str) -> str:
    """Return `if_match` if it is `*` or a list of entity tags. Raises Malformed."""
    if if_match.strip() != "*" and (len(if_match) > _LONGEST or not _LIST.fullmatch(if_match)):
        raise Malformed(Fault("/header/If-Match", "bad_etag"))
    return if_match
