"""Rectification: corrections, and issued documents that state otherwise."""
