"""A text that no training row had is null to the models: unseen is not a guess."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from serving.bundle import FeatureFrame
from serving.champion import load_champion


def test_a_code_without_a_training_row_counts_as_null(small_home: Path) -> None:
    """Codes 0 and 2 were seen, 1 was not and 3 is newer than the bundle: 1, 3 and null say the same."""
    bundle = load_champion(small_home).bundle
    features = list(bundle.manifest.features)
    place = int(np.bincount(bundle.models[0].compiled.split_feature[:, 0]).argmax())
    features[place] = replace(features[place], unit="code", categories=("a", "", "c"))
    coded = replace(bundle, manifest=replace(bundle.manifest, features=tuple(features)))
    rows = np.tile(np.array([feature.median or 0.0 for feature in features]), (5, 1))
    rows[:, place] = [0.0, 1.0, 2.0, 3.0, np.nan]
    frame = FeatureFrame(tuple("abcde"), "2026-11-01", bundle.names, rows)
    differences = 0
    plain = bundle.predict(frame).outputs
    for key, output in coded.predict(frame).outputs.items():
        assert output.margin[1] == output.margin[3] == output.margin[4]
        differences += int(plain[key].margin[4] != plain[key].margin[1])
    assert differences, "the test's feature says nothing: choose another"
