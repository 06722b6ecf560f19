"""Backups: create, verify, download, restore, drill and expire."""
