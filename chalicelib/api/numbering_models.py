"""The numbering of a company's documents in requests and answers: one member for each kind that has a series."""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, create_model

from chalicelib.api.fields import ResponseModel, Text
from chalicelib.domain.documents.numbering import MAX_NEXT, MAX_PATTERN
from chalicelib.domain.documents.registry import document_types
from chalicelib.services.inputs.records import Edit, unsent

NUMBERED: Final = tuple(each.kind for each in document_types() if each.series)


class NumberingIn(Edit):
    """The numbering of one kind of document. `next` is set once, before the first document of its series."""

    pattern: Annotated[str, Text(MAX_PATTERN)] = unsent()
    reset: Literal["year", "never"] = unsent()
    # The domain refuses a larger number, because its message names both bounds.
    next: Annotated[int, Field(ge=1, json_schema_extra={"maximum": MAX_NEXT})] = unsent()


class NumberingShown(ResponseModel):
    """The pattern in force."""

    pattern: str
    reset: Literal["year", "never"]


if TYPE_CHECKING:
    NumberingsIn = Edit
    NumberingsShown = ResponseModel
else:
    _sent: dict[str, Any] = {kind: (NumberingIn, unsent()) for kind in NUMBERED}
    _shown: dict[str, Any] = dict.fromkeys(NUMBERED, (NumberingShown, ...))
    NumberingsIn = create_model(
        "NumberingsIn", __base__=Edit, __doc__="Patterns by kind of document, such as FA-{year}-{seq:05}.", **_sent
    )
    NumberingsShown = create_model(
        "NumberingsShown", __base__=ResponseModel, __doc__="Patterns by kind of document.", **_shown
    )
