"""The policy with one rule changed in its file."""

import re

from chalicelib.policy.load import parse
from chalicelib.policy.model import Policy
from chalicelib.policy.terms import Start
from tests.unit.policy.planting import SOURCE


def with_line(rule: str, key: str, value: str, source: str = SOURCE) -> str:
    """The policy's source where a rule says `key = value`."""
    head, start, rest = source.partition(f'[rules."{rule}"]\n')
    assert start, rule
    own, end, others = rest.partition("\n\n")
    line, own_lines = f"{key} = {value}", re.compile(rf"^{key} = .*$", re.MULTILINE)
    own = own_lines.sub(line, own) if own_lines.search(own) else f"{own}\n{line}"
    return head + start + own + end + others


def with_term(rule: str, term: str) -> Policy:
    """The policy where a rule has another term, together with the rules that must end with it. Raises PolicyError for a
    rule that can have none."""
    source = SOURCE
    rules = parse(SOURCE).rules
    statutory = [each for each in rules if rules[each].start is Start.END_OF_FINANCIAL_YEAR]
    for each in statutory if rule in statutory else [rule]:
        source = with_line(each, "term", f'"{term}"', source)
    return parse(source)
