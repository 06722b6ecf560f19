"""Backups: their rows and their errors."""
