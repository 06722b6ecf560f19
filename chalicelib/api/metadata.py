"""The field of a client's own metadata in answers."""

from typing import Annotated

from pydantic import Field

from chalicelib.services.inputs.records import METADATA_EXAMPLE

MetadataShown = Annotated[dict[str, str], Field(description="Your own pairs of texts.", examples=[METADATA_EXAMPLE])]
