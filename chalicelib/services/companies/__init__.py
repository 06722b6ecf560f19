"""Companies: sign-up, profile, members, keys, consents, settings."""
