"""Rounding of exact sums, the same on every engine: none of them divides whole numbers of this size exactly."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.windows import exact


def rounded(numerator: ir.DecimalValue, denominator: int) -> ir.DecimalValue:
    """Return the whole number nearest to `numerator / denominator`, halves away from zero; null of null.

    A float finds the whole part of `(2 |numerator| + denominator) / (2 denominator)` to within one, and the exact
    remainder puts it right: exact while the result lies below 2**50 in size (11 trillion yuan in fen).

    Source: own choice; money is rounded half away from zero in bank statements.
    """
    divisor = exact(ibis.literal(2 * denominator))
    dividend = exact(ibis.literal(2)) * numerator.abs() + exact(ibis.literal(denominator))
    near = exact((dividend.cast("float64") / float(2 * denominator)).floor().cast("int64"))
    rest = dividend - near * divisor
    # Arithmetic in place of cases: an engine works out a repeated part of it once.
    whole = near + exact((rest >= divisor).cast("int64") - (rest < 0).cast("int64"))
    return exact(whole * exact(1 - 2 * (numerator < 0).cast("int64")))
