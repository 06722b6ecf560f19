"""Words of amounts and countries."""
