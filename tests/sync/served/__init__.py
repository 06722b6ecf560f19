"""The reference clients on the real libraries in Node, against a service as `make serve` starts it."""
