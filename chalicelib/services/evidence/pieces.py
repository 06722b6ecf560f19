"""A long proof in pieces, within one process.

A proof keeps a digest of each row in memory, so its progress is not stored. The next piece continues in the same
process. Another process begins anew. A proof reads only, so that is harmless.
"""

from collections.abc import Callable, Iterator
from typing import Final

from chalicelib.services.evidence.proof import Proof
from chalicelib.workflow.deadline import Deadline

MOST_KEPT: Final = 2
"""Unfinished proofs that a process keeps, each with the digests of one company's rows."""
_UNFINISHED: Final[dict[str, Iterator[Proof]]] = {}


def advanced(key: str, begin: Callable[[], Iterator[Proof]], deadline: Deadline) -> Proof | None:
    """Do the next pieces of the proof `key`; None if the deadline passed before its end. Raises what the proof raises;
    it then begins anew."""
    walk = _UNFINISHED.pop(key, None) or begin()
    for proof in walk:
        if proof.complete:
            return proof
        if deadline.passed:
            break
    while len(_UNFINISHED) >= MOST_KEPT:
        _UNFINISHED.pop(next(iter(_UNFINISHED)), None)
    _UNFINISHED[key] = walk
    return None
