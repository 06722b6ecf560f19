"""The field of a client's own metadata, in requests and in answers."""

from typing import Annotated

from pydantic import Field

from chalicelib.api.fields import Text
from chalicelib.domain.metadata import MAX_PAIRS

_EXAMPLE = {"order": "SHOP-118"}
MetadataIn = Annotated[
    dict[Annotated[str, Text(40)], Annotated[str, Text(500)] | None],
    Field(
        max_length=MAX_PAIRS,
        description="Your own pairs of texts, at most 20. In an edit, omitted pairs stay, null removes a pair, and "
        "`metadata` itself as null removes all.",
        examples=[_EXAMPLE],
    ),
]
MetadataShown = Annotated[dict[str, str], Field(description="Your own pairs of texts.", examples=[_EXAMPLE])]
