"""The published policy: every version's page in three languages, and the freezing of published texts.

`python -m chalicelib.policy.publish --freeze 2026-11-23` stores the text of a version, tables included, on the day of
its publication. That text is served from then on, and a change of the rules needs a new version.
"""

import argparse
import sys
from datetime import date
from html import escape
from pathlib import Path

from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.policy.data_map import location
from chalicelib.policy.load import HERE, current, sections
from chalicelib.policy.model import Policy, PolicyError, PolicyVersion
from chalicelib.policy.page import REGION, article, complete_page

FROZEN = HERE / "texts" / "frozen"


def render(language: Language, version: str | None = None, region: str | None = None, on: date | None = None) -> str:
    """The public page of a version (default: the one in force). `region` is the deployment's region (default: the
    policy's). `on` is the day of reading (default: the last version's). Raises PolicyError for a version that was never
    published."""
    policy = current()
    now = policy.in_force(on or policy.date)
    shown = find(policy, version or now.version)
    frozen = _frozen_path(shown, language)
    text = frozen.read_text("utf-8") if frozen.is_file() else derived(policy, shown, language)
    where = location(policy, policy.processors["hosting"], language, region)
    return complete_page(policy, shown, sections(shown.version), text.replace(REGION, escape(where)), language, now)


def find(policy: Policy, version: str | None) -> PolicyVersion:
    """The version of that name, or the one in force. Raises PolicyError if there is none."""
    for each in policy.versions:
        if each.version == (version or policy.version):
            return each
    raise PolicyError(f"no version {version!r} of the policy was published")


def derived(policy: Policy, version: PolicyVersion, language: Language) -> str:
    """A version's text, made from the present texts and rules."""
    return article(policy, sections(version.version), language)


def freeze(policy: Policy, version: PolicyVersion, folder: Path = FROZEN) -> None:
    """Freeze a version's text in every language. Raises PolicyError if it is frozen already, because it was published
    so."""
    for language in LANGUAGES:
        path = _frozen_path(version, language, folder)
        if path.exists():
            raise PolicyError(f"{path.name} is frozen: what was published stays; make a new version")
    folder.mkdir(exist_ok=True)
    for language in LANGUAGES:
        _frozen_path(version, language, folder).write_text(derived(policy, version, language), "utf-8")


def faults(policy: Policy, folder: Path = FROZEN) -> list[str]:
    """The differences between published and present texts: a past version that is not frozen, or a frozen one that
    differs."""
    found = []
    for version in policy.versions:
        for language in LANGUAGES:
            path = _frozen_path(version, language, folder)
            follows_the_rules = any(section.table for section in sections(version.version))
            if not path.is_file():
                if version is not policy.current:
                    found.append(f"{path.name}: a past version is served as it was published: freeze it")
                continue
            comparable = version is policy.current or not follows_the_rules
            if comparable and path.read_text("utf-8") != derived(policy, version, language):
                found.append(f"{path.name}: what was published has changed since: make a new version")
    return found


def _frozen_path(version: PolicyVersion, language: Language, folder: Path = FROZEN) -> Path:
    return folder / f"{version.version}.{language}.html"


def main(arguments: list[str]) -> int:
    """Freeze a version, check the frozen ones, or print a page. Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m chalicelib.policy.publish", description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--freeze", metavar="VERSION", help="keep the text of a version as it is published")
    mode.add_argument("--check", action="store_true", help="fail if published and present texts disagree")
    mode.add_argument("--show", choices=LANGUAGES, help="print the page in force")
    chosen = parser.parse_args(arguments)
    if chosen.freeze:
        freeze(current(), find(current(), chosen.freeze))
    if chosen.show:
        sys.stdout.write(render(chosen.show))
    found = faults(current()) if chosen.check else []
    sys.stderr.writelines(fault + "\n" for fault in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
