"""Attachments: photographs and papers that belong to a document, a customer, a supplier or a support thread."""
