"""The page of roles: the scopes of each role, from the sets that the guard reads."""

from collections.abc import Mapping
from html import escape
from typing import Final

from chalicelib.api.docs.endpoints import endpoints
from chalicelib.api.docs.frame import address, framed
from chalicelib.api.docs.prose import code, items, marked, prose, sentence, table, words
from chalicelib.api.endpoint import Endpoint
from chalicelib.api.roles import KEY_SCOPES, ROLE_SCOPES
from chalicelib.api.serve import verb
from chalicelib.domain.companies.member import Role
from chalicelib.domain.language import Language

ROLES: Final[tuple[Role, ...]] = ("viewer", "clerk", "accountant", "owner")
KEY: Final = "api_key"


def matrix() -> Mapping[str, Mapping[str, bool]]:
    """For each scope, whether each role has it, and whether an API key may have it."""
    return {
        scope: {**{role: scope in ROLE_SCOPES[role] for role in ROLES}, KEY: scope in KEY_SCOPES["owner"]}
        for scope in sorted(ROLE_SCOPES["owner"])
    }


def page(language: Language) -> str:
    """The page: the rules, the matrix, and the operations of each scope."""
    own = words(language)
    said = own["roles"]
    heads = (said["scope"], *(own["role_names"][role] for role in (*ROLES, KEY)))
    rows = [
        (
            f'<a href="#scope-{scope}">{code(scope)}</a><br><span class="soft">{escape(own["scopes"][scope])}</span>',
            *(_mark(held, language) for held in each.values()),
        )
        for scope, each in matrix().items()
    ]
    roles = items(
        f"<strong>{escape(own['role_names'][role])}</strong> ({code(role)}): {escape(said[role])}" for role in ROLES
    )
    main = (
        f"<p>{prose(said['lead'])}</p>{roles}{items(map(prose, said['rules']))}\n"
        f"{table(said['matrix'], heads, rows, name='matrix')}<h2>{escape(said['operations'])}</h2>\n"
        f"{''.join(_scope(scope, language) for scope in matrix())}"
    )
    return framed(language, own["pages"]["roles"], main, root="../", here="roles")


def _mark(held: bool, language: Language) -> str:
    own = words(language)["roles"]
    return f'<span class="{"yes" if held else "no"}">{escape(own["yes" if held else "no"])}</span>'


def _scope(scope: str, language: Language) -> str:
    rows = [_operation(each, language) for each in endpoints() if each.scope == scope]
    return (
        f'<section><h3 id="scope-{scope}">{code(scope)}</h3><p>{escape(words(language)["scopes"][scope])}</p>'
        f"{items(rows)}</section>\n"
    )


def _operation(endpoint: Endpoint, language: Language) -> str:
    link = address("reference", language, root="../", fragment=verb(endpoint))
    said, own = sentence(endpoint.summary, language)
    return f'<a href="{link}">{code(f"{endpoint.method} {endpoint.path}")}</a> {marked(said, own, language)}'
