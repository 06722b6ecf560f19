"""The names of document kinds that models accept and show, derived from the registry.

A type checker sees plain text. Pydantic sees the closed list, so that another name is refused and described.
"""

from typing import TYPE_CHECKING, Final, Literal

from chalicelib.domain.documents.document_type import DRAFT
from chalicelib.domain.documents.registry import document_types

_TYPES: Final = document_types()
_STATES: Final = tuple(
    state
    for document_type in _TYPES
    if document_type.registered
    for state in (*document_type.states, *document_type.derived_states)
)

if TYPE_CHECKING:
    DocumentKind = str
    NumberedKind = str
    RegisteredKind = str
    RegisteredStatus = str
    ChangedKind = str
    RestoredKind = str
else:
    DocumentKind = Literal[tuple(document_type.kind for document_type in _TYPES)]
    """Every kind."""
    NumberedKind = Literal[tuple(document_type.kind for document_type in _TYPES if document_type.series)]
    """The kinds that take a number of a series of ours."""
    RegisteredKind = Literal[tuple(document_type.kind for document_type in _TYPES if document_type.registered)]
    """The kinds that the register holds."""
    RegisteredStatus = Literal[tuple(dict.fromkeys((*(state for state in _STATES if state != DRAFT), "missing")))]
    """The states of a registered document, and that of a number whose document is missing."""
    ChangedKind = Literal[
        (
            "company",
            "customer",
            "supplier",
            "item",
            *(document_type.kind for document_type in _TYPES if document_type.on_devices),
            "payment",
        )
    ]
    """The kinds of what the change feed shows."""
    RestoredKind = Literal[
        (
            "company",
            "customers",
            "suppliers",
            "items",
            "drafts",
            *(document_type.backup_group for document_type in _TYPES),
            "payments",
        )
    ]
    """The names by which a restore chooses what comes back."""
