"""The mode of payment: how a document is to be paid, and how a payment was made (CGI art. 145-III-7°)."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from chalicelib.domain.errors import invalid

Method = Literal["cash", "cheque", "transfer", "card", "bill_of_exchange", "direct_debit", "compensation", "other"]
"""The modes of a document and the methods of a payment."""
Settlement = Literal["cash", "other"]
"""The older name of the mode. A stored document keeps it; a request may use it for one more version."""


class Paid(Protocol):
    """A draft or a frozen document, seen by its mode of payment."""

    @property
    def settlement(self) -> Settlement:
        """In cash, or otherwise."""

    @property
    def payment_mode(self) -> Method | None:
        """The mode. None on older documents, and where nobody stated it."""


def stated_mode(document: Paid) -> Method | None:
    """The mode that somebody stated; None where nobody did. Cash is stated by `settlement` on older documents."""
    return document.payment_mode or ("cash" if document.settlement == "cash" else None)


def mode_of(document: Paid) -> Method:
    """The mode of payment of a draft or a document: `other` where nobody stated it."""
    return stated_mode(document) or "other"


def settlement_of(mode: Method | None) -> Settlement:
    """The alias of a mode."""
    return "cash" if mode == "cash" else "other"


def with_both_names(changes: Mapping[str, Any], before: Method | None = None) -> dict[str, Any]:
    """The changes of a draft with the mode under both names. `before` is the draft's stated mode. `settlement` alone
    changes the mode only if it contradicts it. Raises InvalidContent if the two names contradict each other."""
    if "payment_mode" in changes:
        mode = changes["payment_mode"]
        if changes.get("settlement", settlement_of(mode)) != settlement_of(mode):
            raise invalid("/settlement", "settlement_contradicts_mode", settlement=settlement_of(mode))
    elif "settlement" in changes:
        agrees = changes["settlement"] == settlement_of(before)
        mode = before if agrees else "cash" if changes["settlement"] == "cash" else None
    else:
        return dict(changes)
    return {**changes, "payment_mode": mode, "settlement": settlement_of(mode)}
