"""Backups: their rows, and what can be wrong with one."""
