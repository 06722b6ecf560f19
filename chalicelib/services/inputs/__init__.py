"""The values that a client enters: their types, their models and their faults, wherever they come from."""
