"""Imports in the API's form."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.api.problems import reason
from chalicelib.domain.clock import instant
from chalicelib.domain.imports.model import UNDO, Counts, Import
from chalicelib.domain.language import Language

if TYPE_CHECKING:
    from chalicelib.services.imports.operations import ImportView


def present_import(view: "ImportView", language: Language) -> dict[str, Any]:
    """An import, its reasons in the caller's language."""
    imported, analysis = view.imported, view.analysis or {}
    undo_until = imported.committed_at + UNDO if imported.committed_at else None
    return {
        "id": imported.id,
        "object": "import",
        "kind": imported.kind,
        "status": imported.status,
        "failure": _reason(imported.failure, language),
        "content_type": imported.content_type,
        "bytes": imported.bytes,
        "sha256": imported.sha256,
        "mapping": _mapping(imported),
        "counts": _counts(imported.counts) if imported.counts else None,
        "rows": analysis.get("rows", []),
        "refusals": _reasons(analysis.get("refusals", ()), language),
        "warnings": _reasons(analysis.get("warnings", ()), language),
        "job": imported.job,
        "undo_until": instant(undo_until) if undo_until else None,
        "undone": imported.undone,
        "touched": imported.touched,
        "version": imported.version,
        "created_at": instant(imported.created_at),
        "updated_at": instant(imported.updated_at),
    }


def _mapping(imported: Import) -> dict[str, Any] | None:
    if imported.columns is None:
        return None
    columns = [
        {"column": number, "header": each.header, "field": each.field, "decimal": each.decimal, "ask": each.ask}
        for number, each in enumerate(imported.columns, 1)
    ]
    read = {"encoding": imported.encoding, "delimiter": imported.delimiter, "source": imported.source}
    return {**read, "columns": columns}


def _counts(counts: Counts) -> dict[str, int]:
    return {
        "rows": counts.rows,
        "new": counts.new,
        "changed": counts.changed,
        "same": counts.unchanged,
        "refused": counts.refused,
    }


def _reason(code: str | None, language: Language) -> dict[str, str] | None:
    return {"code": code, "detail": reason(code, {}, language)} if code else None


def _reasons(found: Iterable[Mapping[str, Any]], language: Language) -> list[dict[str, Any]]:
    return [
        {
            "row": each["row"],
            "column": each["column"],
            "field": each["field"],
            "value": each["value"],
            "code": each["code"],
            "detail": reason(each["code"], each["params"], language),
        }
        for each in found
    ]
