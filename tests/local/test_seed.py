"""The demonstration company is made once; where it is found is written at each start."""

import json
import stat
from pathlib import Path

import pytest

from chalicelib.api.roles import GRANTABLE
from local import seed as seeding
from local.issuer import Issuer
from local.seed import Demo, seed


def test_the_demonstration_key_may_ask_about_privacy_and_nothing_that_no_key_may() -> None:
    assert {"privacy.read", "privacy.write"} <= set(seeding.SCOPES) <= GRANTABLE


def test_it_is_made_once_and_its_address_follows_the_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def make(base_url: str, issuer: Issuer) -> Demo:
        made.append(base_url)
        return Demo(base_url, "fp_test_key", "com_1")

    monkeypatch.setattr(seeding, "make_company", make)
    issuer = Issuer(tmp_path / "issuer", "http://127.0.0.1:1")
    seed("http://127.0.0.1:1", issuer, tmp_path)
    seed("http://127.0.0.1:2", issuer, tmp_path)
    path = tmp_path / "demo.json"
    assert made == ["http://127.0.0.1:1"]
    assert json.loads(path.read_text()) == {
        "base_url": "http://127.0.0.1:2",
        "api_key": "fp_test_key",
        "company_id": "com_1",
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_start_that_failed_half_way_seeds_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(base_url: str, issuer: Issuer) -> Demo:
        raise RuntimeError

    monkeypatch.setattr(seeding, "make_company", fail)
    with pytest.raises(RuntimeError):
        seed("http://127.0.0.1:1", Issuer(tmp_path / "issuer", "http://127.0.0.1:1"), tmp_path)
    assert not (tmp_path / "demo.json").exists()
