"""Customers and suppliers as simple resources."""

from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.identity import normalize, validate
from chalicelib.services.records.editing import Resource

CUSTOMERS = Resource(Customer, normalize, validate)
SUPPLIERS = Resource(Supplier, normalize, validate)
