"""Documents of every kind: drafts, issue, credit, payments, lists, pages, register."""
