"""Customers and suppliers as simple resources."""

from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.identity import normalize, validate
from chalicelib.services.records.duplicates import note_duplicates
from chalicelib.services.records.editing import Resource

CUSTOMERS = Resource(Customer, normalize, validate, note_duplicates)
SUPPLIERS = Resource(Supplier, normalize, validate, note_duplicates)
