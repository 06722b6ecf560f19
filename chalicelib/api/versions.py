"""The version of a resource that `If-Match` names.

Every verb of a resource obeys the header. The resource is the one that the longest GET address at the beginning of the
verb's address reads: that of `/v1/invoices/{id}/credit` is the invoice at `/v1/invoices/{id}`. No endpoint declares it,
so that no verb can forget it. ADR 0082 says why the read of the GET endpoint is exact inside a transaction.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.api.etag import require_match
from chalicelib.api.parse import query
from chalicelib.api.routes import ROUTES
from chalicelib.api.routing import endpoint_of
from chalicelib.domain.errors import NotFound

if TYPE_CHECKING:
    from chalicelib.api.endpoint import Endpoint, RequestContext
    from chalicelib.store.snapshot import Snapshot


def tagged(endpoint: "Endpoint") -> bool:
    """Tell whether its answers carry an ETag: those of resources do, those of lists do not."""
    return endpoint.response_model is not None and "has_more" not in endpoint.response_model.model_fields


@cache
def reading(method: str, path: str) -> "Endpoint | None":
    """The GET endpoint of the resource that the verb at this address changes; None for a GET, and for a verb of a
    list."""
    parts = [] if method == "GET" else path.split("/")
    urls = ("/".join(parts[:length]) for length in range(len(parts), 0, -1))
    found = (endpoint_of(route) for url in urls for route in ROUTES if (route.method, route.path) == ("GET", url))
    return next((endpoint for endpoint in found if tagged(endpoint) and endpoint.status == 200), None)


def requiring(context: "RequestContext", read: "Endpoint") -> "Callable[[Snapshot], None]":
    """The precondition that `If-Match` names what `read` answers now. It passes for a resource that does not exist, or
    that the caller may not see: the verb itself refuses that."""

    def require(snapshot: "Snapshot") -> None:
        reader = replace(context.reader, head=snapshot.head) if context.reader else None
        try:
            seen = read.handler(replace(context, reader=reader, query=query(read.query, None), body=None, call=None))
        except NotFound:
            return
        require_match(context.if_match, seen.body)

    return require
