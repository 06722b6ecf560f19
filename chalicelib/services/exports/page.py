"""The readable part of a plain ZIP: CSV cells that no spreadsheet evaluates, and the index page."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Any

from chalicelib.domain.clock import today
from chalicelib.domain.language import Language
from chalicelib.domain.tabular.cells import escaped
from chalicelib.policy.data_map import data_map
from chalicelib.policy.html import opening
from chalicelib.policy.load import current
from chalicelib.policy.wording import long_date, say
from chalicelib.services.exports.words import TABLES

STYLE = (
    "body{font-family:sans-serif;margin:2em}td,th{border:1px solid #999;padding:.3em;text-align:start}"
    "table{border-collapse:collapse}"
)
NUMBER = re.compile(r"-?\d+(\.\d+)?")
WORDS: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "title": "Vos données",
        "made": "Préparé le",
        "contents": "Contenu",
        "held": "Ce qui est conservé, pourquoi et jusqu'à quand",
        "kind": "Données",
        "rows": "Nombre",
        "why": "Motif",
        "until": "Durée",
        "files": "Fichiers",
        "missing": "Documents dont la page n'a pas pu être préparée",
    },
    "ar": {
        "title": "بياناتكم",
        "made": "أُعدّ في",
        "contents": "المحتوى",
        "held": "ما يُحتفظ به ولماذا وإلى متى",
        "kind": "البيانات",
        "rows": "العدد",
        "why": "السبب",
        "until": "المدة",
        "files": "الملفات",
        "missing": "وثائق تعذر إعداد صفحتها",
    },
    "en": {
        "title": "Your data",
        "made": "Prepared on",
        "contents": "Contents",
        "held": "What is held, why and until when",
        "kind": "Data",
        "rows": "Count",
        "why": "Why",
        "until": "Until when",
        "files": "Files",
        "missing": "Documents whose page could not be prepared",
    },
}


def flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """A row as one table line: nested objects under dotted names, lists as JSON."""
    found: dict[str, str] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            found[prefix + name] = json.dumps(value, ensure_ascii=False)
        else:
            found[prefix + name] = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return found


def safe(cell: str) -> str:
    """The cell, escaped so that no spreadsheet evaluates it as a formula. A plain number does not change."""
    return cell if NUMBER.fullmatch(cell) else escaped(cell)


def index(
    name: str,
    counts: Iterable[tuple[str, int]],
    files: Iterable[str],
    missing: Iterable[str],
    at: datetime,
    language: Language,
    affects: str = "company",
) -> bytes:
    """The index page of the archive: its tables, and the data held back with the reason and the date. No script and no
    external link."""
    words = WORDS[language]
    rows = "".join(
        f'<tr><td>{escape(TABLES[kind][language])}</td><td>{count}</td><td><a href="data/{kind}.json">JSON</a> '
        f'<a href="data/{kind}.csv">CSV</a></td></tr>\n'
        for kind, count in counts
    )
    links = "".join(f'<li><a href="{escape(file)}">{escape(file)}</a></li>\n' for file in files)
    lost = "".join(f"<li>{escape(id)}</li>\n" for id in missing)
    lost = f"<h2>{escape(words['missing'])}</h2>\n<ul>{lost}</ul>\n" if lost else ""
    body = (
        f"<h1>{escape(words['title'])}: <bdi>{escape(name)}</bdi></h1>\n"
        f"<p>{escape(words['made'])} {escape(long_date(today(at), language))}</p>\n"
        f"<h2>{escape(words['contents'])}</h2>\n<table><tr><th>{escape(words['kind'])}</th>"
        f"<th>{escape(words['rows'])}</th><th>{escape(words['files'])}</th></tr>\n{rows}</table>\n"
        f"<ul>{links}</ul>\n{lost}{_held(language, affects)}"
        f"<p>{escape(say('page', 'contact', language))} : {escape(current().contact)}</p>\n"
    )
    return (f"{opening(escape(words['title']), language, STYLE)}{body}</body>\n</html>\n").encode()


def _held(language: Language, affects: str) -> str:
    words = WORDS[language]
    head = "".join(f"<th>{escape(words[name])}</th>" for name in ("kind", "why", "until"))
    lines = ""
    rules = current().rules
    for rule in data_map(language)["data"]:
        if not rule["collected"] or (affects != "company" and affects not in rules[rule["rule"]].subjects):
            continue
        laws = "; ".join(f"{basis['words']} ({basis['law']})" for basis in rule["legal_bases"])
        cells = (rule["label"], f"{rule['purpose']}. {laws}", rule["retention"]["words"])
        lines += "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>\n"
    return f"<h2>{escape(words['held'])}</h2>\n<table><tr>{head}</tr>\n{lines}</table>\n"
