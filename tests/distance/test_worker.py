import gc

from cxspark.distance.worker import spare_modules


def test_what_is_loaded_is_no_more_looked_at_by_the_garbage_collector() -> None:
    spare_modules()
    try:
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()
        spare_modules.cache_clear()
