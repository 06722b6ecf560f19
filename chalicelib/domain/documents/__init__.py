"""Documents: the registry of their kinds, what they share, and one module a kind.

Importing anything from here declares every kind first. A module of a kind imports no module that reads the registry:
`declare` fails loudly then. A new kind is added at the end: tables and backups keep the order of the older ones.
"""

from typing import Final

from chalicelib.domain.documents.archived_invoice import ARCHIVED_INVOICE
from chalicelib.domain.documents.credit_note import CREDIT_NOTE
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.documents.registry import declare

DECLARED: Final = tuple(declare(document_type) for document_type in (INVOICE, CREDIT_NOTE, ARCHIVED_INVOICE))
