"""A toy kind of document: fiscal, outside the register, numbered by the supplier.

It is a plugin of pytest (`-p tests.toy.kind`), so that it is declared before anything else is imported. No module of
the product names it.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from chalicelib.domain.companies.company import Address
from chalicelib.domain.documents.document_type import (
    DocumentScopes,
    DocumentType,
    DocumentWords,
    IssueFigure,
    Transition,
)
from chalicelib.domain.documents.model import Buyer, DraftDocument, Issued, Line, Seller, Totals
from chalicelib.domain.documents.registry import declare
from chalicelib.domain.entity import entity, kept


@entity("toy_bill", table="workspace", prefix="toy")
class ToyDraft(DraftDocument):
    """A toy that is not recorded yet."""

    supplier: str | None = kept("draft.content", default=None)
    remark: str | None = kept("draft.content", default=None)
    delivered: date | None = kept("draft.content", default=None)
    deposit: Decimal = kept("draft.content", default=Decimal(0))
    fragile: bool = kept("draft.content", default=False)


@entity("toy_bill", table="ledger", prefix="toy")
class Toy(Issued):
    """A recorded toy: the supplier is its seller, and we are its buyer."""

    supplier: str = kept("document.content")
    remark: str | None = kept("document.content", default=None)
    delivered: date = kept("document.content")
    deposit: Decimal = kept("document.content")
    fragile: bool = kept("document.content", default=False)


TOY: Final = declare(
    DocumentType(
        kind="toy_bill",
        prefix="toy",
        plural="toy_bills",
        path="toy-bills",
        words=DocumentWords(
            title={"fr": "Jouet", "ar": "لعبة", "en": "Toy"},
            heading={"fr": "Jouets", "ar": "ألعاب", "en": "Toys"},
            drafts_heading={"fr": "Jouets en préparation", "ar": "مسودات الألعاب", "en": "Draft toys"},
            addressee={"fr": "Reçu par", "ar": "تسلمه", "en": "Received by"},
            closing={"fr": "Somme : {words}.", "ar": "المبلغ: {words}.", "en": "Sum: {words}."},
            original=None,
            reduction=None,
            set_off=None,
            file_name="jouet",
        ),
        draft=ToyDraft,
        issued=Toy,
        balance=None,
        counterparty="supplier",
        person="supplier",
        free_text=("notes", "remark"),
        numbered_by="other_party",
        series=None,
        dated_in_order=False,
        fiscal=True,
        registered=False,
        priced=True,
        statutory_date="issue_date",
        retention="document.content",
        states=("draft", "recorded"),
        transitions=(Transition(verb="record", sources=("draft",), target="recorded"),),
        derived_states=(),
        payable="none",
        converts_to=(),
        corrects=(),
        code=None,
        credit_code=None,
        facts=("issue_date",),
        totals=("net", "vat_total", "gross"),
        shown=("remark", "delivered", "deposit", "fragile"),
        backup_group="toy_bills",
        draft_group="toy_drafts",
        figure=IssueFigure(name="ToysRecorded", counts="toys that were recorded"),
        scopes=DocumentScopes(read="documents.read", write="documents.write", issue="documents.issue"),
        on_devices=True,
        mailed=False,
        linked=False,
        exported=True,
        imported=False,
        attachments=False,
    )
)


def recorded(company: str, id: str, supplier: str, day: date, at: datetime, *, mark: str = "Atelier") -> Toy:
    """A recorded toy of one line; `mark` is what its supplier wrote."""
    net, vat = Decimal("100.00"), Decimal("20.00")
    amounts: dict[str, Any] = dict.fromkeys(("discount", "stamp_duty", "withheld_vat", "withheld_fees"), Decimal(0))
    line = Line(description=f"{mark} wood", quantity=Decimal(1), unit_price=net, vat_rate=Decimal(20), net=net)
    return Toy(
        company=company,
        id=id,
        created_at=at,
        updated_at=at,
        number=f"{mark}-7",
        issue_date=day,
        operation_date=day,
        due_date=day,
        language="fr",
        supplier=supplier,
        seller=Seller(name=f"{mark} SARL", address=Address(street=f"{mark} street", city="Fès"), email=f"{mark}@x.ma"),
        buyer=Buyer(name="Us", kind="business", address=Address(city="Rabat")),
        lines=(line,),
        totals=Totals(lines=net, net=net, vat=(), vat_total=vat, gross=net + vat, payable=net + vat, **amounts),
        notes=f"{mark} wrote this",
        remark=f"{mark} again",
        delivered=day,
        deposit=Decimal("10.00"),
        salt=b"s" * 16,
        hash="ab" * 32,
    )
