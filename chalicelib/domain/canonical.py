"""The one byte form of a record that hashes cover: sorted JSON, decimals without trailing zeros, bytes in base64.

It does not depend on the stored form: DynamoDB drops trailing zeros and lines are compressed. So a restored document
has the hash that the register states.
"""

from base64 import b64encode
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import msgspec

from chalicelib.domain.entity import Record, unstored

_AS_IS: Final = frozenset({str, int, bool})


def plain_number(number: Decimal) -> str:
    """A decimal in digits: no exponent, no trailing zeros ("2.50" → "2.5", "1E+3" → "1000")."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _plain(value: Any) -> Any:
    if type(value) in _AS_IS:  # Most values are: the other questions cost half of a hash.
        return value
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, dict):
        return {
            name: part if type(part) in _AS_IS else _plain(part) for name, part in value.items() if part is not None
        }
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return value


def canonical(record: Record, *, without: frozenset[str] = frozenset()) -> bytes:
    """The record's canonical bytes, without the top-level attributes in `without` and without those that its row leaves
    out."""
    data = msgspec.to_builtins(record, builtin_types=(Decimal, bytes))
    omitted = without | unstored(record)
    return msgspec.json.encode({k: _plain(v) for k, v in data.items() if k not in omitted}, order="sorted")


def salted_digest(salt: bytes, content: bytes) -> bytes:
    """SHA-256 over a salt and content. The salt is deleted with its row; the hash then reveals nothing."""
    return sha256(salt + content).digest()
