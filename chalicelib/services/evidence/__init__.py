"""Evidence: the journal's proof of the ledger, the daily and the full pass, anchors, and the auditor's export."""
