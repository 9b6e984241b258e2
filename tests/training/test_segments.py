"""Figures by segment, by hand."""

from __future__ import annotations

import numpy as np

from tests.training.test_choose import _months
from training.segments import LEAST, segment_figures


def test_a_segment_has_its_own_rate_forecast_and_order() -> None:
    """60 customers of one kind, 60 of another, 49 too few to show, and one of unknown kind."""
    rows = _months(1, 170)
    rows.label[:] = 0.0
    rows.label[:15] = 1.0  # of the first 60: 25%
    rows.label[60:90] = 1.0  # of the next 60: 50%
    forecast = np.full(170, 0.2)
    forecast[:15] = 0.8  # ranked without a mistake: mean 0.35
    kinds = ["retail"] * 60 + ["micro"] * 60 + ["corporate"] * 49 + [""]
    micro, retail = segment_figures("probability", rows, forecast, {"kind": kinds})
    assert (retail.value, retail.rows, retail.outcome, retail.ranking) == ("retail", 60, 0.25, 1.0)
    assert round(retail.forecast, 12) == 0.35
    assert (micro.value, micro.rows, micro.outcome, micro.ranking) == ("micro", 60, 0.5, 0.5)
    assert LEAST == 50


def test_a_segment_without_an_event_has_no_ranking() -> None:
    rows = _months(1, 60)
    rows.label[:] = 0.0
    (found,) = segment_figures("probability", rows, np.full(60, 0.1), {"region": ["north"] * 60})
    assert (found.outcome, found.ranking) == (0.0, None)
