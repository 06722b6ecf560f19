"""Privacy requests: create, confirm, cancel and follow them; the public page."""
