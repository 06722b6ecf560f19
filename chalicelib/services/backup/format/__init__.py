"""The format of a backup: groups, lines, parts, manifest, encryption."""
