"""Work that costs more than its request is limited, and each 429 states its quota (ADR 0125)."""

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import chalicelib
from chalicelib.domain.journal import JobRow
from chalicelib.services.backup import operations
from chalicelib.services.companies import templates
from chalicelib.services.documents import page_quota
from chalicelib.services.evidence import requested
from chalicelib.services.exports import operations as exports
from chalicelib.services.imports import operations as imports
from chalicelib.store import bookkeeping
from tests.backup.worlds import taken, turned_on
from tests.client import Got
from tests.conftest import Shop
from tests.imports.files import announced, upload

Ask = Callable[[], Got]
LETTERS = "<p>{{ number }}</p>"


def _backups(shop: Shop) -> Ask:
    books = turned_on(shop)

    def ask() -> Got:
        taken(books)  # One that runs is answered again.
        return shop.owner.post("/v1/backups", {})

    return ask


def _verify(shop: Shop) -> Ask:
    backup = taken(turned_on(shop))
    return lambda: shop.owner.post(f"/v1/backups/{backup.id}/verify", {})


def _restore(shop: Shop) -> Ask:
    backup = taken(turned_on(shop))
    return lambda: shop.owner.post(f"/v1/backups/{backup.id}/restore", {"dry_run": True})


def _download(shop: Shop) -> Ask:
    backup = taken(turned_on(shop))

    def ask() -> Got:
        """A download after the failure of all earlier ones."""
        world = shop.world
        for job in [row for row in world.store.all_of(JobRow, shop.company) if row.task == "download"]:
            failed = job.progressed(over=True, failed=True)
            bookkeeping.remember(world.store, failed, world.random(16))
        return shop.owner.get(f"/v1/backups/{backup.id}/download")

    return ask


def _full_pass(shop: Shop) -> Ask:
    return lambda: shop.owner.post("/v1/register/verify", {})


def _check(shop: Shop) -> Ask:
    shop.issued()
    return lambda: shop.owner.get("/v1/register/verify")


def _export(shop: Shop) -> Ask:
    return lambda: shop.owner.post("/v1/exports", {"kinds": ["customers"], "format": "csv"})


def _import(shop: Shop) -> Ask:
    content = b"Nom;Ville\nAtlas;Rabat\n"

    def ask() -> Got:
        made = announced(shop.owner, "customers", content)
        upload(made.json, content)
        return shop.owner.post(f"/v1/imports/{made.json['id']}/complete")

    return ask


def _page(shop: Shop) -> Ask:
    draft = shop.draft()["id"]
    languages = iter(("fr", "ar", "en"))
    return lambda: shop.owner.get(f"/v1/invoices/{draft}/pdf", query={"lang": next(languages)})


def _statement(shop: Shop) -> Ask:
    languages = iter(("fr", "ar", "en"))
    return lambda: shop.owner.get(f"/v1/customers/{shop.customer}/statement/pdf", query={"lang": next(languages)})


def _template(shop: Shop) -> Ask:
    return lambda: shop.owner.patch("/v1/company", {"template": LETTERS}, "*")


WORK: dict[str, tuple[Callable[[Shop], Ask], object, str, int]] = {
    "backups": (_backups, operations, "A_DAY", 86_400),
    "backup-verifications": (_verify, operations, "VERIFIED_A_DAY", 86_400),
    "restores": (_restore, operations, "RESTORED_A_DAY", 86_400),
    "backup-downloads": (_download, operations, "TRIES", 86_400),
    "full-passes": (_full_pass, requested, "A_DAY", 86_400),
    "register-checks": (_check, requested, "CHECKS", 60),
    "exports": (_export, exports, "A_DAY", 86_400),
    "import-jobs": (_import, imports, "JOBS_A_DAY", 86_400),
    "pages": (_page, page_quota, "PAGES", 60),
    "pages of statements": (_statement, page_quota, "PAGES", 60),
    "template-trials": (_template, page_quota, "TRIALS", 3600),
}


@pytest.mark.parametrize("name", WORK)
def test_work_beyond_its_quota_is_refused_and_the_answer_states_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    prepare, module, attribute, seconds = WORK[name]
    quota = name.partition(" ")[0]
    monkeypatch.setattr(module, attribute, 2)
    monkeypatch.setattr(templates, "require_printable", lambda world, template: None)
    ask = prepare(shop)
    first, second, third = ask(), ask(), ask()
    if quota == "backups":  # The scene made one before each: the first request is the second backup.
        second, third = first, second
    assert (second.status < 400, third.status) == (True, 429), (second.text, third.text)
    assert third.json["code"] == "too_many_requests"
    left = int(third.headers["retry-after"])
    assert third.headers["ratelimit-policy"] == f'"{quota}";q=2;w={seconds}'
    assert third.headers["ratelimit"] == f'"{quota}";r=0;t={left}'
    assert 0 < left <= seconds + 1


def test_a_stored_page_is_not_counted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = shop.draft()["id"]
    monkeypatch.setattr(page_quota, "PAGES", 1)
    assert [shop.owner.get(f"/v1/invoices/{draft}/pdf").status for _ in range(3)] == [303, 303, 303]
    assert shop.owner.get(f"/v1/invoices/{draft}/pdf", query={"lang": "en"}).status == 429


def test_a_repeated_request_for_work_is_not_counted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "A_DAY", 1)
    body = {"kinds": ["customers"], "format": "csv"}
    got = [shop.owner.post("/v1/exports", body, idempotency_key="once") for _ in range(3)]
    assert [each.status for each in got] == [202, 202, 202]
    assert shop.owner.post("/v1/exports", body).status == 429


def test_every_refusal_of_too_many_requests_states_its_quota() -> None:
    without = []
    for path in Path(next(iter(chalicelib.__path__))).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and re.search(r"\bTooManyRequests$", ast.unparse(node.func)):
                named = {keyword.arg for keyword in node.keywords}
                without += [f"{path.name}:{node.lineno}"] if named != {"retry_after", "quota"} else []
    assert without == []
