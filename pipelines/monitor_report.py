"""What the monitor found: records for machines and people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from serving.champion import Override
from serving.manifest import FeatureSpec
from serving.reasons import BankWords


@dataclass(frozen=True)
class FeatureDrift:
    """One feature: its index, the index an alarm stands above (null: it is not judged), and what is not observed.

    `missing_before` and `missing_now` are shares of the rows. `is_constant`: one value, or none, in both.
    """

    psi: float
    limit: float | None
    missing_before: float
    missing_now: float
    is_constant: bool
    alarm: bool


@dataclass(frozen=True)
class PredictionDrift:
    """One model's predictions: their index, and their means; of amounts (`is_amount`) in minor units."""

    psi: float
    limit: float | None
    is_amount: bool
    mean_before: float
    mean_now: float
    alarm: bool


@dataclass(frozen=True)
class Alarm:
    """An alarm that stands; `text` says it in the language asked for."""

    kind: str
    name: str
    psi: float
    limit: float
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, eq=False)
class MonitorReport:
    """What the comparison found. `titles` are what features and models are called, by language and name.

    `bank` says in which currency amounts are; `override` if and why the version was promoted against the gate.
    """

    as_of: date
    version: str
    rows: Mapping[str, int]
    features: Mapping[str, FeatureDrift]
    predictions: Mapping[str, PredictionDrift]
    alarms: tuple[Alarm, ...]
    titles: Mapping[str, Mapping[str, str]]
    bank: BankWords
    html: Path
    override: Override | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what machines read, as in monitor.json."""
        alarms = [{"kind": a.kind, "name": a.name, "psi": a.psi, "limit": a.limit} for a in self.alarms]
        return {
            "as_of": self.as_of.isoformat(),
            "version": self.version,
            "override": None if self.override is None else asdict(self.override),
            "rows": dict(self.rows),
            "features": {name: asdict(item) for name, item in self.features.items()},
            "predictions": {key: asdict(item) for key, item in self.predictions.items()},
            "alarms": alarms,
        }


def prediction_spec(*, is_amount: bool) -> FeatureSpec:
    """Describe a prediction as a feature, so that it is written like one: money, or a share."""
    unit = "money" if is_amount else "share"
    return FeatureSpec(
        name="", dtype="float64", unit=unit, family="", group="", categories=None, usual=None, median=None,
        protected=False,
    )  # fmt: skip
