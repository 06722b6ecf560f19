"""Entity tags in HTTP's headers: the tag of an answer, and what a client says it already has or expects.

With `expand[]` a suffix follows the tag and a hyphen; `If-Match` compares the first part only (`domain.etag`), because
what is expanded is not what is edited.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.domain.errors import Fault, Malformed
from chalicelib.domain.etag import etag

_TAG = r'(?:W/)?"([\x21\x23-\x7e]{0,128})"'
_TAGS = re.compile(_TAG)
_LIST = re.compile(rf"\s*{_TAG}(?:\s*,\s*{_TAG}){{0,19}}\s*")
_LONGEST = 4096


def of(body: Mapping[str, Any], *, expanded: Iterable[str] = ()) -> str:
    """The tag of a resource's body, quoted. `expanded` names members that hold an object in place of its id."""
    objects = {name: body[name] for name in expanded if isinstance(body.get(name), Mapping)}
    if not objects:
        return etag(body)
    plain = etag({**body, **{name: thing.get("id") for name, thing in objects.items()}})
    return f'{plain[:-1]}-{etag(objects)[1:9]}"'


def unchanged(if_none_match: str | None, tag: str) -> bool:
    """Whether `if_none_match` already names `tag`, so that a GET may answer 304. Nonsense is ignored, as caches do."""
    if not if_none_match:
        return False
    return if_none_match.strip() == "*" or tag.strip('"') in _TAGS.findall(if_none_match[:_LONGEST])


def well_formed(if_match: str) -> str:
    """`if_match`, when it is `*` or a list of entity tags. Raises Malformed."""
    if if_match.strip() != "*" and (len(if_match) > _LONGEST or not _LIST.fullmatch(if_match)):
        raise Malformed(Fault("/header/If-Match", "bad_etag"))
    return if_match
