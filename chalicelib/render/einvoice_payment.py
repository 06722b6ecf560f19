"""How a document is paid, by the codes of UNTDID 4461."""

from dataclasses import dataclass

from chalicelib.domain.documents.model import Issued

_IN_CASH, _CREDIT_TRANSFER, _NOT_DEFINED = "10", "30", "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMeans:
    """The means of payment (BG-16): its code (BT-81), the reference that the buyer states (BT-83), and the seller's
    account of a transfer (BT-84)."""

    code: str
    reference: str
    account: str | None


def means_of(document: Issued) -> PaymentMeans:
    """Return the means of payment of a document that asks for money."""
    account = document.seller.rib if document.settlement != "cash" else None
    code = _IN_CASH if document.settlement == "cash" else _CREDIT_TRANSFER if account else _NOT_DEFINED
    return PaymentMeans(code=code, reference=document.number, account=account)
