"""Documents of a copied company: the same number must not be worth anything twice (ADR 0043)."""

from dataclasses import replace
from typing import TypeVar

from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.model import Issued

D = TypeVar("D", bound=Issued)


def as_of(document: D, head: Head) -> D:
    """The document as its company shows it: whatever a test company shows is a specimen, also what was issued for good
    by the company that it is a copy of. It is never stored: the register proves what was issued."""
    if head.mode == "live" or document.specimen:
        return document
    return replace(document, specimen=True)
