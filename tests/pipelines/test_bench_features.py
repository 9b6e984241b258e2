from pipelines.bench.big_bank import Size
from pipelines.bench.features import bench_features


def test_the_bench_builds_every_feature_and_reports_ratios_of_the_same_run() -> None:
    said: list[str] = []
    found = bench_features(Size(200, 20_000, 3_000, 4_000), rounds=1, progress=said.append)
    figures, floor, ratios = (found[key] for key in ("figures", "floor", "ratios"))
    assert isinstance(figures, dict)
    assert isinstance(floor, dict)
    assert isinstance(ratios, dict)
    one, twelve = figures["features.one_as_of_seconds"], figures["features.twelve_as_of_seconds"]
    assert ratios["features.one_as_of"] == one / floor["features.query_seconds"]
    assert ratios["features.twelve_as_of"] == twelve / one
    assert figures["features.rows_customers"] == 200
    assert figures["features.count"] > 150
    assert said[0] == "drawing the bank"
