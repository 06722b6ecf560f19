"""Documents of a list or of one address. Drafts are presented last, all together: they depend on other rows."""

from collections.abc import Callable, Sequence

import msgspec

from chalicelib.api.answers import size
from chalicelib.api.endpoint import RequestContext
from chalicelib.domain.clock import today
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import DraftDocument
from chalicelib.domain.documents.state import DocumentState
from chalicelib.services.documents import current_drafts
from chalicelib.services.representation.body import Body
from chalicelib.services.representation.documents import present_document, present_draft


def stored_or_shown(context: RequestContext) -> Callable[[DocumentState], Body | DraftDocument]:
    """A draft as it is stored; the representation of a frozen document."""

    def present(state: DocumentState) -> Body | DraftDocument:
        if isinstance(state.document, DraftDocument):
            return state.document
        return present_document(state, context.open.head, today(context.at))

    return present


def size_of(item: Body | DraftDocument) -> int:
    """The size of a representation in bytes; a draft's from its stored form, which is about as large."""
    return len(msgspec.json.encode(item)) if isinstance(item, DraftDocument) else size(item)


def as_of_today(
    context: RequestContext, document_type: DocumentType, items: Sequence[Body | DraftDocument]
) -> list[Body]:
    """The representations, those of drafts as of today; one or two round trips for all drafts together."""
    drafts = [item for item in items if isinstance(item, DraftDocument)]
    now = iter(current_drafts.current(context.open, document_type, drafts, today(context.at)))
    return [present_draft(next(now)) if isinstance(item, DraftDocument) else item for item in items]
