"""Moroccan law of invoices as dated tables, each row with its source beside it."""
