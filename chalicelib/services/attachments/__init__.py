"""Attachments: announce, check, serve, move to the ledger with the issue, remove."""
