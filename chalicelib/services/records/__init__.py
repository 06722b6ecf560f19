"""Simple records: create, change, delete and list; and the change feed."""
