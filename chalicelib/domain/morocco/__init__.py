"""The Moroccan law of invoices as dated tables. Each row names its source."""
