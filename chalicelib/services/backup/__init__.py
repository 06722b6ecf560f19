"""Backups: made each night, verified, downloaded, restored, drilled, removed."""
