"""Convert the view of a receipt or a statement to plain data for its template, with printable texts and widths."""

from typing import Any

from chalicelib.domain.documents.account_view import PairView, ReceiptView, StatementView
from chalicelib.render.account_labels import account_labels
from chalicelib.render.labels import labels
from chalicelib.render.layout import MM, TEXT, leading
from chalicelib.render.metrics import MARGIN, width
from chalicelib.render.payload import Clean, Data, Free, footer_data, party_data
from chalicelib.render.text import direction, isolated, printable, unmarked

_FIGURES = ("debit", "credit", "balance")
_INSET = 7.0
"""The left and right inset of a cell together, in points."""


def account_payload(view: ReceiptView | StatementView, clean: Clean = printable) -> Data:
    """Return the view's data for the template of its kind. `clean` makes a text printable with the renderer's fonts."""
    words = labels(view.language)

    def free(text: str) -> Data:
        return {"text": unmarked(isolated(clean(text))), "dir": direction(text, view.direction)}

    data: Data = {
        "language": view.language,
        "direction": view.direction,
        "kind": view.kind,
        "title": clean(view.title),
        "number": clean(view.number),
        "labels": {name.replace(".", "_"): text for name, text in (words | account_labels(view.language)).items()},
        "to_label": clean(view.addressee),
        "mark": " · ".join(words[f"mark.{mark}"] for mark in view.marks),
        "marks": [words[f"mark.{mark}.long"] for mark in view.marks],
        "facts": [{"label": fact.label, **free(fact.value)} for fact in view.facts],
        "seller": party_data(view.seller, words, clean, free),
        "buyer": party_data(view.buyer, words, clean, free),
        "notes": [free(note) for note in view.notes],
        "signature": "",
        "register_hash": "",
        "footer": footer_data(view.seller, words, clean, free),
        # The parts that only documents have.
        "columns": [],
        "lines": [],
        "totals": [],
        "vat": [],
    }
    data |= _receipt(view, words, free) if isinstance(view, ReceiptView) else _statement(view, data, clean, free)
    return {**data, "leading": leading(data)}


def _receipt(view: ReceiptView, words: dict[str, str], free: Free) -> Data:
    return {
        "amounts": _pairs(view.amounts),
        "amount_in_words": free(view.amount_in_words) if view.amount_in_words else None,
        "warning": free(view.warning) if view.warning else None,
        "signature": words["signature"] if view.signature_box else "",
    }


def _statement(view: StatementView, data: Data, clean: Clean, free: Free) -> Data:
    rows = [
        {
            "date": row.date,
            "label": unmarked(isolated(clean(row.label))),
            "detail": free(row.detail) if row.detail else None,
            **{name: unmarked(getattr(row, name)) for name in _FIGURES},
        }
        for row in view.rows
    ]
    heads = {name: data["labels"][f"statement_{name}"] for name in _FIGURES}
    return {
        "rows": rows,
        "figures": [_widest(rows, name, heads[name]) for name in _FIGURES],
        "ageing": _pairs(view.ageing),
        "summary": _pairs(view.summary),
    }


def _widest(rows: list[Data], name: str, head: str) -> float:
    """The width of a column of figures, in points. A figure never breaks."""
    widest = max(width(text, TEXT, bold=True) for text in {row[name] for row in rows} | {head})
    return max(24 * MM, widest * MARGIN + _INSET)


def _pairs(pairs: tuple[PairView, ...]) -> list[dict[str, Any]]:
    """Rows as `totals-grid` takes them."""
    return [
        {"kind": "payable" if pair.strong else "plain", "label": pair.label, "amount": unmarked(pair.value)}
        for pair in pairs
    ]
