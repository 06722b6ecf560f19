"""Access: the archive of personal data."""
