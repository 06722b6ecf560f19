"""Strict fields and numbers: the accepted values, the stable codes of refusals, and the schema."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?")


class StrictField(ABC):
    """A strict string with its own check and its own JSON schema."""

    @abstractmethod
    def check(self, value: str) -> Any:
        """The value to store. Raises PydanticCustomError whose type is a stable code."""

    @abstractmethod
    def schema(self) -> JsonSchemaValue:
        """The schema for the OpenAPI document."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._strictly, serialization=core_schema.to_string_ser_schema(when_used="json")
        )

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self.schema()

    def _strictly(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise PydanticCustomError("wrong_type", "", {"expected": "string"})
        return self.check(value)


@dataclass(frozen=True)
class Number(StrictField):
    """A decimal number written as a string: ASCII digits, a point, no sign, no exponent."""

    digits: int
    decimals: int
    example: str
    max: int | None = None
    positive: bool = False

    def _strictly(self, value: Any) -> Decimal:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            raise PydanticCustomError("number_not_string", "", {"example": self.example})
        return super()._strictly(value)  # type: ignore[no-any-return]

    def check(self, value: str) -> Decimal:
        """The exact number."""
        if len(value) > 200 or not (found := _NUMBER.fullmatch(value)):
            raise PydanticCustomError("bad_number", "", {"example": self.example})
        sign, whole, fraction = found.groups()
        if len(whole) > self.digits:
            raise PydanticCustomError("too_many_digits", "", {"max": self.digits})
        if fraction and len(fraction) > self.decimals:
            raise PydanticCustomError("too_many_decimals", "", {"max": self.decimals})
        number = Decimal(value)
        if self.positive and number <= 0:
            raise PydanticCustomError("not_positive", "")
        if sign or (self.max is not None and number > self.max):
            raise PydanticCustomError("out_of_range", "", {"min": 0, "max": self._largest()})
        return number

    def _largest(self) -> str:
        if self.max is not None:
            return str(self.max)
        return "9" * self.digits + ("." + "9" * self.decimals if self.decimals else "")

    def schema(self) -> JsonSchemaValue:
        """A pattern, because JSON schema cannot state the bounds of a decimal string."""
        whole = rf"(0|[1-9][0-9]{{0,{self.digits - 1}}})"
        if self.max is not None:
            whole = rf"(0|[1-9][0-9]{{0,{len(str(self.max)) - 2}}})"
        fraction = rf"(\.[0-9]{{1,{self.decimals}}})?"
        pattern = rf"^{whole}{fraction}$"
        if self.max is not None:
            pattern = rf"^({whole}{fraction}|{self.max}(\.0{{1,{self.decimals}}})?)$"
        if self.positive:
            pattern = rf"^(?=.*[1-9]){pattern[1:]}"
        return {"type": "string", "pattern": pattern, "examples": [self.example]}


@dataclass(frozen=True)
class WholeNumber(StrictField):
    """A whole number in a query string, where every value is text."""

    min: int
    max: int

    def check(self, value: str) -> int:
        """The number, within its bounds."""
        if not re.fullmatch(r"0|[1-9][0-9]{0,15}", value):
            raise PydanticCustomError("wrong_type", "", {"expected": "integer"})
        if not self.min <= int(value) <= self.max:
            raise PydanticCustomError("out_of_range", "", {"min": self.min, "max": self.max})
        return int(value)

    def schema(self) -> JsonSchemaValue:
        """An integer."""
        return {"type": "integer", "minimum": self.min, "maximum": self.max}
