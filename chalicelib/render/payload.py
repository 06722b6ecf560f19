"""Convert a document view to plain data for a template: without empty parts, with labels, and with printable texts.

Both template languages get the same data, so a merchant's template and ours print the same content. Free text has its
reading direction (`…_dir`), because an Arabic page holds French names and the other way round.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.domain.documents.view import DocumentView, LineView, PartyView
from chalicelib.render.labels import labels
from chalicelib.render.layout import MM, column_widths, in_parts, leading
from chalicelib.render.text import direction, isolated, printable, unmarked

Data = dict[str, Any]
Clean = Callable[[str], str]
Free = Callable[[str], Data]

_COLUMNS = ("position", "description", "quantity", "unit_price", "discount", "rate", "net")
_IDENTITY = ("ice", "tax_id", "trade_register", "business_tax", "cnss")


def payload(view: DocumentView, clean: Clean = printable) -> Data:
    """Return the view's data for a template. `clean` makes a text printable with the renderer's fonts."""
    words = labels(view.language)
    named = {name.replace(".", "_"): text for name, text in words.items()}
    base, columns = view.direction, _columns(view)
    lines = [_line(line, view, clean) for line in view.lines]

    def free(text: str) -> Data:
        return {"text": clean(text), "dir": direction(text, base)}

    widths = column_widths(columns, lines, named)
    for line in lines:
        line["parts"] = in_parts(line["description"], widths["description"] - 3 * MM)
    data: Data = {
        "language": view.language,
        "direction": base,
        "kind": view.kind,
        "title": clean(view.title),
        "number": clean(view.number),
        "labels": named,
        "to_label": clean(view.addressee),
        "mark": " · ".join(words[f"mark.{mark}"] for mark in view.marks),
        "marks": [words[f"mark.{mark}.long"] for mark in view.marks],
        "facts": [
            {"label": clean(fact.label) or words[f"fact.{fact.kind}"], **free(fact.value)} for fact in view.facts
        ],
        **_amounts(view, words, clean),
        "seller": party_data(view.seller, words, clean, free),
        "buyer": party_data(view.buyer, words, clean, free) if view.buyer else None,
        "columns": columns,
        "widths": {name: round(wide / MM, 1) for name, wide in widths.items()},
        "lines": lines,
        **_sentences(view, words, clean, free),
        "signature": words["signature"] if view.signature_box else "",
        "register_hash": view.register_hash,
        "footer": footer_data(view.seller, words, clean, free),
    }
    return {**data, "leading": leading(data)}


def _sentences(view: DocumentView, words: Mapping[str, str], clean: Clean, free: Free) -> Data:
    """The texts below the totals. A text that the document lacks is None."""
    terms = words["terms.cash"] if view.paid_at_once else view.payment_terms
    return {
        "amount_in_words": free(view.amount_in_words) if view.amount_in_words else None,
        "payment_terms": free(terms) if terms else None,
        "mentions": [{**free(mention), "text": unmarked(isolated(clean(mention)))} for mention in view.mentions],
        "notes": free(view.notes) if view.notes else None,
    }


def _amounts(view: DocumentView, words: Mapping[str, str], clean: Clean) -> Data:
    """The rows of the totals and of the TVA by rate."""
    totals = [
        {"kind": row.kind, "label": words[f"total.{row.kind}"], "amount": unmarked(clean(row.amount))}
        for row in view.totals
    ]
    vat = [
        {"rate": row.rate, "base": row.base, "amount": row.amount, "exemption": clean(row.exemption)}
        for row in view.vat
    ]
    return {"totals": totals, "vat": vat}


def _columns(view: DocumentView) -> list[str]:
    """Return the columns that at least one line fills. So there is no empty discount column, and no price on a delivery
    note."""
    return [c for c in _COLUMNS if c in ("description", "quantity") or any(getattr(line, c) for line in view.lines)]


def _line(line: LineView, view: DocumentView, clean: Clean) -> Data:
    quantity = f"{line.quantity} {clean(line.unit)}" if line.unit else line.quantity
    return {
        "position": line.position,
        "description": clean(line.description),
        "description_dir": direction(line.description, view.direction),
        "number": line.quantity,
        "quantity": quantity,
        "unit_price": line.unit_price,
        "discount": line.discount,
        "rate": line.rate,
        "net": line.net,
    }


def party_data(party: PartyView, words: dict[str, str], clean: Clean, free: Free) -> Data:
    return {
        "name": free(party.name),
        "other_name": free(party.other_name) if party.other_name else None,
        "legal_form": free(party.legal_form) if party.legal_form else None,
        "address": [free(row) for row in party.address if row],
        "identity": _identity(party, _IDENTITY, words, clean),
        "contact": [clean(text) for text in (party.phone, party.email) if text],
        "bank_name": free(party.bank_name) if party.bank_name else None,
        "rib": clean(party.rib),
        "account": _pair(words["rib"], clean(party.rib)),
    }


def _identity(party: PartyView, names: tuple[str, ...], words: dict[str, str], clean: Clean) -> list[Data]:
    """Return a party's identifiers, each with its label and the reading direction of the pair."""
    return [
        _pair(words[f"page.{name}"], unmarked(clean(value)) if name == "share_capital" else clean(value))
        for name in names
        if (value := getattr(party, name))
    ]


def _pair(label: str, value: str) -> Data:
    """A value with its label. `dir` is the direction of the label. An amount in Arabic is no code: it has its own."""
    return {"label": label, "value": value, "dir": direction(label, "ltr"), "value_dir": direction(value, "ltr")}


def footer_data(party: PartyView, words: dict[str, str], clean: Clean, free: Free) -> Data:
    """Return the legal identity at the foot of every page (CGI art. 145-III; law 104-12 art. 58)."""
    return {
        "name": [
            free(part) for part in (party.name, party.other_name, party.legal_form, ", ".join(party.address)) if part
        ],
        "identity": _identity(party, (*_IDENTITY, "share_capital"), words, clean),
    }
