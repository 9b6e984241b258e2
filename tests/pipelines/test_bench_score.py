from pipelines.bench.score import bench_score


def test_the_bench_reports_figures_floor_and_ratios_of_the_same_run() -> None:
    said: list[str] = []
    found = bench_score(rows=6_000, features=8, seed=2, progress=said.append)
    figures, floor, ratios, machine = (found[key] for key in ("figures", "floor", "ratios", "machine"))
    assert found["name"] == "score"
    assert isinstance(figures, dict)
    assert isinstance(floor, dict)
    assert isinstance(ratios, dict)
    assert isinstance(machine, dict)
    explained, plain = figures["score.explained_seconds"], floor["score.plain_seconds"]
    assert ratios["score.explained_over_plain"] == explained / plain
    assert ratios["score.pred_contrib_over_explained"] == figures["score.pred_contrib_seconds"] / explained
    assert ratios["score.pred_contrib_over_explained"] > 1.0
    assert ratios["score.with_factors_over_explained"] == figures["score.with_factors_seconds"] / explained
    assert {"cores", "python", "lightgbm", "numba"} <= set(machine)
    assert said[0] == "drawing 6000 rows of 8 features, training three models"
