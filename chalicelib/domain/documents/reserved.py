"""Names that the product uses for something that is not a document. No kind of document may take one of them.

The domain does not see the modules that use these names. A test compares each list with them.
"""

from typing import Final

PATHS: Final = frozenset(
    {
        "",
        "account",
        "api-keys",
        "app-settings",
        "attachments",
        "backups",
        "changes",
        "companies",
        "company",
        "consents",
        "customers",
        "devices",
        "diagnostics",
        "docs",
        "exports",
        "health",
        "imports",
        "invitations",
        "items",
        "jobs",
        "members",
        "openapi.json",
        "payments",
        "privacy",
        "problems",
        "register",
        "series",
        "settings",
        "suppliers",
        "support",
        "sync",
    }
)
"""The first words of the API's addresses."""
SCOPES: Final = frozenset(
    {
        "attachments",
        "backups",
        "changes",
        "company",
        "consents",
        "devices",
        "exports",
        "imports",
        "items",
        "keys",
        "members",
        "parties",
        "payments",
        "privacy",
        "register",
        "support",
    }
)
"""The first words of the scopes."""
BACKUP_GROUPS: Final = frozenset(
    {
        "attachment_usages",
        "attachments",
        "company",
        "credit_entries",
        "customers",
        "document_attachments",
        "head",
        "import_mappings",
        "items",
        "journal",
        "leftovers",
        "payment_ids",
        "payments",
        "refunds",
        "register",
        "series",
        "suppliers",
        "templates",
        "terms",
    }
)
"""The groups of a backup's rows, and the names by which a restore chooses them."""
DRAFTS: Final = "drafts"
"""The name by which a restore chooses the drafts of all kinds. It is also the group of the invoices' drafts."""
TABLES: Final = frozenset(
    {
        "acceptances",
        "account",
        "api_keys",
        "archive",
        "attachment_usages",
        "attachments",
        "company",
        "consents",
        "corrections",
        "credit_entries",
        "customers",
        "destructions",
        "devices",
        "disclosures",
        "document_attachments",
        "evidence",
        "import_mappings",
        "invitations",
        "items",
        "journal_entries",
        "members",
        "payments",
        "receipts",
        "refunds",
        "register",
        "register_entries",
        "requests",
        "retention",
        "series",
        "suppliers",
        "support_messages",
        "support_threads",
        "templates",
    }
)
"""The tables of an export."""
FIGURES: Final = frozenset(
    {
        "Applied",
        "Asked",
        "BackupFailed",
        "BackupTaken",
        "Dead",
        "DeadlineBreached",
        "DocumentsSwept",
        "DrillFailed",
        "DrillPassed",
        "Failed",
        "Found",
        "Held",
        "OldestSeconds",
        "PaymentsRecorded",
        "Planned",
        "RequestDeadlineBreached",
        "RequestDeadlineNear",
        "RestoreFailed",
        "EvidenceBroken",
        "Run",
        "RunSeconds",
        "Unanswered",
        "Unfinished",
        "Unhandled",
    }
)
"""The published figures."""
