"""The notices of a draft, kept few: a document of 1,000 lines may have a notice on each of them."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from chalicelib.domain.documents.model import Notice

MOST_OF_A_CODE: Final = 20
"""The notices of one code that a draft keeps. More would be larger than its lines, and nobody reads them."""


def few(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """The first 20 notices of each code, in their order."""
    seen, kept = Counter[str](), list[Notice]()
    for notice in notices:
        seen[notice.code] += 1
        if seen[notice.code] <= MOST_OF_A_CODE:
            kept.append(notice)
    return tuple(kept)
