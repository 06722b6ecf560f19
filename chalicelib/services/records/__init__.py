"""Simple records: made, changed, deleted, listed; and the change feed."""
