"""Opposition to marketing and to diagnostics: free, and in force with the answer (law 09-08 art. 9)."""

from dataclasses import replace
from typing import Any, Final

from chalicelib.domain.call import Call
from chalicelib.domain.consent import Choosable, Consent, granted, with_choice
from chalicelib.domain.request import Request, moved

OPPOSED: Final[tuple[Choosable, ...]] = ("marketing", "diagnostics")


def settled(request: Request, consent: Consent | None, call: Call) -> tuple[Request, Consent]:
    """A member's own opposition, carried out: the request completed, and the member's choices after it."""
    stamps: dict[str, Any] = {"company": call.company, "created_at": call.at, "updated_at": call.at}
    after = consent or Consent(id=request.asked_by, **stamps)
    for kind in OPPOSED:
        if granted(after, kind) or consent is None:
            after = replace(after, choices=with_choice(after, kind, False, call.at))
    done = moved(moved(request, "running", call.at), "completed", call.at)
    return replace(done, version=1), after.edited(call.at)
