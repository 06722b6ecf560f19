"""The statutory archive: each issued document once, under Object Lock until its term."""
