"""Reads `policy.toml` and a version's text into `model`. It refuses unknown, missing and contradictory values."""

import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from chalicelib.domain.entity import TABLE_NAMES
from chalicelib.policy.converters import (
    Field,
    day,
    flag,
    listed,
    named,
    one_of,
    period,
    read,
    start,
    text,
    texts,
    words,
)
from chalicelib.policy.model import (
    ACTIONS,
    CLASSES,
    DERIVED_TABLES,
    ON_ERASURE,
    UNDECIDED,
    Basis,
    Clause,
    Policy,
    PolicyError,
    PolicyTable,
    PolicyVersion,
    Prefix,
    Processor,
    Rule,
    Section,
    Service,
    Storage,
    Subject,
)
from chalicelib.policy.terms import Start

HERE = Path(__file__).parent
F = TypeVar("F", bound=Callable[..., Any])


def _rule(**values: Any) -> Rule:
    return Rule(data_class=values.pop("class"), **values)


RULE = {
    "class": Field(one_of(*CLASSES)),
    "bases": Field(texts),
    "start": Field(start),
    "term": Field(period, None),
    "on_erasure": Field(one_of(*ON_ERASURE)),
    "action": Field(one_of(*ACTIONS)),
    "exported": Field(flag),
    "masked": Field(flag),
    "subjects": Field(texts, ()),
    "planned": Field(flag, False),
    "label": Field(words),
    "purpose": Field(words),
}
CLAUSE = {
    "gist": Field(text),
    "mechanism": Field(text),
    "code": Field(texts),
    "state": Field(one_of("kept", "promised")),
    "tests": Field(texts, ()),
    "awaits": Field(text, None),
}
PROCESSOR = {key: Field(text) for key in ("provider", "where", "transfer")} | {
    "subjects": Field(texts),
    "receives": Field(words),
    "purpose": Field(words),
}
SECTION = {
    "name": Field(text),
    "clauses": Field(texts, ()),
    "table": Field(one_of(*DERIVED_TABLES), None),
    "title": Field(words),
    "body": Field(words),
}
POLICY = {
    "product": Field(text),
    "contact": Field(text),
    "default_region": Field(text),
    "regions": Field(lambda value, where: {n: words(w, f"{where}.{n}") for n, w in _table(value, where).items()}),
    "bases": Field(
        named(Basis, "name", {"law": Field(words), "certainty": Field(one_of("P", "S")), "label": Field(words)})
    ),
    "rules": Field(named(_rule, "name", RULE)),
    "subjects": Field(
        named(Subject, "name", {"kinds": Field(texts), "references": Field(texts), "label": Field(words)}),
    ),
    "tables": Field(
        named(PolicyTable, "name", {"erased": Field(flag), "ttl": Field(text, None), "label": Field(words)})
    ),
    "prefixes": Field(
        named(Prefix, "path", {"bucket": Field(text), "rule": Field(text), "cold_after": Field(period, None)}),
    ),
    "storage": Field(
        lambda value, where: Storage(**read(value, where, {k: Field(period) for k in Storage.__dataclass_fields__})),
    ),
    "services": Field(named(Service, "name", {"rules": Field(texts)})),
    "processors": Field(named(Processor, "name", PROCESSOR)),
    "clauses": Field(named(Clause, "name", CLAUSE)),
    "versions": Field(
        listed(
            PolicyVersion,
            {
                "version": Field(text),
                "date": Field(day),
                "material": Field(flag),
                "changes": Field(words),
                "awaits": Field(texts, ()),
            },
        )
    ),
}


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PolicyError(f"{where}: a table expected, not {value!r}")
    return value


def _check_rule(policy: Policy, rule: Rule) -> None:
    where = f"rules.{rule.name}"
    if (rule.term is None) != (rule.start is Start.ROW):
        raise PolicyError(f'{where}: a term is needed, except with start = "row", which has none')
    if not rule.bases:
        raise PolicyError(f"{where}.bases: at least one legal basis is needed")
    if unknown := set(rule.bases) - policy.bases.keys():
        raise PolicyError(f"{where}.bases: unknown {', '.join(sorted(unknown))}")
    if unknown := set(rule.subjects) - policy.subjects.keys():
        raise PolicyError(f"{where}.subjects: unknown {', '.join(sorted(unknown))}")
    if rule.on_erasure != "delete" and rule.start in (Start.ACCOUNT_DELETION, Start.ROW):
        raise PolicyError(
            f"{where}: what outlives a deletion needs a term that does not end with the account or its row"
        )


def _check_prefix(policy: Policy, prefix: Prefix) -> None:
    where = f"prefixes.{prefix.path}"
    if prefix.rule not in policy.rules:
        raise PolicyError(f"{where}: unknown rule {prefix.rule!r}")
    if not prefix.path.endswith("/") or prefix.path.startswith("/"):
        raise PolicyError(f"{where}: a prefix ends with / and does not begin with it")
    for other in policy.prefixes.values():
        if other is not prefix and other.bucket == prefix.bucket and prefix.path.startswith(other.path):
            raise PolicyError(f"{where}: lies within {other.path}, so that two rules would claim one object")


def _check_clause(clause: Clause) -> None:
    if clause.state == "kept" and (not clause.tests or clause.awaits):
        raise PolicyError(f"clauses.{clause.name}: a kept clause names its tests and awaits nothing")
    if clause.state == "promised" and not clause.awaits:
        raise PolicyError(f"clauses.{clause.name}: a promised clause says what it awaits")


def _check_versions(policy: Policy) -> None:
    dates = [version.date for version in policy.versions]
    if not dates or dates != sorted(set(dates)):
        raise PolicyError("versions: at least one, oldest first, one a day")
    for version in policy.versions:
        if version.version != version.date.isoformat():
            raise PolicyError(f"versions: {version.version!r} is named by its date, {version.date.isoformat()}")
    if policy.versions[0].awaits:
        raise PolicyError("versions: the first one is in force, so it awaits nothing")
    if set(policy.current.awaits) != set(policy.undecided):
        awaits, undecided = ", ".join(policy.current.awaits), ", ".join(policy.undecided)
        raise PolicyError(f"versions: {policy.version} awaits [{awaits}], but undecided is [{undecided}]")


def _check_ends(policy: Policy) -> None:
    """Require that the records of a financial year end together, and that a proof outlives the recovery of tables: it
    erases a person again after a recovery."""
    terms = {rule.name: rule.term for rule in policy.rules.values() if rule.start is Start.END_OF_FINANCIAL_YEAR}
    first, *others = terms
    for other in others:
        if terms[other] != terms[first]:
            raise PolicyError(
                f"rules.{other}.term: {terms[other]}, but {first} has {terms[first]}: the records of a financial year "
                "end together"
            )
    proof, recovery = policy.rules["request.proof"].term, policy.storage.point_in_time_recovery
    if proof is not None and proof.after(policy.date) < recovery.after(policy.date):
        raise PolicyError(f"rules.request.proof.term: {proof} ends before point-in-time recovery ({recovery})")


def _check_processor(policy: Policy, processor: Processor) -> None:
    where = f"processors.{processor.name}"
    if processor.transfer not in policy.bases.keys() | {UNDECIDED}:
        raise PolicyError(f"{where}.transfer: {processor.transfer!r} is no basis, nor undecided")
    if unknown := set(processor.subjects) - policy.subjects.keys():
        raise PolicyError(f"{where}.subjects: unknown {', '.join(sorted(unknown))}")


def _check(policy: Policy) -> Policy:
    for rule in policy.rules.values():
        _check_rule(policy, rule)
    for prefix in policy.prefixes.values():
        _check_prefix(policy, prefix)
    for service in policy.services.values():
        if unknown := set(service.rules) - policy.rules.keys():
            raise PolicyError(f"services.{service.name}: unknown rules {', '.join(sorted(unknown))}")
    for clause in policy.clauses.values():
        _check_clause(clause)
    for processor in policy.processors.values():
        _check_processor(policy, processor)
    if policy.tables.keys() != set(TABLE_NAMES):
        raise PolicyError(f"tables: exactly {', '.join(TABLE_NAMES)} are expected")
    if policy.default_region not in policy.regions:
        raise PolicyError(f"default_region: {policy.default_region} is not among the regions")
    _check_versions(policy)
    _check_ends(policy)
    return policy


def parse(source: str) -> Policy:
    """The policy in `source` (TOML). Raises PolicyError with the position of the first fault."""
    try:
        document = tomllib.loads(source)
    except tomllib.TOMLDecodeError as reason:
        raise PolicyError(f"policy.toml: {reason}") from reason
    return _check(Policy(**read(document, "policy", POLICY)))


_chosen: list[Policy] = []
_caches: list[Callable[[], None]] = []


def per_policy(most: int | None = None) -> Callable[[F], F]:
    """Cache the last `most` results of a function (default: all) until another policy is in force."""

    def decorate(function: F) -> F:
        cached = lru_cache(maxsize=most)(function)
        _caches.append(cached.cache_clear)
        return cast(F, cached)

    return decorate


@lru_cache(maxsize=1)
def _of_the_file() -> Policy:
    return parse((HERE / "policy.toml").read_text("utf-8"))


@per_policy()
def current() -> Policy:
    """The policy in force: the file's, read once a process, unless `use` set another."""
    return _chosen[-1] if _chosen else _of_the_file()


@contextmanager
def use(policy: Policy) -> Iterator[Policy]:
    """Set another policy for the complete process, to see its effects before it is written to the file."""
    _chosen.append(policy)
    _forget()
    try:
        yield policy
    finally:
        _chosen.pop()
        _forget()


def _forget() -> None:
    for clear in _caches:
        clear()


def policy_version() -> str:
    """The last version of the privacy policy that a sign-up may accept."""
    return accepted_versions()[-1]


def accepted_versions(on: date | None = None) -> tuple[str, ...]:
    """The versions that a sign-up may name as accepted on a day (default: the last version's), oldest first."""
    return current().accepted_on(on or current().date)


def sections(version: str) -> tuple[Section, ...]:
    """The published text of a version. Raises PolicyError if it has none, or mentions an unknown clause."""
    path = HERE / "texts" / f"{version}.toml"
    if version not in {v.version for v in current().versions} or not path.is_file():
        raise PolicyError(f"version {version!r} of the policy has no text")
    document = tomllib.loads(path.read_text("utf-8"))
    found: tuple[Section, ...] = read(document, version, {"sections": Field(listed(Section, SECTION))})["sections"]
    for section in found:
        if unknown := set(section.clauses) - current().clauses.keys():
            raise PolicyError(f"{version}.{section.name}: unknown clauses {', '.join(sorted(unknown))}")
    return found
