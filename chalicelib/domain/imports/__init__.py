"""Imports: a file of records becomes records of the company, in two steps."""
