"""Restoring a backup into its company or a new one."""
