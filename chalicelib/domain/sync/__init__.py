"""Synchronisation with devices that work offline: its tables, devices, issue requests and notices."""
