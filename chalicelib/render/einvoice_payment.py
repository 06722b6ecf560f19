"""How a document is paid, by the codes of UNTDID 4461."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.payment_mode import Method, stated_mode

CODES: Final[Mapping[Method, str]] = {
    "cash": "10",
    "cheque": "20",
    "transfer": "42",  # to a bank account; the account is not stated
    "card": "48",
    "bill_of_exchange": "24",
    "direct_debit": "49",
    "compensation": "97",
    "other": "ZZZ",
}
"""The code of each mode of payment. A bill of exchange is drawn by the seller, and not accepted yet."""
_CREDIT_TRANSFER: Final = "30"
"""A transfer to the account that the document states. The rule BR-61 demands the account."""
_NOT_DEFINED: Final = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMeans:
    """The means of payment (BG-16): its code (BT-81), the reference that the buyer states (BT-83), and the seller's
    account of a transfer (BT-84). A credit note has the code alone."""

    code: str
    reference: str | None
    account: str | None


def means_of(document: Issued, *, asks: bool) -> PaymentMeans | None:
    """Return the means of payment. Of a document that asks for money: where nobody stated the mode, a seller's account
    says that a transfer is welcome. A credit note states the mode of the document that it corrects, but no account: the
    money goes to the buyer. The first edition stated no mode on a credit note."""
    mode, account = stated_mode(document), document.seller.rib
    if not asks:
        code = CODES[mode] if mode else _NOT_DEFINED
        return None if document.einvoice_edition is None else PaymentMeans(code=code, reference=None, account=None)
    if mode in (None, "transfer") and account:
        return PaymentMeans(code=_CREDIT_TRANSFER, reference=document.number, account=account)
    return PaymentMeans(code=CODES[mode] if mode else _NOT_DEFINED, reference=document.number, account=None)
