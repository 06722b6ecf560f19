"""Checks pushed rows by the models of the API's own requests, so that a device has no other rules."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, Field, ValidationError
from pydantic_core import PydanticCustomError

from chalicelib.api.document_types import models_of
from chalicelib.api.fields import Instant, Model
from chalicelib.api.payment_models import PaymentIn
from chalicelib.domain.documents.registry import by_id
from chalicelib.domain.errors import InvalidContent
from chalicelib.services.inputs.faults import faults_of
from chalicelib.services.inputs.items import ItemEdit, ItemNew
from chalicelib.services.inputs.parties import CustomerEdit, CustomerNew, PartyEdit, SupplierNew

FIRST_YEAR, LAST_YEAR = 2000, 2100
"""The years of the days that the API accepts. A device's clock may state any other."""


def _in_range(at: datetime) -> datetime:
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        bounds = {"min": f"{FIRST_YEAR}-01-01", "max": f"{LAST_YEAR}-12-31"}
        raise PydanticCustomError("out_of_range", "", bounds)
    return at


class IssueRequestIn(Model):
    """A request to issue a draft: when the person asked, and the clock of the device's last pull then."""

    document_id: str
    seen_clock: Annotated[int, Field(ge=0, le=2**53)]
    requested_at: Annotated[Instant, AfterValidator(_in_range)]

    def content(self) -> dict[str, str | int | datetime]:
        """The attributes of the request."""
        return {name: getattr(self, name) for name in type(self).model_fields}


RECORDS: Final[Mapping[str, tuple[type[BaseModel], type[BaseModel]]]] = {
    "customers": (CustomerNew, CustomerEdit),
    "suppliers": (SupplierNew, PartyEdit),
    "items": (ItemNew, ItemEdit),
}
"""The models of a new record and of a changed one."""


def content_of(table: str, id: str, body: Mapping[str, Any], new: bool) -> Mapping[str, Any]:
    """The content of a row in its domain values. Raises InvalidContent."""
    if table == "payments":
        payment: Any = _checked(PaymentIn, {name: value for name, value in body.items() if name != "document_id"})
        return dict(vars(payment.received()))
    if table == "issue_requests":
        request: Any = _checked(IssueRequestIn, body)
        return dict(request.content())
    if table in RECORDS:
        record: Any = _checked(RECORDS[table][0 if new else 1], body)
        return dict(record.content())
    document_type = by_id(id)
    assert document_type is not None  # noqa: S101 — the service has checked the id
    models = models_of(document_type.kind)
    model = models.new if new else models.edit
    # A table has the columns of all kinds. Those of another kind say nothing about this draft.
    draft: Any = _checked(model, {name: value for name, value in body.items() if name in model.model_fields})
    return dict(draft.content())


def _checked(model: type[BaseModel], body: Mapping[str, Any]) -> BaseModel:
    try:
        return model.model_validate_json(json.dumps(body))
    except ValidationError as error:
        raise InvalidContent(*faults_of(error)) from None
