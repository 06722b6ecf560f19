"""Privacy: requests and their states, erased persons, corrections, disclosures, consents."""
