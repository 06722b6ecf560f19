"""The refusals of recorded money: payments, advances and refunds."""

from chalicelib.domain.errors import Conflict


class NotPending(Conflict):
    """Only a cheque or a bill that is not cashed yet can be cashed."""

    code = "not_pending"


class AlreadyReversed(Conflict):
    """A payment, an advance or a refund is reversed once."""

    code = "already_reversed"


class NotReversible(Conflict):
    """A counter-entry is not reversed: record the money again. Credit of a payment or of a credit note has no reversal
    of its own."""

    code = "not_reversible"


class CreditUsed(Conflict):
    """The unapplied credit that must be taken back was refunded, or it pays documents that it cannot leave."""

    code = "credit_used"
