"""Making a backup: schedule, cutoff, writer, end."""
