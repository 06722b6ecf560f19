"""Exports: the records and documents of a company as a file."""
