"""The documents state a term with its rule, as `30 days (`transient.job`)`, and the policy has the same term.

A name in the brackets is a rule, a period of `[storage]`, or a prefix with its `cold_after`. The cost page calculates
its terms, and the rehearsal and the measurements state none.
"""

import re
from pathlib import Path

import pytest

from chalicelib.policy.load import current
from chalicelib.policy.model import Policy
from chalicelib.policy.terms import Period
from chalicelib.policy.wording import length
from tests.moved import with_term

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(
        ROOT / "docs" / f"{name}.md"
        for name in (
            *("README", "adding-a-document", "architecture", "backups", "deploying", "glossary", "limits"),
            *("operations", "policy", "privacy", "self-hosting"),
        )
    ),
]
NUMBER = r"(?:\d+|one|two|three|five|six|seven|ten|twelve|thirteen|thirty|ninety)"
STATED = re.compile(rf"\b({NUMBER}\s(?:day|week|month|year)s?)\b(?:\s\(`([\w./-]+)`)?")
OTHERS = {
    "architecture.md": {"7 days": "UNCONFIRMED", "30 days": "GRACE"},
    "backups.md": {"two days": "UNFINISHED"},
    "glossary.md": {"30 days": "GRACE", "ten days": "CLEAR_DAYS"},
    "limits.md": {"120 days": "law 69-21", "365 days": "deadlines.UNBOUND"},
    "operations.md": {"two days": "the retries of a job", "three days": "WARNED"},
    "privacy.md": {
        "30 days": "GRACE, OWNER_CHANGE_DELAY, UNANSWERED",
        "7 days": "REMINDERS",
        "1 day": "REMINDERS",
        "seven days": "UNCONFIRMED",
        "three days": "WARNED",
    },
}
"""The times of each page that are no terms of the policy: a constant of the code, or the law."""


def terms(policy: Policy) -> dict[str, Period]:
    """Each period of the policy, by the name that a page states."""
    rules = {rule.name: rule.term for rule in policy.rules.values() if rule.term is not None}
    cold = {prefix.path: prefix.cold_after for prefix in policy.prefixes.values() if prefix.cold_after is not None}
    return rules | cold | {f"storage.{name}": period for name, period in vars(policy.storage).items()}


def faults(text: str, others: dict[str, str], policy: Policy) -> list[str]:
    """The lengths of time that the policy does not have, or that name no rule and are not among the others."""
    known = terms(policy)
    found = []
    for stated, name in STATED.findall(text):
        if name:
            right = length(known[name], "en") if name in known else "no such name"
            if stated != right:
                found.append(f"{stated} (`{name}`): {right}")
        elif stated not in others:
            found.append(f"{stated}: which rule?")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_states_the_terms_of_the_policy(page: Path) -> None:
    assert faults(page.read_text("utf-8"), OTHERS.get(page.name, {}), current()) == []


def test_each_other_time_is_on_its_page() -> None:
    for page in PAGES:
        stated = {stated for stated, name in STATED.findall(page.read_text("utf-8")) if not name}
        assert OTHERS.get(page.name, {}).keys() <= stated, page.name


def test_a_moved_term_is_found_in_the_pages() -> None:
    text = "kept for 30 days (`transient.job`), and 35 days (`storage.point_in_time_recovery`)"
    assert faults(text, {}, current()) == []
    assert faults(text, {}, with_term("transient.job", "P3D")) == ["30 days (`transient.job`): 3 days"]
    assert faults("30 days (`transient.jobs`)", {}, current()) == ["30 days (`transient.jobs`): no such name"]
    assert faults("kept for ten years", {}, current()) == ["ten years: which rule?"]
