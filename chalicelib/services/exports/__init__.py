"""Exports: tables of a plain ZIP and the page that lists them."""
