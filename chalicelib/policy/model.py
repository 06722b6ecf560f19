"""The policy as data: the content of `policy.toml` and `texts/`, typed and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from chalicelib.domain.language import Language
from chalicelib.policy.terms import Period, Start

_Date = date  # The method `Policy.date` hides the name.

CLASSES = ("identity", "contact", "bank", "fiscal", "commercial", "settings", "security", "technical", "proof")
ON_ERASURE = ("delete", "block", "keep")
ACTIONS = ("delete", "anonymise", "block")
DERIVED_TABLES = ("retention", "processors", "versions")
UNDECIDED = "undecided"
DECISIONS = ("where", "transfer")
"""The attributes of a processor that the controller decides."""


class PolicyError(ValueError):
    """The policy contradicts itself, the code, or its own format. The message states the position."""


@dataclass(frozen=True)
class Words:
    """The same text in the three languages of the product."""

    fr: str
    ar: str
    en: str

    def __getitem__(self, language: Language) -> str:
        return {"fr": self.fr, "ar": self.ar, "en": self.en}[language]


@dataclass(frozen=True)
class Basis:
    """A legal basis. `certainty` is the verification of the article: P read in the law itself, S a secondary source."""

    name: str
    law: Words
    certainty: str
    label: Words


@dataclass(frozen=True)
class Rule:
    """One retention rule: the purpose, the legal basis, the term of one kind of data, and the action at its end.

    `term` is counted from `start`; `action` happens at its end. `on_erasure` is the effect of a deletion before that
    end: delete, block (unreadable through the product, kept for its term) or keep (a proof without content). `subjects`
    are the persons whose data it is (`Subject`). A `planned` rule is published before anything is stored under it.
    """

    name: str
    data_class: str
    bases: tuple[str, ...]
    start: Start
    term: Period | None
    on_erasure: str
    action: str
    exported: bool
    masked: bool
    subjects: tuple[str, ...]
    planned: bool
    label: Words
    purpose: Words


@dataclass(frozen=True)
class Subject:
    """The subject of an erasure: a complete company, or one person. `kinds` are the person's own rows; `references` the
    attributes by which other rows refer to the person."""

    name: str
    kinds: tuple[str, ...]
    references: tuple[str, ...]
    label: Words


@dataclass(frozen=True)
class PolicyTable:
    """A table. `erased`: its rows are deleted with the account, whatever their rules say. `ttl` is the attribute by
    which the database itself expires them."""

    name: str
    erased: bool
    ttl: str | None
    label: Words


@dataclass(frozen=True)
class Prefix:
    """The prefix of objects under one rule. `cold_after` is the time after which they move to infrequent access."""

    path: str
    bucket: str
    rule: str
    cold_after: Period | None


@dataclass(frozen=True)
class Storage:
    """The time that copies outlive a deletion: an object's old versions, unfinished uploads, and the tables'
    point-in-time recovery. The keys of erased backups end with the latter."""

    noncurrent: Period
    unfinished_uploads: Period
    point_in_time_recovery: Period


@dataclass(frozen=True)
class Service:
    """A service that holds data outside the tables and the buckets, with the rules of that data."""

    name: str
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Processor:
    """A processor: it handles data for the controller. `where` is `region` (the deployment's), a country's code, or
    `undecided`. `transfer` is the basis of a transfer abroad (law 09-08 art. 43–44), or `undecided` until the
    controller has chosen. `subjects` are the persons whose data it receives (`Subject`)."""

    name: str
    provider: str
    where: str
    transfer: str
    subjects: tuple[str, ...]
    receives: Words
    purpose: Words


@dataclass(frozen=True)
class Clause:
    """One clause of the published policy, the mechanism that implements it and the tests that prove it. `code` names
    the mechanism's functions (`module:name`). A clause that is only `promised` states what it `awaits`."""

    name: str
    gist: str
    mechanism: str
    code: tuple[str, ...]
    state: str
    tests: tuple[str, ...]
    awaits: str | None


@dataclass(frozen=True)
class PolicyVersion:
    """One version of the published policy. `material` changes ask for a new acceptance.

    A version that `awaits` a decision is pending: it is readable and never in force. A decision is named by its place
    in the policy, such as `processors.hosting.transfer`.
    """

    version: str
    date: date
    material: bool
    changes: Words
    awaits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A part of a version's published text. `table` is derived from the policy and printed below the text."""

    name: str
    clauses: tuple[str, ...]
    table: str | None
    title: Words
    body: Words


@dataclass(frozen=True)
class Policy:
    """The whole policy; every mapping is by name."""

    product: str
    contact: str
    default_region: str
    regions: Mapping[str, Words]
    bases: Mapping[str, Basis]
    rules: Mapping[str, Rule]
    subjects: Mapping[str, Subject]
    tables: Mapping[str, PolicyTable]
    prefixes: Mapping[str, Prefix]
    storage: Storage
    services: Mapping[str, Service]
    processors: Mapping[str, Processor]
    clauses: Mapping[str, Clause]
    versions: tuple[PolicyVersion, ...]

    @property
    def current(self) -> PolicyVersion:
        """The last version: its text states the rules of this policy. It may be announced or pending."""
        return self.versions[-1]

    @property
    def version(self) -> str:
        """The name of the last version, its date."""
        return self.current.version

    @property
    def date(self) -> date:
        """The day of the last version."""
        return self.current.date

    @property
    def prepared(self) -> PolicyVersion | None:
        """The last version, if it is pending. Nobody can accept it, so its text may still change."""
        return self.current if self.current.awaits else None

    @property
    def undecided(self) -> tuple[str, ...]:
        """The decisions about processors that the controller has not taken."""
        choices = ((each.name, key, getattr(each, key)) for each in self.processors.values() for key in DECISIONS)
        return tuple(f"processors.{name}.{key}" for name, key, value in choices if value == UNDECIDED)

    def in_force(self, on: _Date) -> PolicyVersion:
        """The version in force on a day: the last one dated up to that day that awaits nothing, else the first."""
        past = (v for v in self.versions if v.date <= on and not v.awaits)
        return max(past, key=lambda v: v.date, default=self.versions[0])

    def required(self, on: _Date) -> PolicyVersion:
        """The last material version in force on a day. A member must have accepted it or a later one."""
        past = [v for v in self.versions if v.date <= self.in_force(on).date and not v.awaits]
        return next((v for v in reversed(past) if v.material), past[0])

    def announced(self, on: _Date) -> tuple[PolicyVersion, ...]:
        """The versions that are published and come into force after a day, the next first."""
        return tuple(v for v in self.versions if v.date > self.in_force(on).date and not v.awaits)

    def pending(self, on: _Date) -> tuple[PolicyVersion, ...]:
        """The versions later than the one in force on a day that await a decision, oldest first."""
        return tuple(v for v in self.versions if v.date > self.in_force(on).date and v.awaits)

    def accepted_on(self, on: _Date) -> tuple[str, ...]:
        """The versions that a person may accept on a day, oldest first: the required one and all later ones whose text
        is final. A person who accepts an announced or a published pending version agrees in advance."""
        later = self.versions[self.versions.index(self.required(on)) :]
        return tuple(v.version for v in later if v is not self.prepared)
