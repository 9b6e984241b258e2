"""Exact arithmetic of the oracle: whole numbers and fractions; a float only as the last step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

Exact = int | Fraction
Value = int | float | None

REL = 1e-9
"""Both sides take exact sums of whole numbers and then divide or take a root a few times, which loses some
1e-16 each; a wrong row or day changes a value of the test banks by far more than 1e-9."""


def is_equal(expected: Exact | float | None, got: float | None, least: float = 0.0) -> bool:
    """Whole numbers exactly, others relatively to the larger of expected and `least`; null equals only null."""
    if expected is None or got is None:
        return expected is None and got is None
    if isinstance(expected, int):
        return got == expected
    return abs(got - float(expected)) <= REL * max(abs(float(expected)), least)


def mean(values: Sequence[int]) -> Fraction | None:
    """Arithmetic mean; None of nothing."""
    return Fraction(sum(values), len(values)) if values else None


def ratio(part: Exact | None, whole: Exact | None) -> Fraction | None:
    """Part over whole; None where either is unknown or the whole is zero."""
    if part is None or whole is None or whole == 0:
        return None
    return Fraction(part) / Fraction(whole)


def deviation(values: Sequence[int]) -> float | None:
    """Population standard deviation: the root of an exact variance."""
    middle = mean(values)
    if middle is None:
        return None
    return math.sqrt(sum((value - middle) ** 2 for value in values) / len(values))


def slope(points: Sequence[tuple[int, int]]) -> Fraction | None:
    """Least-squares slope of (time, amount) points; None of fewer than two."""
    if len(points) < 2:
        return None
    n = len(points)
    times, amounts = sum(t for t, _ in points), sum(a for _, a in points)
    spread = n * sum(t * t for t, _ in points) - times * times
    return Fraction(n * sum(t * a for t, a in points) - times * amounts, spread)


def gaps(days: Iterable[int]) -> list[int]:
    """Days between consecutive distinct days."""
    ordered = sorted(set(days))
    return [later - earlier for earlier, later in pairwise(ordered)]


def answer(value: Exact | float | None) -> Value:
    """What a feature holds: whole numbers stay exact, a fraction becomes the nearest float."""
    return float(value) if isinstance(value, Fraction) else value
