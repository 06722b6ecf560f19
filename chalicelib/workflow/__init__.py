"""The workflow engine: everything that runs in steps."""
