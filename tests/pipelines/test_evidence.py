"""On which rows a challenger may be judged: dates and customers that trained neither bundle."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines.evidence import Pair, trained_later, unseen
from serving.bundle import Bundle
from serving.manifest import DataRange, Lineage, Manifest, TargetSpec
from training.splits import Schedule, customer_folds

JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)


def _bundle(tested: str | None, validation: str = "time", seed: int = 1) -> Bundle:
    figures = {"test_as_of": tested, "validation": validation}
    lineage = Lineage(
        "p",
        "c",
        DataRange("2024-01-01", "2026-11-01", "d"),
        {"churn_90": figures},
        {"training": seed},
        {},
        "",
    )
    targets = (TargetSpec("churn_90", "churn", 90, 0, "probability", None),)
    return Bundle(Manifest(1, (), targets, lineage, {}), "", None, (), {}, None, None, Path())


@pytest.mark.parametrize(
    ("champion", "challenger", "found"),
    [
        ("2026-07-01", "2026-08-01", None),
        ("2026-08-01", "2026-08-01", None),
        ("2026-07-01", "2026-08-02", "challenger_knows"),
        ("2026-08-02", "2026-07-01", "champion_knows"),
        (None, "2026-07-01", "champion_without_dates"),
        ("2026-07-01", None, "challenger_without_dates"),
    ],
)
def test_a_date_is_out_of_time_from_the_day_a_bundle_was_tested_at(
    champion: str | None, challenger: str | None, found: str | None
) -> None:
    """Compared at 1 August: who was tested the day after was trained on labels known until then."""
    obstacle = trained_later(Pair(_bundle(challenger), _bundle(champion)), "churn_90", AUGUST)
    assert (obstacle and obstacle[0]) == found


def test_a_champion_without_the_model_is_no_obstacle_and_neither_is_none() -> None:
    assert trained_later(Pair(_bundle("2026-07-01"), None), "churn_90", AUGUST) is None
    assert trained_later(Pair(_bundle("2026-07-01"), _bundle(None)), "growth_180", AUGUST) is None


def test_where_customers_were_split_only_the_fifth_kept_for_the_test_counts() -> None:
    """With another seed another fifth was kept; at a later date nobody was trained on."""
    ids = [f"C{row:04d}" for row in range(1000)]
    bundle = _bundle("2026-07-01", "customers", seed=4)
    kept = unseen(bundle, Schedule("churn", 90, (), JULY), ids)
    assert kept.tolist() == (customer_folds(ids, 5, 5) == 0).tolist()
    assert 150 < kept.sum() < 250
    assert unseen(bundle, Schedule("churn", 90, (), AUGUST), ids).all()
    assert unseen(_bundle("2026-07-01"), Schedule("churn", 90, (), JULY), ids).all()
