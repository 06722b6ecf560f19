"""The policy: its file, its arithmetic, and everything that is derived from it."""
