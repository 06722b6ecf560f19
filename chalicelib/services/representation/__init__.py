"""Records as rows of plain values, in one form for the API, the change feed and exports."""
