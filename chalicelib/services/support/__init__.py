"""Support: threads of members, the desk of the operator, diagnostics."""
