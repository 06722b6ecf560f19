"""Proofs of the evidence: every tampering behind the API is named."""
