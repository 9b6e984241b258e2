"""Months reckoned from day numbers, the dates of the Spring Festival, and what the same lunar period is."""

from __future__ import annotations

import math
from datetime import date, timedelta

import ibis
import pytest

from features.policy import read_policy
from features.signals.evaluations import day_number, lunar_year, month_of, months_before

FESTIVALS: list[date] = read_policy("calendar")["spring_festivals"]


def test_every_day_of_two_centuries_lies_in_its_month() -> None:
    days = [date(1900, 1, 1) + timedelta(days=number) for number in range(73_500)]
    rows = ibis.memtable({"day": [day_number(day) for day in days]}, schema={"day": "int32"})
    found = ibis.duckdb.connect().to_pyarrow(rows.select("day", month=month_of(rows.day)).order_by("day"))
    months = [day.year * 12 + day.month - 1 for day in days]
    assert found["month"].to_pylist() == months


def test_the_first_of_a_month_is_evaluated_on_itself() -> None:
    """Seven firsts: from 2024-04-01 back to 2023-10-01, 183 days before; a day earlier from 2024-03-01."""
    april, eve = months_before(day_number(date(2024, 4, 1))), months_before(day_number(date(2024, 3, 31)))
    assert (april[0], april[-1], eve[0]) == (2024 * 12 + 3, 2023 * 12 + 9, 2024 * 12 + 2)


def test_the_oldest_evaluation_lies_more_than_180_days_back_on_every_day() -> None:
    for number in range(day_number(date(2023, 1, 1)), day_number(date(2025, 1, 1))):
        oldest = months_before(number)[-1]
        assert number - day_number(date(oldest // 12, oldest % 12 + 1, 1)) > 180


def new_moon(number: int) -> float:
    """The new moon so many lunations after that of January 2000, as a Julian day in Beijing's time, to some minutes.

    Source: J. Meeus, Astronomical Algorithms, chapter 49, with its eight largest terms.
    """
    t = number / 1236.85
    mean_moon = 2451550.09766 + 29.530588861 * number + 0.00015437 * t * t
    sun, moon, node = (
        math.radians(start + step * number)
        for start, step in ((2.5534, 29.10535670), (201.5643, 385.81693528), (160.7108, 390.67050284))
    )
    terms = (
        -0.40720 * math.sin(moon) + 0.17241 * math.sin(sun) + 0.01608 * math.sin(2 * moon)
        + 0.01039 * math.sin(2 * node) + 0.00739 * math.sin(moon - sun) - 0.00514 * math.sin(moon + sun)
        + 0.00208 * math.sin(2 * sun) - 0.00111 * math.sin(moon - 2 * node)
    )  # fmt: skip
    return mean_moon + terms - 70 / 86_400 + 8 / 24


def test_every_spring_festival_is_a_day_of_new_moon_between_21_january_and_20_february() -> None:
    """36 dates, one a year; a Julian day begins at noon, 1970-01-01 at midnight is 2440587.5."""
    moons = {math.floor(new_moon(number) - 2440587.5) for number in range(-10, 450)}
    assert [day.year for day in FESTIVALS] == list(range(2000, 2036))
    assert {day for day in FESTIVALS if day_number(day) not in moons} == set()
    assert all((1, 21) <= (day.month, day.day) <= (2, 20) for day in FESTIVALS)


@pytest.mark.parametrize(
    ("first", "days"),
    [
        # 2023-01-22 -> 2024-02-10: 384 days. The 30 days before 2024-01-01 end on 12-31, 41 days before the festival;
        # a year before they end on 2022-12-31, 22 days before that of 2023: near.
        (date(2024, 1, 1), 384),
        (date(2024, 4, 1), 384),  # from 03-02, 21 days after
        (date(2024, 5, 1), 365),  # from 04-01, 51 days after
        (date(2023, 12, 1), 365),
        # 2024-02-10 -> 2025-01-29: 354 days. From 2025-03-02: 32 days after; a year before 21 days after: near.
        (date(2025, 4, 1), 354),
        (date(2036, 3, 1), 365),  # no date of a festival
    ],
)
def test_the_same_lunar_period_lies_as_far_back_as_the_festival(first: date, days: int) -> None:
    assert lunar_year(first.year * 12 + first.month - 1) == days
