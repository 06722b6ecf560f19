"""The archive of an access export: parts become JSON, CSV and pages of one ZIP, a part at a time in memory."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from html import escape
from typing import IO, Any

from chalicelib.policy.data_map import data_map
from chalicelib.policy.load import current
from chalicelib.policy.model import Language
from chalicelib.policy.page import direction
from chalicelib.policy.wording import long_date, say

Parts = Callable[[], Iterator[list[str]]]
"""The lines of JSON of one kind, a part at a time; may be asked again."""
RISKY = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
WORDS: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "title": "Vos données", "made": "Préparé le", "contents": "Contenu", "held": "Ce qui est conservé, pourquoi et "
        "jusqu'à quand", "kind": "Données", "rows": "Nombre", "why": "Motif", "until": "Durée", "files": "Fichiers",
        "missing": "Documents dont la page n'a pas pu être préparée",
    },
    "ar": {
        "title": "بياناتكم", "made": "أُعدّ في", "contents": "المحتوى", "held": "ما يُحتفظ به ولماذا وإلى متى",
        "kind": "البيانات", "rows": "العدد", "why": "السبب", "until": "المدة", "files": "الملفات",
        "missing": "وثائق تعذر إعداد صفحتها",
    },
    "en": {
        "title": "Your data", "made": "Prepared on", "contents": "Contents", "held": "What is held, why and until when",
        "kind": "Data", "rows": "Count", "why": "Why", "until": "Until when", "files": "Files",
        "missing": "Documents whose page could not be prepared",
    },
}  # fmt: skip


class Archive:
    """A ZIP being written to a file: equal contents and `at` make equal bytes."""

    def __init__(self, file: IO[bytes], at: datetime) -> None:
        self.zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self.at = at.timetuple()[:6]

    def _entry(self, name: str, *, packed: bool = True) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(name, self.at)
        entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        entry.external_attr = 0o644 << 16
        return entry

    def add(self, name: str, content: bytes, *, packed: bool = True) -> None:
        """Put one file."""
        self.zip.writestr(self._entry(name, packed=packed), content)

    def table(self, name: str, parts: Parts) -> None:
        """Put the rows of one kind, as `data/{name}.json` and `data/{name}.csv`."""
        columns: dict[str, None] = {}
        with self.zip.open(self._entry(f"data/{name}.json"), "w", force_zip64=True) as out:
            before = b"[\n"
            for lines in parts():
                for line in lines:
                    out.write(before + line.encode())
                    before = b",\n"
                    columns |= dict.fromkeys(flat(json.loads(line)))
            out.write(b"[]\n" if before == b"[\n" else b"\n]\n")
        with self.zip.open(self._entry(f"data/{name}.csv"), "w", force_zip64=True) as raw:
            out_text = io.TextIOWrapper(raw, "utf-8-sig", newline="", write_through=True)
            try:
                writer = csv.DictWriter(out_text, list(columns), restval="")
                writer.writerow({column: safe(column) for column in columns})
                for lines in parts():
                    writer.writerows({k: safe(v) for k, v in flat(json.loads(line)).items()} for line in lines)
            finally:
                out_text.detach()

    def close(self) -> None:
        """Write the directory: nothing can be added any more."""
        self.zip.close()


def flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """A row as one line of a table: parts of a part under dotted names, lists as JSON."""
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
    """The cell as no spreadsheet takes it for a formula; a plain number stays one."""
    return f"'{cell}" if cell.startswith(RISKY) and not NUMBER.fullmatch(cell) else cell


def index(
    name: str, counts: Iterable[tuple[str, int]], files: Iterable[str], missing: Iterable[str], at: datetime,
    language: Language, affects: str = "company",
) -> bytes:  # fmt: skip
    """The page that opens the archive: what is in it, and what is held, why and until when. No script, no link out."""
    words = WORDS[language]
    rows = "".join(
        f'<tr><td>{escape(kind)}</td><td>{count}</td><td><a href="data/{kind}.json">JSON</a> '
        f'<a href="data/{kind}.csv">CSV</a></td></tr>\n'
        for kind, count in counts
    )
    links = "".join(f'<li><a href="{escape(file)}">{escape(file)}</a></li>\n' for file in files)
    lost = "".join(f"<li>{escape(id)}</li>\n" for id in missing)
    lost = f"<h2>{escape(words['missing'])}</h2>\n<ul>{lost}</ul>\n" if lost else ""
    body = (
        f"<h1>{escape(words['title'])}: <bdi>{escape(name)}</bdi></h1>\n"
        f"<p>{escape(words['made'])} {escape(long_date(at.date(), language))}</p>\n"
        f"<h2>{escape(words['contents'])}</h2>\n<table><tr><th>{escape(words['kind'])}</th>"
        f"<th>{escape(words['rows'])}</th><th>{escape(words['files'])}</th></tr>\n{rows}</table>\n"
        f"<ul>{links}</ul>\n{lost}{_held(language, affects)}"
        f"<p>{escape(say('page', 'contact', language))} : {escape(current().contact)}</p>\n"
    )
    return (
        f'<!doctype html>\n<html lang="{language}" dir="{direction(language)}">\n<head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(words["title"])}</title>'
        "<style>body{font-family:sans-serif;margin:2em}td,th{border:1px solid #999;padding:.3em;text-align:start}"
        f"table{{border-collapse:collapse}}</style></head>\n<body>\n{body}</body>\n</html>\n"
    ).encode()


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
