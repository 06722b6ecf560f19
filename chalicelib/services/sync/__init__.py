"""Synchronisation with devices that work offline."""
