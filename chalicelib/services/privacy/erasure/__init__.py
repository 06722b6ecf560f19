"""Erasure: preview, plan, erasers, receipt."""
