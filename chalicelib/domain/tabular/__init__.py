"""Values of a table as text, and back: cells and numbers. An import reads what an export writes."""
