"""A company and the records that it keeps: members, keys, customers, suppliers, items."""
