"""How a company numbers its documents, as a client sends and is shown it: one member a kind that has a series."""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, create_model

from chalicelib.api.fields import ResponseModel, Text
from chalicelib.api.records import Edit, unsent
from chalicelib.domain.documents.registry import document_types

NUMBERED: Final = tuple(document_type.kind for document_type in document_types() if document_type.series)


class NumberingIn(Edit):
    """How one kind of document is numbered. `next` is set once, before the first document of its series."""

    pattern: Annotated[str, Text(40)] = unsent()
    reset: Literal["year", "never"] = unsent()
    next: Annotated[int, Field(ge=1, le=999_999_999)] = unsent()


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
