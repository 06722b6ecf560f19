"""Contact with people: support, mails, mailed codes, diagnostics."""
