"""Legal holds, lawful demands, the register of disclosures."""
