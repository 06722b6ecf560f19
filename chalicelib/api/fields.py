"""The models of answers, and the field types of the API's models. The types of what a client enters are
`services/inputs`, because an import reads the same values from a file."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from chalicelib.services.inputs.fields import (
    Amount,
    CountryCode,
    Day,
    Email,
    Id,
    Ids,
    Instant,
    Model,
    MonthDay,
    Percent,
    PositiveAmount,
    Quantity,
    Rate,
    Text,
    UnitPrice,
    countries,
    multi_line,
)

__all__ = [
    "Amount",
    "CountryCode",
    "Day",
    "Email",
    "Flag",
    "Id",
    "Ids",
    "Instant",
    "Model",
    "MonthDay",
    "Percent",
    "PositiveAmount",
    "Quantity",
    "Rate",
    "ResponseModel",
    "Text",
    "UnitPrice",
    "countries",
    "multi_line",
]


class ResponseModel(BaseModel):
    """The model of an answer. It documents the answer and never parses a request."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _flag(value: object) -> object:
    """The boolean of a query parameter, which arrives as text."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


Flag = Annotated[bool, BeforeValidator(_flag)]
"""Yes or no in a query: `true` or `false`."""
