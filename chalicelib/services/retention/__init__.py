"""Retention: the purge at the end of a term, and the destruction of keys."""
