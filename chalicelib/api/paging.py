"""Lists: the paging parameters and the shape of the answer."""

import re
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.api.fields import Model, ResponseModel
from chalicelib.services.inputs.numbers import WholeNumber

T = TypeVar("T")
ANY_ID = re.compile(r"[a-z]{3}_[0-7][0-9A-HJKMNP-TV-Z]{25}")


def _any_id(value: str) -> str:
    if not ANY_ID.fullmatch(value):
        raise PydanticCustomError("bad_cursor", "")
    return value


Cursor = Annotated[str, AfterValidator(_any_id), Field(json_schema_extra={"pattern": f"^{ANY_ID.pattern}$"})]


class PageQuery(Model):
    """The part of a list: at most `limit` items, after or before the item with an id."""

    limit: Annotated[int, WholeNumber(1, 100)] = 20
    starting_after: Cursor | None = None
    ending_before: Cursor | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "PageQuery":
        if self.starting_after is not None and self.ending_before is not None:
            raise PydanticCustomError("both_cursors", "")
        return self


def expandable(most: int = 5) -> Any:
    """The default of a query's `expand` attribute: `expand: tuple[Literal["customer"], ...] = expandable()`."""
    return Field(default=(), alias="expand[]", max_length=most)


class ListOf(ResponseModel, Generic[T]):
    """The answer of every list."""

    object: Literal["list"]
    data: tuple[T, ...]
    has_more: bool
    url: str


class FilteredList(ListOf[T], Generic[T]):
    """A filtered list. `next` is the id to continue after. The search per request is bounded, so `data` may be short or
    empty although `has_more` is true."""

    next: str | None
