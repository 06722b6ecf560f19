"""The bytes of an item as DynamoDB bills them."""

from typing import Any


def size(item: dict[str, Any]) -> int:
    """An item's bytes as DynamoDB bills them, without the 100 of overhead: the names and the values."""
    return sum(len(name.encode()) + _value(value) for name, value in item.items())


def _value(value: dict[str, Any]) -> int:
    ((kind, held),) = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "B":
            return len(held)
        case "N":
            return (len(held.strip("-").replace(".", "")) + 1) // 2 + 1
        case "L":
            return 3 + sum(1 + _value(part) for part in held)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value(part) for name, part in held.items())
        case _:
            return 1
