"""Creation of a backup: schedule, cutoff, writer and completion."""
