"""The identities that a document states (CGI art. 145-III and 145-VIII; law 104-12 art. 58), and since when a document
without them is refused.

A seller under the standard regime states ICE, IF and the number of the taxe professionnelle (TP). IF and ICE have no
override (145-III-2°, 145-VIII); the TP has a recorded reason. A business buyer has an address (145-III-4°).
"""

from datetime import date, timedelta

from chalicelib.domain.morocco.dated import DatedRule

REQUIRED: tuple[DatedRule[tuple[str, ...]], ...] = (
    DatedRule(
        date(2026, 11, 30), None, ("ice", "tax_id", "business_tax"), "CGI art. 145-III-2°, 145-III-3°, 145-VIII", "P"
    ),
)
"""The seller's details without which a document is refused. The law is older; the day is that of our refusal."""
NOTICE = timedelta(days=60)
"""The notice that a company gets that has issued documents before the refusal existed."""


def binding_from(signed_up: date | None, *, issued_before: bool) -> date:
    """The first day on which a document without the identities is refused. `signed_up` is the sign-up of a company that
    is younger than the rule, None for an older one: it has the notice of 60 days if it has issued before."""
    begins = REQUIRED[0].valid_from
    if signed_up is not None:
        return max(signed_up, begins)
    return begins + NOTICE if issued_before else begins
