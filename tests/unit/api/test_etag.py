"""Entity tags in headers."""

import pytest

from chalicelib.api import etag
from chalicelib.api.etag import require_match
from chalicelib.api.request_errors import Malformed
from chalicelib.domain.errors import StaleVersion

BODY = {"id": "inv_1", "version": 3, "customer": "cus_1", "lines": [{"net": "1.00"}]}
EXPANDED = {**BODY, "customer": {"id": "cus_1", "name": "Atlas"}}


def test_a_tag_depends_on_content_and_not_on_order() -> None:
    assert etag.of(BODY) == etag.of(dict(reversed(BODY.items())))
    assert etag.of(BODY) != etag.of({**BODY, "version": 4})
    assert etag.of(BODY)[0] == etag.of(BODY)[-1] == '"'
    assert len(etag.of(BODY)) == 34


def test_expanded_members_are_in_the_tag_and_do_not_prevent_an_edit() -> None:
    tag = etag.of(EXPANDED, expanded=("customer",))
    assert tag.startswith(etag.of(BODY)[:-1] + "-")
    assert tag != etag.of({**EXPANDED, "customer": {"id": "cus_1", "name": "Rif"}}, expanded=("customer",))
    require_match(tag, BODY)
    with pytest.raises(StaleVersion):
        require_match(tag, {**BODY, "version": 4})


def test_an_id_that_was_not_expanded_leaves_the_tag_alone() -> None:
    assert etag.of(BODY, expanded=("customer",)) == etag.of(BODY)


@pytest.mark.parametrize("header", ["*", '"a"', 'W/"a"', '"a", "b"', ' "a" ,W/"b"', '""'])
def test_headers_that_are_well_formed(header: str) -> None:
    assert etag.well_formed(header) == header


@pytest.mark.parametrize(
    "header", ["a", '"a', '"a" "b"', "w/", '"a",', '"é"', '"' + "a" * 129 + '"', '"a",' * 3000 + '"a"']
)
def test_headers_that_are_not(header: str) -> None:
    with pytest.raises(Malformed):
        etag.well_formed(header)


def test_not_modified() -> None:
    tag = etag.of(BODY)
    assert etag.unchanged(tag, tag)
    assert etag.unchanged(f'"x", W/{tag}', tag)
    assert etag.unchanged("*", tag)
    for header in (None, "", "nonsense", '"x"'):
        assert not etag.unchanged(header, tag)
