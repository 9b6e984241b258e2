"""A text that no training row had is null to the models: unseen is not a guess."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from serving.bundle import Bundle, FeatureFrame
from serving.champion import load_champion


def test_a_code_without_a_training_row_counts_as_null(small_home: Path) -> None:
    """Codes 0 and 2 were seen, 1 was not and 3 is newer than the bundle: 1, 3 and null say the same."""
    bundle = load_champion(small_home).bundle
    telling = [place for place in range(len(bundle.names)) if _margins_differ(bundle, place)]
    assert telling, "no feature of the bundle tells 1 from null: its models have too few trees for this test"
    for place in telling:
        features = list(bundle.manifest.features)
        features[place] = replace(features[place], unit="code", categories=("a", "", "c"))
        coded = replace(bundle, manifest=replace(bundle.manifest, features=tuple(features)))
        for output in coded.predict(_rows(bundle, place)).outputs.values():
            assert output.margin[1] == output.margin[3] == output.margin[4]


def _rows(bundle: Bundle, place: int) -> FeatureFrame:
    """Five customers who differ in one feature: 0, 1, 2, 3 and null."""
    rows = np.tile(np.array([feature.median or 0.0 for feature in bundle.manifest.features]), (5, 1))
    rows[:, place] = [0.0, 1.0, 2.0, 3.0, np.nan]
    return FeatureFrame(tuple("abcde"), "2026-11-01", bundle.names, rows)


def _margins_differ(bundle: Bundle, place: int) -> bool:
    outputs = bundle.predict(_rows(bundle, place)).outputs.values()
    return any(output.margin[1] != output.margin[4] for output in outputs)
