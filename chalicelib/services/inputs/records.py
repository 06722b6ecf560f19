"""The parts that the models of simple records share."""

from typing import Annotated, Any

from pydantic import Field

from chalicelib.domain.metadata import MAX_PAIRS
from chalicelib.services.inputs.fields import CountryCode, Model, Text

Name = Annotated[str, Text(200)]
METADATA_EXAMPLE = {"order": "SHOP-118"}
MetadataIn = Annotated[
    dict[Annotated[str, Text(40)], Annotated[str, Text(500)] | None],
    Field(
        max_length=MAX_PAIRS,
        description="Your own pairs of texts, at most 20. In an edit, omitted pairs stay, null removes a pair, and "
        "`metadata` itself as null removes all.",
        examples=[METADATA_EXAMPLE],
    ),
]


def unsent() -> Any:
    """The default of a member that an edit may omit but not set to null. An omitted member is unchanged."""
    return Field(default_factory=lambda: None)


class Edit(Model):
    """A body in which only the members that were sent count."""

    def content(self) -> dict[str, Any]:
        """The members that were sent, by name, without `id`."""
        return self.model_dump(exclude_unset=True, exclude={"id"})


class AddressIn(Model):
    """A postal address. In an edit, omitted members stay unchanged."""

    street: Annotated[str, Text(200)] | None = None
    city: Annotated[str, Text(100)] | None = None
    postal_code: Annotated[str, Text(20)] | None = None
    country: CountryCode = unsent()
