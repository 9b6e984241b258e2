"""A bundle of trained models, written as training writes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from features.catalogue import Feature
from features.definitions import FEATURES
from features.policy import policy_names, policy_text
from serving.calibration import Calibration, Interval, Knots, Scale
from serving.manifest import DataRange, FeatureSpec, Lineage, TargetSpec
from tests.trained import NAMES, all_trained, population
from training.package import BundleParts, ModelParts, write_bundle
from training.run import TrainedTarget

REFERENCE_ROWS = 1_200
