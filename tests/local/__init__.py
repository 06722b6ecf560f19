"""Tests of what `make serve` adds."""
