"""Documents of a copied company. A number must not be legally valid twice (ADR 0043)."""

from dataclasses import replace
from typing import TypeVar

from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.model import Issued

D = TypeVar("D", bound=Issued)


def as_of(document: D, head: Head) -> D:
    """The document as its company shows it. Everything in a test company is a specimen, including documents that the
    original company issued legally. The result is never stored: the register proves the issued content."""
    if head.mode == "live" or document.specimen:
        return document
    return replace(document, specimen=True)
