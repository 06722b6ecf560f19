"""Every way to ask, in one tuple: what is registered, documented, guarded and tested."""

from chalicelib.api import (
    access,
    app_settings,
    changes,
    companies,
    consents,
    credit_notes,
    diagnostics,
    invoices,
    items,
    pages,
    parties,
    payments,
    public,
    register,
    work,
)
from chalicelib.api.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *companies.ENDPOINTS,
    *access.ENDPOINTS,
    *parties.ENDPOINTS,
    *items.ENDPOINTS,
    *invoices.ENDPOINTS,
    *credit_notes.ENDPOINTS,
    *payments.ENDPOINTS,
    *register.ENDPOINTS,
    *changes.ENDPOINTS,
    *work.ENDPOINTS,
    *public.ENDPOINTS,
    *consents.ENDPOINTS,
    *app_settings.ENDPOINTS,
    *diagnostics.ENDPOINTS,
    *pages.ENDPOINTS,
)
