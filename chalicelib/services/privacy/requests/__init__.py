"""Privacy requests: requester, states, limits, receipts."""
