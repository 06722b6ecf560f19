"""Privacy requests: access, rectification, deletion, opposition, and what the law demands."""
