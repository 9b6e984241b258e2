"""Measurements that anyone can repeat: figures, and ratios to a floor measured in the same run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Bench = Callable[[Callable[[str], None] | None], dict[str, Any]]


def _predict(progress: Callable[[str], None] | None) -> dict[str, Any]:
    from pipelines.bench.predict import bench_predict

    return bench_predict(progress=progress)


def _score(progress: Callable[[str], None] | None) -> dict[str, Any]:
    from pipelines.bench.score import bench_score

    return bench_score(progress=progress)


def _features(progress: Callable[[str], None] | None) -> dict[str, Any]:
    from pipelines.bench.features import bench_features

    return bench_features(progress=progress)


def _quality(progress: Callable[[str], None] | None) -> dict[str, Any]:
    from pipelines.bench.quality import bench_quality

    return bench_quality(progress=progress)


def _training(progress: Callable[[str], None] | None) -> dict[str, Any]:
    from pipelines.bench.training import bench_training

    return bench_training(progress=progress)


BENCHES: Mapping[str, Bench] = {
    "features": _features,
    "predict": _predict,
    "score": _score,
    "quality": _quality,
    "training": _training,
}
"""Every measurement by its name on the command line; imported late, for each brings its own libraries."""
