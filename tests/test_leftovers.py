"""Work that one module leaves due is removed before the next one begins."""

from chalicelib.jobs.outbox import find
from tests.conftest import Shop
from tests.leftovers import delete_due, shared


def test_work_that_is_left_due_is_deleted(shop: Shop) -> None:
    assert shop.world in shared
    shop.issued()
    at = shop.world.now()
    assert find(shop.world, None, at).work
    delete_due(shop.world)
    assert not find(shop.world, None, at).work
