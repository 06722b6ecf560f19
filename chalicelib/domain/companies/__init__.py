"""A company and its records: members, keys, customers, suppliers, items."""
