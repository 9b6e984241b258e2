"""The label of default, by hand: as_of 2026-01-01 (day 20454), horizon 360 days, 60 days late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import ibis
import pyarrow as pa
import pytest

from features.windows import Tables
from training.arrears import default
from training.targets import FOREVER, LabelSettings

AS_OF = date(2026, 1, 1)
DAY = (AS_OF - date(1970, 1, 1)).days


@pytest.fixture
def label() -> Iterator[object]:
    """Label one customer's instalments, each (days from as_of to due, days from as_of to paid or None)."""
    connection = ibis.duckdb.connect()

    def run(*instalments: tuple[int, int | None]) -> float | None:
        rows = pa.table(
            {
                "loan_id": [f"L{place}" for place in range(len(instalments))],
                "customer_no": pa.array([0] * len(instalments), pa.int32()),
                "due_on": pa.array([AS_OF + timedelta(days=due) for due, _ in instalments], pa.date32()),
                "event_day": pa.array([DAY + due for due, _ in instalments], pa.int32()),
                "paid_day": pa.array(
                    [None if paid is None else DAY + paid for _, paid in instalments], pa.int32()
                ),
                "known_day": pa.array([DAY + due + 1 for due, _ in instalments], pa.int32()),
                "until_day": pa.array([FOREVER] * len(instalments), pa.int32()),
            }
        )
        spine = pa.table(
            {
                "customer_id": ["C1"],
                "customer_no": pa.array([0], pa.int32()),
                "as_of": pa.array([AS_OF], pa.date32()),
                "as_of_day": pa.array([DAY], pa.int32()),
            }
        )
        tables = Tables({"repayments": connection.create_table("r", rows, overwrite=True)}, {}, frozenset())
        settings = LabelSettings(known_at=DAY + 1000)
        found = default(
            tables, connection.create_table("s", spine, overwrite=True), 360, settings
        ).to_pyarrow()
        value = found["label"][0].as_py()
        assert value is None or isinstance(value, float)
        return value

    yield run
    connection.disconnect()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("instalments", "expected", "rule"),
    [
        ([(10, 12)], 0.0, "paid two days late"),
        ([(10, 69)], 0.0, "paid 59 days late"),
        ([(10, 70)], 1.0, "paid 60 days late: it was behind for a moment"),
        ([(10, None)], 1.0, "never paid"),
        ([(299, None)], 1.0, "its 60th day, 359, is the window's last"),
        ([(300, None)], None, "its 60th day, 360, lies outside: nothing can fall behind"),
        ([(-60, None)], 1.0, "its 60th day is as_of itself"),
        ([(-61, None), (10, 12)], None, "60 days behind before as_of: in default already"),
        ([(-61, -1), (10, 12)], 0.0, "was behind, but paid before as_of"),
        ([(10, 12), (40, None)], 1.0, "one of two is enough"),
    ],
)
def test_default(label, instalments, expected, rule) -> None:  # type: ignore[no-untyped-def]
    assert label(*instalments) == expected, rule
