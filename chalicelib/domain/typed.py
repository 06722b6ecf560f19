"""Conversion of plain data into classes. The first conversion of each class is exclusive to one thread."""

from threading import Lock
from typing import Any

import msgspec

_learnt: set[Any] = set()
_learning = Lock()


def converted(data: Any, to: Any, **options: Any) -> Any:
    """`msgspec.convert`, safe for threads. Raises msgspec.ValidationError.

    msgspec learns a class at its first use and publishes it before it is complete. A second thread that uses it then
    crashes the process (0.22.0, segmentation fault). So only one thread at a time uses a class for the first time.
    """
    if to in _learnt:
        return msgspec.convert(data, to, **options)
    with _learning:
        value = msgspec.convert(data, to, **options)
        _learnt.add(to)
    return value
