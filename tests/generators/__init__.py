"""The OpenAPI document as generators of clients and linters read it."""
