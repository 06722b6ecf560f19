"""Rectification: corrections, and issued documents that state the old values."""
