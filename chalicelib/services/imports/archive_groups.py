"""The rows of a file of earlier invoices by invoice, and the content of each as a client would enter it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from chalicelib.domain.errors import Fault
from chalicelib.domain.imports.model import ImportColumn, ImportKind
from chalicelib.domain.imports.targets import LINE
from chalicelib.services.imports.entering import Entered, Refused, enter, shown
from chalicelib.services.imports.sheet import Row

_SUMS: Final = frozenset({f"{LINE}vat_rate", f"{LINE}exemption"})
"""The fields of a line that may also belong to the sums of an invoice."""
_LINE: Final = LINE.removesuffix(".")


@dataclass
class Group:
    """The rows of one invoice, in the order of the file."""

    rows: list[tuple[Row, Entered]] = field(default_factory=list)

    @property
    def first(self) -> Row:
        """Its first row."""
        return self.rows[0][0]

    @property
    def last(self) -> int:
        """The number of its last row."""
        return self.rows[-1][0].number

    def stated(self, name: str) -> str | None:
        """The values of its first row."""
        found: str | None = self.rows[0][1].content.get(name)
        return found


class Grouping:
    """Groups the rows of a file by the numbers of its invoices. Rows with one number, one below the other, are the
    lines of one invoice, if a column has something of a line."""

    def __init__(self, kind: ImportKind, columns: Sequence[ImportColumn]) -> None:
        self.kind = kind
        self.columns = columns
        self._places = {column.field: number for number, column in enumerate(columns, 1) if column.field}
        self._has_lines = any(name.startswith(LINE) and name not in _SUMS for name in self._places)

    def groups(self, rows: Iterable[Row]) -> Iterator[Group]:
        """The invoices. A row without a number continues the invoice of the row before it."""
        group = Group()
        for row in rows:
            entered = enter(self.kind, self.columns, row)
            if group.rows and not (self._has_lines and _continues(group, entered)):
                yield group
                group = Group()
            group.rows.append((row, entered))
        if group.rows:
            yield group

    def refused(self, group: Group) -> tuple[Refused, ...]:
        """The cells that cannot be values, and those that contradict an earlier row of the invoice."""
        cells = tuple(each for _, entered in group.rows for each in entered.refused)
        return cells or tuple(self._contradictions(group))

    def _contradictions(self, group: Group) -> Iterator[Refused]:
        known: dict[str, tuple[Any, int]] = {}
        for row, entered in group.rows:
            for path, value in _flat(_head(entered.content)):
                before, first = known.setdefault(path, (value, row.number))
                if before != value:
                    yield self.refusal(row, path, "row_contradicts", first=first)

    def content(self, group: Group) -> tuple[dict[str, Any], list[Row]]:
        """The content of an invoice, and the row of each of its lines."""
        content: dict[str, Any] = {}
        lines = [(row, entered.content[_LINE]) for row, entered in group.rows if _LINE in entered.content]
        for _, entered in group.rows:
            _merge(content, _head(entered.content))
        return {**content, "lines": [line for _, line in lines]}, [row for row, _ in lines]

    def located(self, group: Group, lines: Sequence[Row], faults: Sequence[Fault]) -> tuple[Refused, ...]:
        """The faults of an invoice, each at the row and the column of its value."""

        def locate(fault: Fault) -> Refused:
            row, (head, *rest) = group.first, fault.pointer.strip("/").split("/")
            if head == "lines" and rest and rest[0].isdigit():
                row, head, rest = lines[int(rest[0])], _LINE, rest[1:]
            return self.refusal(row, ".".join((head, *rest)), fault.code, **fault.params)

        return tuple(map(locate, faults))

    def refusal(self, row: Row, path: str, code: str, **params: Any) -> Refused:
        """A refusal of the value of a field in a row, or a warning about it."""
        number = self._places.get(path)
        cell = row.cells[number - 1] if number is not None and number <= len(row.cells) else None
        return Refused(row.number, number, path or None, shown(cell), code, params)


def _continues(group: Group, entered: Entered) -> bool:
    """Whether a row belongs to the invoice of the rows before it."""
    return all(entered.content.get(name) in (None, group.stated(name)) for name in ("number", "series"))


def _head(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != _LINE}


def _flat(content: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{within}{name}.")
        else:
            yield f"{within}{name}", value


def _merge(content: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, Mapping):
            _merge(content.setdefault(name, {}), value)
        else:
            content.setdefault(name, value)
