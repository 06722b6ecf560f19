"""Customers and suppliers: the operations that depend on their documents."""
