"""Values of the domain as HTTP answers."""
