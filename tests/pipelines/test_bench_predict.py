from __future__ import annotations

from typing import Any

from pipelines.bench.predict import Rounds, bench_predict
from pipelines.bench.synthetic import Shape


def test_the_bench_reports_figures_floor_and_ratios_of_one_run() -> None:
    said: list[str] = []
    result: dict[str, Any] = bench_predict(
        Shape(customers=200, features=20, trees=10), Rounds(one=20, hundred=4), said.append
    )
    assert list(result) == ["name", "figures", "floor", "ratios", "machine"]
    assert result["figures"]["predict.requests"] == 20 + 20 + 4
    empty = result["floor"]["predict.empty_ms"]
    assert result["ratios"]["predict.p50_one"] == result["figures"]["predict.one_ms"] / empty
    assert result["ratios"]["predict.p50_hundred"] == result["figures"]["predict.hundred_ms"] / empty
    assert said[-1] == "measuring"
