"""The policy file: read, typed, and refused with the place named when it is wrong."""

import subprocess
import sys
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from chalicelib.domain.language import LANGUAGES
from chalicelib.policy.load import accepted_versions, current, parse, policy_version, sections
from chalicelib.policy.model import PolicyError
from tests.moved import with_line
from tests.unit.policy.planting import RULE, SOURCE, changed, decided, extended


@pytest.mark.parametrize(
    ("rule", "term", "complaint"),
    [
        ("document.buyer", "P5Y", "document.content has P10Y: the records of a financial year end together"),
        ("journal.hash", "P12Y", "document.content has P10Y: the records of a financial year end together"),
        ("request.proof", "P30D", "ends before point-in-time recovery"),
    ],
)
def test_terms_that_cannot_be_true_together_are_refused(rule: str, term: str, complaint: str) -> None:
    with pytest.raises(PolicyError, match=complaint):
        parse(with_line(rule, "term", f'"{term}"'))


def test_the_policy_reads() -> None:
    policy = current()
    assert policy.version == policy.date.isoformat()
    assert policy.contact == "contact@facturepro.com"
    assert [version.date for version in policy.versions][:2] == [date(2026, 4, 2), date(2026, 11, 23)]


def test_statutory_records_are_kept_ten_years_from_the_end_of_the_financial_year() -> None:
    """DOMAIN: CGI art. 211; law 9-88 art. 22; Code de commerce art. 26."""
    statutory = [rule for rule in current().rules.values() if rule.data_class == "fiscal"]
    assert statutory
    for rule in statutory:
        assert (str(rule.term), str(rule.start), rule.on_erasure) == ("P10Y", "end_of_financial_year", "block"), (
            rule.name
        )
        assert "statutory_retention" in rule.bases


@pytest.mark.parametrize(
    ("rule", "term", "start"),
    [
        ("request.proof", "P5Y", "closing"),
        ("diagnostics.event", "P90D", "creation"),
        ("support.thread", "P2Y", "closing"),
    ],
)
def test_the_other_terms_that_are_promised(rule: str, term: str, start: str) -> None:
    found = current().rules[rule]
    assert (str(found.term), str(found.start)) == (term, start)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('class = "identity"', 'class = "secret"', "class"),
        ('bases = ["contract"]', 'bases = ["hearsay"]', "hearsay"),
        ('bases = ["contract"]', "bases = []", "bases"),
        ('term = "P10Y"', 'term = "ten years"', "term"),
        ('term = "P10Y"\n', "", "term"),
        ('start = "row"', 'start = "row"\nterm = "P1Y"', "term"),
        ('start = "creation"', 'start = "whenever"', "start"),
        ("exported = true", 'exported = "yes"', "exported"),
        ("exported = true\n", "", "exported"),
        ("masked = false", "masked = false\ncolour = 1", "colour"),
        ('subjects = ["party"]', 'subjects = ["neighbour"]', "neighbour"),
        ('rule = "file.logo"', 'rule = "file.logos"', "logos/"),
        ('[prefixes."logos/"]', '[prefixes."logos"]', "logos"),
        ('[prefixes."logos/"]', '[prefixes."pdf/logos/"]', "within pdf/"),
        ('transfer = "undecided"', 'transfer = "hope"', "hope"),
        ("[tables.transient]", "[tables.attic]", "tables"),
        ("date = 2026-11-23", "date = 2026-01-01", "oldest first"),
        ('version = "2026-11-23"', 'version = "v2"', "v2"),
        ('default_region = "eu-west-3"', 'default_region = "mars-1"', "mars-1"),
        ('state = "kept"', 'state = "promised"', "awaits"),
        ('transfer = "undecided"', 'transfer = "listed_country"', "2026-12-01 awaits"),
        ("date = 2026-04-02\n", 'date = 2026-04-02\nawaits = ["processors.hosting.transfer"]\n', "the first one"),
        ('state = "kept"', 'state = "kept"\nawaits = "a better day"', "kept clause"),
        ("[regions]", "[regions", "policy.toml"),
    ],
)
def test_a_planted_fault_is_named(old: str, new: str, place: str) -> None:
    with pytest.raises(PolicyError, match=place):
        changed(old, new)


def test_data_that_outlives_an_account_needs_its_own_term() -> None:
    planted = RULE.replace('"creation"', '"account_deletion"').replace('on_erasure = "delete"', 'on_erasure = "block"')
    with pytest.raises(PolicyError, match=r"planted\.rule"):
        extended(planted)


@pytest.mark.parametrize("source", ["", "rules = 3", SOURCE.replace("[storage]", "[stores]")])
def test_a_file_that_is_something_else_is_refused(source: str) -> None:
    with pytest.raises(PolicyError):
        parse(source)


def test_a_material_change_asks_for_a_new_acceptance() -> None:
    policy = current()
    assert accepted_versions()[-1] == policy_version() == "2026-11-23"
    assert policy.accepted_on(policy.date) == ("2026-04-02", "2026-11-23")
    open_ = decided()
    assert open_.accepted_on(open_.date) == ("2026-04-02", "2026-11-23", "2026-12-01")
    material = replace(open_, versions=(*open_.versions[:2], replace(open_.versions[2], material=True)))
    assert material.accepted_on(material.date) == ("2026-12-01",)


def test_a_version_that_awaits_a_decision_is_never_in_force() -> None:
    policy, later = current(), date(2030, 1, 1)
    assert policy.in_force(later).version == policy.required(later).version == "2026-04-02"
    assert [version.version for version in policy.pending(later)] == ["2026-11-23", "2026-12-01"]
    assert policy.announced(later) == ()
    open_ = decided()
    assert open_.in_force(open_.date).version == "2026-12-01"
    assert [version.version for version in open_.announced(date(2026, 11, 30))] == ["2026-12-01"]
    assert open_.pending(open_.date) == ()


def test_the_last_text_states_every_clause_and_each_version_states_more() -> None:
    stated = [
        {clause for section in sections(version.version) for clause in section.clauses}
        for version in current().versions
    ]
    assert stated[-1] == set(current().clauses)
    assert all(earlier <= later for earlier, later in pairwise(stated))


def test_an_unknown_version_has_no_text() -> None:
    for name in ("2020-01-01", "../policy", ""):
        with pytest.raises(PolicyError):
            sections(name)


def test_words_exist_in_three_languages() -> None:
    assert current().rules
    for rule in current().rules.values():
        for language in LANGUAGES:
            assert rule.label[language]
            assert rule.purpose[language]
        assert any("\u0600" <= letter <= "\u06ff" for letter in rule.label.ar), rule.name


def test_the_policy_is_read_only_when_it_is_asked_for() -> None:
    """Importing the loader reads no file: a cold start pays for the policy only if it needs it."""
    code = "import chalicelib.policy.load as l, chalicelib.policy.publish; print(l.current.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
