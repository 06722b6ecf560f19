"""The corrections of a rectification: their shape for each kind of subject, and the permission to make them."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from chalicelib.api.companies import Particulars
from chalicelib.api.endpoint import RequestContext, Scope
from chalicelib.api.fields import Email
from chalicelib.domain.errors import Forbidden, InvalidContent
from chalicelib.services.inputs.faults import faults_of
from chalicelib.services.inputs.parties import PartyEdit
from chalicelib.services.inputs.records import Edit, Name, unsent


class CompanyRight(Particulars):
    """The correctable attributes of a company: its identity, contact and bank account, in the form of its profile."""

    name: Name = unsent()


class MemberRight(Edit):
    """The correctable attributes of a member."""

    email: Email | None = None


MODELS: Mapping[str, type[BaseModel]] = {"cus": PartyEdit, "sup": PartyEdit, "mem": MemberRight, "": CompanyRight}
NEEDS: Mapping[str, Scope] = {"cus": "parties.write", "sup": "parties.write", "": "company.write"}
"""The scope that a correction needs in addition. A member's correction needs a new proof of identity instead."""


def validated(subject: str | None, corrections: Mapping[str, Any]) -> dict[str, Any]:
    """The corrections as domain values. Raises InvalidContent, with pointers below /corrections."""
    model = MODELS[(subject or "").partition("_")[0]]
    try:
        edit: Any = model.model_validate_json(json.dumps(corrections))
    except ValidationError as error:
        raise InvalidContent(*faults_of(error, "/corrections")) from None
    content: dict[str, Any] = edit.content()
    return content


def permitted(context: RequestContext, subject: str | None, corrections: Mapping[str, Any]) -> dict[str, Any]:
    """The validated corrections, if the caller may change such a record. Raises Forbidden, InvalidContent."""
    needed = NEEDS.get((subject or "").partition("_")[0])
    if needed and needed not in context.actor.scopes:
        raise Forbidden(scope=needed)
    return validated(subject, corrections)
