"""The statement of a customer's account, as clients read it."""

from datetime import date

from chalicelib.domain.documents.statement import Statement, StatementLine
from chalicelib.domain.money import amount_text
from chalicelib.services.representation.body import Body


def present_statement(customer: str, name: str, statement: Statement) -> Body:
    """The statement of the account of a customer. Amounts are in dirhams; a positive balance is owed by the
    customer."""
    return {
        "object": "statement",
        "customer": customer,
        "customer_name": name,
        "currency": "MAD",
        "from": statement.first.isoformat(),
        "to": statement.last.isoformat(),
        "opening_balance": amount_text(statement.opening),
        "lines": [_line(row) for row in statement.lines],
        "debits": amount_text(statement.debits),
        "credits": amount_text(statement.credits),
        "closing_balance": amount_text(statement.closing),
        "open": amount_text(statement.open),
        "unapplied_credit": amount_text(statement.unapplied),
        "pending": amount_text(statement.pending),
        "ageing": {band: amount_text(amount) for band, amount in statement.ageing.items()},
    }


def _line(row: StatementLine) -> Body:
    line = row.line
    return {
        "date": line.day.isoformat(),
        "kind": line.kind,
        "id": line.id,
        "document": line.document,
        "number": line.number,
        "due_date": _day(line.due_date),
        "method": line.method,
        "reference": line.reference,
        "reason": line.reason,
        "debit": amount_text(line.debit),
        "credit": amount_text(line.credit),
        "pending": amount_text(line.pending),
        "balance": amount_text(row.balance),
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
