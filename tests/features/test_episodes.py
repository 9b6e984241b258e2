"""From evaluations to episodes: raised by a firing, closed by two clear evaluations in a row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.signals.episodes import episodes, merged
from tests import oracle_signals

EPOCH = date(1970, 1, 1)
FIRES, CLEAR = 3, 0
Episode = tuple[int, int | None, int, int]


def evaluations(*levels: tuple[int, int], customer_no: int = 1, place: int = 9) -> list[tuple[int, ...]]:
    """Rows of one customer and code: (day, level)."""
    return [(customer_no, 100, place, day, level) for day, level in levels]


def found(rows: Sequence[tuple[int, ...]], clear: int = 2) -> dict[tuple[int, int], list[Episode]]:
    """Episodes by customer and code: (raised, closed, severity, newest firing)."""
    names = ("customer_no", "as_of_day", "place", "evaluated_day", "level")
    types = ("int32", "int32", "int16", "int32", "int8")
    table = ibis.memtable(
        {name: [row[place] for row in rows] for place, name in enumerate(names)},
        schema=dict(zip(names, types, strict=True)),
    )
    series: dict[tuple[int, int], list[Episode]] = {}
    for row in ibis.duckdb.connect(threads=1).to_pyarrow(episodes(table, clear)).to_pylist():
        own = series.setdefault((row["customer_no"], row["place"]), [])
        own.append((row["raised_day"], row["closed_day"], row["severity"], row["fired_day"]))
    return {key: sorted(own) for key, own in series.items()}


def of_one(*levels: tuple[int, int]) -> list[Episode]:
    return found(evaluations(*levels)).get((1, 9), [])


def test_a_signal_is_raised_on_the_day_before_the_evaluation_that_saw_it() -> None:
    """What is known on day 11 became known in the course of day 10."""
    assert of_one((11, FIRES)) == [(10, None, 3, 11)]


def test_a_clear_evaluation_raises_nothing() -> None:
    assert of_one((11, CLEAR), (12, CLEAR)) == []


def test_one_clear_evaluation_does_not_close() -> None:
    assert of_one((11, FIRES), (21, CLEAR)) == [(10, None, 3, 11)]


def test_fires_clear_fires_is_one_episode() -> None:
    assert of_one((11, FIRES), (21, CLEAR), (31, FIRES)) == [(10, None, 3, 31)]


def test_the_second_clear_evaluation_in_a_row_closes() -> None:
    assert of_one((11, FIRES), (21, CLEAR), (31, CLEAR), (41, CLEAR)) == [(10, 30, 3, 11)]


def test_clear_evaluations_count_only_in_a_row() -> None:
    """Clear, fires, clear, clear: closed on the fourth of them."""
    assert of_one((11, FIRES), (21, CLEAR), (31, FIRES), (41, CLEAR), (51, CLEAR)) == [(10, 50, 3, 31)]


def test_what_was_not_evaluated_lies_between_and_changes_nothing() -> None:
    """Evaluations that could not be made are no rows: two clear ones far apart still follow each other."""
    assert of_one((11, FIRES), (21, CLEAR), (400, CLEAR)) == [(10, 399, 3, 11)]


def test_firing_again_after_closing_is_a_new_episode() -> None:
    assert of_one((11, FIRES), (21, CLEAR), (31, CLEAR), (41, FIRES)) == [(10, 30, 3, 11), (40, None, 3, 41)]


def test_severity_is_that_of_the_newest_firing() -> None:
    assert of_one((11, 5), (21, 2), (31, CLEAR)) == [(10, None, 2, 21)]


def test_evaluations_of_one_day_count_as_one_that_fires_if_one_does() -> None:
    """On day 21 one is clear and one fires: no clear evaluation; on day 31 two are clear: one."""
    assert of_one((11, FIRES), (21, CLEAR), (21, 4), (31, CLEAR), (31, CLEAR)) == [(10, None, 4, 21)]


def test_customers_and_codes_are_kept_apart() -> None:
    rows = evaluations((11, FIRES), (21, CLEAR)) + evaluations((31, CLEAR), (12, FIRES), customer_no=2)
    rows += evaluations((31, CLEAR), (22, CLEAR), (13, FIRES), place=8)
    assert found(rows) == {
        (1, 9): [(10, None, 3, 11)],
        (2, 9): [(11, None, 3, 12)],
        (1, 8): [(12, 30, 3, 13)],
    }


LEVELS = st.lists(st.tuples(st.integers(1, 12), st.sampled_from((0, 0, 0, 2, 5))), max_size=14)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(series=st.lists(LEVELS, min_size=1, max_size=12), clear=st.sampled_from((1, 2, 2, 3)))
def test_episodes_equal_a_plain_loop(series: list[list[tuple[int, int]]], clear: int) -> None:
    rows = [row for number, levels in enumerate(series) for row in evaluations(*levels, customer_no=number)]
    expected = {}
    for number, levels in enumerate(series):
        spans = oracle_signals.episodes(
            "F01", [(EPOCH + timedelta(days=day), level, {}) for day, level in levels], clear
        )
        own = [
            ((span.raised_on - EPOCH).days, span.closed_on and (span.closed_on - EPOCH).days, span.severity)
            for span in spans
        ]
        if own:
            expected[number, 9] = own
    assert {key: [episode[:3] for episode in own] for key, own in found(rows, clear).items()} == expected


def spans(*rows: tuple[int, int | None, float]) -> list[tuple[int, int | None, float | None]]:
    """Merged spans (raised, closed, figure of what is open)."""
    table = ibis.memtable(
        {
            "customer_no": [1 for _ in rows],
            "as_of_day": [100 for _ in rows],
            "place": [9 for _ in rows],
            "raised_day": [raised for raised, _, _ in rows],
            "closed_day": [closed for _, closed, _ in rows],
            "severity": [4 for _ in rows],
            "figure": [figure for _, _, figure in rows],
        },
        schema={
            "customer_no": "int32", "as_of_day": "int32", "place": "int16", "raised_day": "int32",
            "closed_day": "int32", "severity": "int8", "figure": "float64",
        },
    )  # fmt: skip
    joined = ibis.duckdb.connect(threads=1).to_pyarrow(merged(table)).to_pylist()
    return sorted(
        ((row["raised_day"], row["closed_day"], row["figure"]) for row in joined), key=lambda r: r[0]
    )


@pytest.mark.parametrize(
    ("given_spans", "expected"),
    [
        ([(1, 5, 4.0)], [(1, 5, None)]),
        ([(1, 5, 4.0), (5, 9, 5.0)], [(1, 9, None)]),
        ([(1, 5, 4.0), (6, 9, 5.0)], [(1, 5, None), (6, 9, None)]),
        ([(1, 9, 4.0), (2, 3, 5.0), (8, None, 4.0)], [(1, None, 4.0)]),
        ([(1, None, 4.0), (1, None, 5.0), (3, 4, 5.0)], [(1, None, 5.0)]),
        ([(1, 3, 4.0), (1, 3, 4.0), (7, 8, 4.0), (7, 8, 5.0)], [(1, 3, None), (7, 8, None)]),
    ],
)
def test_spans_that_overlap_or_touch_are_one(
    given_spans: list[tuple[int, int | None, float]], expected: list[tuple[int, int | None, float | None]]
) -> None:
    assert spans(*given_spans) == expected
