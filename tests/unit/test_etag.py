"""Entity tags: equal bodies, equal tags; and what an If-Match names."""

import pytest

from chalicelib.api import etag as served
from chalicelib.api.etag import etag, matches, require_match
from chalicelib.domain.errors import StaleVersion

BODY = {"id": "cus_1", "name": "شركة", "version": 3, "lines": [{"a": "1.00", "b": None}]}


def test_the_tag_is_of_the_content() -> None:
    assert etag(BODY) == etag(dict(reversed(BODY.items())))
    assert etag(BODY) != etag(BODY | {"version": 4})
    assert len(etag(BODY)) == 34


def test_the_pipeline_serves_the_tag_that_services_compare() -> None:
    assert served.of(BODY) == etag(BODY)


@pytest.mark.parametrize(
    ("if_match", "named"),
    [
        ("*", True),
        (" * ", True),
        ("{tag}", True),
        ('"x", {tag}', True),
        ('{tag}, "x"', True),
        ("W/{tag}", False),
        ('"x"', False),
        ("", False),
        ("{bare}", False),
        ('"{bare}-0a1b2c3d"', True),
    ],
)
def test_if_match(if_match: str, *, named: bool) -> None:
    tag = etag(BODY)
    assert matches(if_match.format(tag=tag, bare=tag.strip('"')), BODY) is named


def test_a_stale_version_tells_the_current_one() -> None:
    require_match(etag(BODY), BODY)
    with pytest.raises(StaleVersion) as refusal:
        require_match('"x"', BODY)
    assert refusal.value.params == {"current_etag": etag(BODY), "current_version": 3}
