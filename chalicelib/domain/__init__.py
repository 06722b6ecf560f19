"""Rules of law and of the product. No AWS, no HTTP, no framework."""
