"""Pages and e-invoices."""
