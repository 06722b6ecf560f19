"""Customers and suppliers: the shelves they stand on."""

from chalicelib.domain.party import Customer, Supplier
from chalicelib.services.editing import Shelf
from chalicelib.services.present import present_customer, present_supplier
from chalicelib.services.screening import screen, settled

CUSTOMERS = Shelf(Customer, "/v1/customers", present_customer, settled, screen)
SUPPLIERS = Shelf(Supplier, "/v1/suppliers", present_supplier, settled, screen)
