"""The plan of an erasure, for a complete company or one person: the action in each store, in order, with its legal
basis.

The plan is a pure function of the rules and the inventory. It is shown as a dry run, carried out step by step, and
stated in the receipt. An attribute without a rule cannot be stored, so the plan covers everything that is stored.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from chalicelib.domain.documents.model import REFERENCES
from chalicelib.domain.privacy.request import Measure
from chalicelib.policy.inventory import Inventory, Stored
from chalicelib.policy.model import Policy, PolicyError, Prefix, Rule, Subject
from chalicelib.policy.rules import Attribute, defined
from chalicelib.policy.terms import CALENDAR_YEAR, FinancialYear, Period, Start, kept_until

DataStore = Literal["table", "files"]
Action = Literal["block", "delete", "anonymise", "expire", "keep"]
"""block: kept for its term, unreadable through the product. delete: rows or objects are deleted. anonymise: the named
attributes are emptied or replaced, the row stays. expire: nothing is changed, the copy is deleted at the end of its own
term. keep: stays readable."""
Match = Literal["all", "own", "reference", "content"]
"""The rows concerned: all of the company's; the person's own; those that refer to the person; those whose content names
them."""

RENDERED = "pdf/"
_ORDER = ("transient", "workspace", "ledger", "journal", "requests", "identity")
"""The order of the tables. Short-lived copies come first, so that no answer uses them. Sign-in comes last, so that the
owner can follow the erasure."""


@dataclass(frozen=True)
class PlannedStep:
    """One step. `place` is a table or a prefix (files). `attributes` are the entity's own attributes concerned, in
    their order (none for files).

    `until` is the last day on which the data is kept: the end of its own term, or of a term that begins with the
    account's deletion. It is None if the data is deleted at once.
    """

    order: int
    store: DataStore
    place: str
    kinds: tuple[str, ...]
    attributes: tuple[str, ...]
    match: Match
    action: Action
    rules: tuple[str, ...]
    bases: tuple[str, ...]
    until: date | None


@dataclass(frozen=True)
class Plan:
    """The ordered steps of an erasure, under a version of the policy. `last_trace` is the last day on which deleted
    data may still exist in old versions, in point-in-time recovery or in backups."""

    subject: str
    version: str
    steps: tuple[PlannedStep, ...]
    last_trace: date


@dataclass(frozen=True)
class Circumstances:
    """The facts from which terms are counted.

    They are the day of the erasure, the latest date of a statutory record that stays (default: that day), every
    financial year end that applied to the company, and the statutory periods promised to it beyond the policy's. Data
    is kept for the longest of them, by the same rule as the purge.
    """

    on: date
    latest_record: date | None = None
    years: tuple[FinancialYear, ...] = (CALENDAR_YEAR,)
    periods: tuple[Period, ...] = ()


def plan(policy: Policy, inventory: Inventory, subject: str, circumstances: Circumstances) -> Plan:
    """The effect of the erasure of `subject` (`company`, or a person: `party`, `member`) on every store. Raises
    PolicyError for an unknown subject."""
    if subject not in policy.subjects:
        raise PolicyError(f"nobody is a {subject!r}: subjects are {', '.join(policy.subjects)}")
    of_account = subject == "company"
    rows = _company_rows(policy, inventory) if of_account else _person_rows(policy, inventory, policy.subjects[subject])
    drafts = [*rows, *_files(policy, subject)]
    ends = _until_of_account if of_account else _until
    dated = [replace(step, until=ends(policy, step, circumstances)) for step in drafts]
    steps = tuple(replace(step, order=order) for order, step in enumerate(dated, start=1))
    return Plan(subject, policy.version, steps, last_trace(policy, steps, circumstances.on))


def _own(attributes: Iterable[Attribute]) -> list[Attribute]:
    return [attribute for attribute in attributes if "." not in attribute.path]


def _by_order(inventory: Inventory) -> list[Stored]:
    return sorted(inventory, key=lambda stored: (_ORDER.index(stored.table), stored.kind))


def _governing(policy: Policy, attributes: Iterable[Attribute]) -> tuple[Rule, ...]:
    names = sorted({attribute.governed_by for attribute in attributes})
    return tuple(rule for name in names if (rule := defined(policy, name)).start is not Start.ROW)


def _row(
    stored: Stored, attributes: list[Attribute], rules: tuple[Rule, ...], match: Match, action: Action
) -> PlannedStep:
    bases = tuple(sorted({basis for rule in rules for basis in rule.bases}))
    names = tuple(attribute.path for attribute in attributes)
    return PlannedStep(
        0, "table", stored.table, (stored.kind,), names, match, action, tuple(rule.name for rule in rules), bases, None
    )


def _kept_action(rules: Iterable[Rule]) -> Action:
    """The action on a row that outlives the account: block if one rule says so, else keep, else delete."""
    said = {rule.on_erasure for rule in rules}
    return "block" if "block" in said else "keep" if "keep" in said else "delete"


def _company_rows(policy: Policy, inventory: Inventory) -> Iterator[PlannedStep]:
    """One step for each kind of row. Rows of tables marked `erased` are deleted. In other tables a row stays if the law
    requires any of its attributes; the others are removed from it."""
    for stored in _by_order(inventory):
        attributes = _own(stored.attributes)
        rules = _governing(policy, attributes)
        action = "delete" if policy.tables[stored.table].erased else _kept_action(rules)
        if action == "delete":
            yield _row(stored, attributes, rules, "all", action)
            continue
        going = {rule.name for rule in rules if rule.on_erasure == "delete"}
        gone = [attribute for attribute in attributes if attribute.governed_by in going]
        if gone:
            yield _row(stored, gone, _governing(policy, gone), "all", "anonymise")
        staying = [attribute for attribute in attributes if attribute.governed_by not in going]
        yield _row(stored, staying, _governing(policy, staying), "all", action)


def _person_rows(policy: Policy, inventory: Inventory, subject: Subject) -> Iterator[PlannedStep]:
    """The steps for one person. The person's own rows are deleted. Rows that refer to the person lose the reference, or
    are blocked if the law requires them. Copies that may name any person are deleted if they name this one; if the row
    must stay, only the naming attributes are removed."""
    for stored in _by_order(inventory):
        attributes = _own(stored.attributes)
        erased = policy.tables[stored.table].erased
        if stored.kind in subject.kinds and erased:
            yield _row(stored, attributes, _governing(policy, attributes), "own", "delete")
            continue
        named = [a for a in attributes if a.path in subject.references]
        about = [a for a in attributes if subject.name in defined(policy, a.governed_by).subjects]
        copied = bool(about) and (erased or not named) and not set(about) <= set(named)
        if named and not (erased and copied):  # A row that is deleted by name is deleted for a reference, too.
            if erased:  # The references of a draft are about its other party (ADR 0076).
                concerned = [a for a in attributes if a in named or a.path in REFERENCES]
            else:
                concerned = [a for a in attributes if a in named or a in about]
            rules = _governing(policy, concerned)
            kept = _kept_action(rules)
            yield _row(stored, concerned, rules, "reference", "anonymise" if erased or kept == "delete" else kept)
        if copied:
            rules = _governing(policy, about)
            action: Action = "anonymise" if all(_may_be_empty(a) for a in about) else "delete"
            yield _row(stored, about, rules, "content", action if erased else _kept_action(rules))


def _may_be_empty(attribute: Attribute) -> bool:
    return "None" in attribute.type.split(" | ")


def _files(policy: Policy, subject: str) -> Iterator[PlannedStep]:
    """The steps for objects. A company's objects are all deleted. For one person, rendered pages are deleted, because
    they are rendered again on request. An encrypted object (a backup) or an object of another person (an export) is
    deleted at the end of its own term; a restore repeats the erasure."""
    for prefix in sorted(policy.prefixes.values(), key=lambda each: each.path):
        rule = policy.rules[prefix.rule]
        if subject == "company":
            yield _objects(prefix, rule, "all", _kept_action([rule]))
        elif subject in rule.subjects:
            action = _kept_action([rule])
            kept_until_term = action == "delete" and prefix.path != RENDERED
            yield _objects(prefix, rule, "content", "expire" if kept_until_term else action)


def _objects(prefix: Prefix, rule: Rule, match: Match, action: Action) -> PlannedStep:
    return PlannedStep(0, "files", prefix.path, (), (), match, action, (rule.name,), tuple(sorted(rule.bases)), None)


def _until_of_account(policy: Policy, step: PlannedStep, circumstances: Circumstances) -> date | None:
    if step.action not in ("delete", "anonymise"):
        return _until(policy, step, circumstances)
    rules = (policy.rules[name] for name in step.rules)
    after = [rule.term for rule in rules if rule.term and rule.start is Start.ACCOUNT_DELETION]
    return max((kept_until(term, Start.ACCOUNT_DELETION, circumstances.on) for term in after), default=None)


def _until(policy: Policy, step: PlannedStep, circumstances: Circumstances) -> date | None:
    if step.action in ("delete", "anonymise"):
        return None
    ends: list[date] = []
    for rule in map(policy.rules.__getitem__, step.rules):
        if rule.term is None or rule.start is Start.ACCOUNT_DELETION:
            continue
        if rule.start is not Start.END_OF_FINANCIAL_YEAR:
            ends.append(kept_until(rule.term, rule.start, circumstances.on))
            continue
        latest, periods = circumstances.latest_record or circumstances.on, (rule.term, *circumstances.periods)
        ends += [kept_until(period, rule.start, latest, year) for period in periods for year in circumstances.years]
    return max(ends, default=None)


def last_trace(policy: Policy, steps: Iterable[PlannedStep | Measure], on: date) -> date:
    """The last day on which copies may hold data that are erased on `on`, as the policy's page states it: the terms of
    the database's recovery and of old versions of files, after each deletion."""
    storage, waiting = policy.storage, [(step.action, step.until) for step in steps if step.until is not None]
    last = max([on, *(until for action, until in waiting if action in ("delete", "anonymise"))])
    ends = [period.after(last) for period in (storage.noncurrent, storage.point_in_time_recovery)]
    return max(ends + [storage.noncurrent.after(until) for action, until in waiting if action == "expire"])
