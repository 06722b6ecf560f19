"""Concurrent histories through the real engine with faults on the wire, and the checker that judges them."""
