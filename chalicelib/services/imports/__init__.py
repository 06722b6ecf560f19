"""Imports: read a file, analyse it, commit its rows, undo them."""
