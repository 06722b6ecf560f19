"""Customers and suppliers as simple resources."""

from chalicelib.domain.party import Customer, Supplier
from chalicelib.services.editing import Resource
from chalicelib.services.identity import normalize, validate

CUSTOMERS = Resource(Customer, normalize, validate)
SUPPLIERS = Resource(Supplier, normalize, validate)
