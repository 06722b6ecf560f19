"""The world of the tests of privacy, for the toy kind."""

from tests.privacy.conftest import shared_privacy_world, vault

__all__ = ["shared_privacy_world", "vault"]
