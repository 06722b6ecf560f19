"""Plain data into classes, by whichever thread meets a class first."""

from threading import Lock
from typing import Any

import msgspec

_learnt: set[Any] = set()
_learning = Lock()


def converted(data: Any, to: Any, **options: Any) -> Any:
    """`msgspec.convert`, safe for threads. Raises msgspec.ValidationError.

    msgspec learns a class when it is first met, and publishes it half learnt: a second thread that uses it then ends
    the process (0.22.0, segmentation fault). So each class is met for the first time by one thread at a time.
    """
    if to in _learnt:
        return msgspec.convert(data, to, **options)
    with _learning:
        made = msgspec.convert(data, to, **options)
        _learnt.add(to)
    return made
