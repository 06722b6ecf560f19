"""Use cases of the product. No HTTP here."""
