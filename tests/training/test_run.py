"""Training one target: what holds whatever the machine."""

from __future__ import annotations

from threadpoolctl import threadpool_info, threadpool_limits

from tests.trained import RULES, TEST_ON, TRAIN_ON, dataset
from training.run import train_target
from training.splits import Schedule


def _blas() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_linear_algebra_has_one_thread_while_a_model_is_trained_and_what_it_had_afterwards() -> None:
    """A sum over several threads hangs on how many there are, and so would the bundle's digest."""
    seen = []
    train, test = dataset("churn", 400, 1, TRAIN_ON), dataset("churn", 200, 2, TEST_ON)
    schedule = Schedule("churn", 90, (TRAIN_ON,), TEST_ON)
    with threadpool_limits(2, user_api="blas"):
        before = _blas()
        train_target(schedule, train, test, RULES, on_step=lambda _: seen.append(_blas()))
        assert _blas() == before
    assert seen
    assert all(found == {1} for found in seen)
