"""Parses the rows in DynamoDB's answers.

botocore looks for each of the ten types of a value in each value, which took half of the processor time of a large
read. A value has one type, so here it is parsed by that type (ADR 0106).
"""

from base64 import b64decode
from typing import Any

from botocore.parsers import JSONParser, ResponseParserFactory


def attribute(value: dict[str, Any]) -> dict[str, Any]:
    """An attribute value of an answer, with its bytes decoded."""
    ((kind, part),) = value.items()
    if kind == "M":
        return {"M": {name: attribute(each) for name, each in part.items()}}
    if kind == "L":
        return {"L": [attribute(each) for each in part]}
    if kind == "B":
        return {"B": b64decode(part)}
    if kind == "BS":
        return {"BS": [b64decode(each) for each in part]}
    return value


class RowParser(JSONParser):  # type: ignore[misc]  # botocore has no types
    """botocore's parser of JSON answers, which parses rows by `attribute`."""

    def _handle_map(self, shape: Any, value: dict[str, Any]) -> dict[str, Any]:
        if shape.value.name == "AttributeValue":
            return {name: attribute(each) for name, each in value.items()}
        parsed: dict[str, Any] = super()._handle_map(shape, value)
        return parsed


class RowParsers(ResponseParserFactory):  # type: ignore[misc]
    """Gives a client of DynamoDB its parser. DynamoDB answers in JSON only."""

    def create_parser(self, protocol_name: str) -> Any:
        """The parser of a protocol."""
        return RowParser(**self._defaults) if protocol_name == "json" else super().create_parser(protocol_name)
