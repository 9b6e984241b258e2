"""Drift: the customers of an as_of against those that the champion was tested on; a report and its alarms."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.groups.profile import STATUS
from features.policy import read_policy
from pipelines.build import Store, build, read_features
from pipelines.drift import Bins, Column, stability
from pipelines.errors import PipelineError
from pipelines.monitor_page import write_monitor_page
from pipelines.monitor_report import Alarm, FeatureDrift, MonitorReport, PredictionDrift, prediction_spec
from pipelines.settings import Home, write_json
from serving.bundle import Bundle, FeatureFrame
from serving.champion import BANK_DOCUMENT, TEXTS_DOCUMENT, Override, load_champion, read_champion
from serving.manifest import TargetSpec
from serving.reasons import BankWords, NumberWriter, Texts, feature_title
from training.wording import LANGUAGES, Wording

__all__ = ["MonitorReport", "Population", "compare", "monitor"]

FloatArray = NDArray[np.float64]
PREDICTION = "prediction."  # as the bundle's reference names them
PAGE, DETAILS, FIGURES = "index.html", "drift.html", "monitor.json"


@dataclass(frozen=True, eq=False)
class Population:
    """Customers who can be scored at an as_of, with the bundle's features: (customers, features)."""

    customer_ids: tuple[str, ...]
    as_of: date
    values: FloatArray

    def sample(self, rows: int) -> Population:
        """At most `rows` customers, chosen by a hash of their id: the same ones in any order."""
        order = np.argsort([zlib.crc32(name.encode()) for name in self.customer_ids], kind="stable")[:rows]
        ids = tuple(self.customer_ids[place] for place in order)
        return Population(ids, self.as_of, self.values[order])


def monitor(home: Home, source: Store, as_of: date, out_dir: Path, language: str) -> MonitorReport:
    """Compare the customers of an as_of with the champion's reference, and write what was found to `out_dir`.

    `index.html` and `drift.html` are for people, `monitor.json` for machines; none holds a row or an id of a
    customer.

    Raises
    ------
    BundleError
        There is no champion, or it is damaged.
    PipelineError
        No customer can be scored at the as_of.
    """
    bundle, override = load_champion(home.root).bundle, read_champion(home.root).override
    build(source, [as_of])
    codes = source.statuses(as_of)["status_code"].to_numpy().astype(np.int64)
    frame = read_features(source, as_of, bundle.names).filter(pa.array(codes == 0))
    if not frame.num_rows:
        raise PipelineError(
            f"monitor at {as_of}: expected customers who can be scored; there are none among {len(codes)}. "
            "Choose an as_of inside the bank's data."
        )
    values = np.column_stack([_numbers(frame[name]) for name in bundle.names])
    now = Population(tuple(frame["customer_id"].to_pylist()), as_of, values)
    counts = {f"not_scorable_{STATUS[code]}": int((codes == code).sum()) for code in sorted(STATUS) if code}
    return compare(bundle, now, out_dir, language, counts, override)


def compare(
    bundle: Bundle,
    now: Population,
    out_dir: Path,
    language: str,
    not_scorable: Mapping[str, int],
    override: Override | None = None,
) -> MonitorReport:
    """Compare a population with a bundle's reference, and write the report; see `monitor`."""
    policy = read_policy("monitor")
    sample = now.sample(policy["sample_rows"])
    pairs, reference_rows = _pairs(bundle, sample, policy["sample_rows"])
    titles = {each: _titles(bundle, each) for each in LANGUAGES}
    columns = _columns(bundle, pairs, titles[language], language)
    out_dir.mkdir(parents=True, exist_ok=True)
    found = stability(columns, out_dir / DETAILS, policy["psi_alarm"])
    is_enough = min(len(columns[0].before), len(columns[0].now)) >= policy["minimum_rows"]
    limits = dict.fromkeys(found, policy["psi_alarm"] if is_enough else None) | dict.fromkeys(
        policy["growing"]
    )
    features = {name: _feature(found[name], limits[name], pairs[name]) for name in bundle.names}
    predictions = {
        target.key: _prediction(target, found[name], limits[name], pairs[name])
        for target in bundle.manifest.targets
        for name in (f"{PREDICTION}{target.key}",)
    }
    rows = {
        "reference": reference_rows,
        "current": len(now.customer_ids),
        "sample_reference": len(columns[0].before),
        "sample_current": len(columns[0].now),
        **not_scorable,
    }
    version = "" if bundle.release is None else bundle.release.version
    alarms = _alarms(features, predictions, titles[language], language)
    bank = _words(bundle)[1]
    report = MonitorReport(
        now.as_of, version, rows, features, predictions, alarms, titles, bank, out_dir / PAGE, override
    )
    write_monitor_page(report, language, DETAILS if (out_dir / DETAILS).is_file() else None)
    write_json(out_dir / FIGURES, report.to_dict())
    return report


def _pairs(
    bundle: Bundle, now: Population, size: int
) -> tuple[Mapping[str, tuple[FloatArray, FloatArray]], int]:
    """Values before (at most `size` rows of the reference, evenly picked) and now, of features and predictions."""
    reference = bundle.reference()
    picked = np.unique(np.linspace(0, reference.num_rows - 1, size).astype(np.intp))
    frame = FeatureFrame(now.customer_ids, now.as_of.isoformat(), bundle.names, now.values)
    columns = {name: now.values[:, place] for place, name in enumerate(bundle.names)}
    for key, output in bundle.predict(frame, threads=2).outputs.items():
        columns[f"{PREDICTION}{key}"] = output.prediction
    pairs = {name: (_numbers(reference[name])[picked], values) for name, values in columns.items()}
    return pairs, reference.num_rows


def _numbers(column: pa.ChunkedArray) -> FloatArray:
    return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _titles(bundle: Bundle, language: str) -> dict[str, str]:
    """What features and models are called; equal titles are told apart by a number."""
    texts, bank = _words(bundle)
    wording = Wording(language)
    titles = {name: feature_title(texts, name, bank, language) for name in bundle.names}
    titles |= {
        target.key: wording.model(target.target, target.horizon_days) for target in bundle.manifest.targets
    }
    seen: dict[str, int] = {}
    for name, title in titles.items():
        seen[title] = seen.get(title, 0) + 1
        if seen[title] > 1:
            titles[name] = f"{title} ({seen[title]})"
    return titles


def _words(bundle: Bundle) -> tuple[Texts, BankWords]:
    return Texts.parse(bundle.documents[TEXTS_DOCUMENT]), BankWords.from_json(bundle.documents[BANK_DOCUMENT])


def _columns(
    bundle: Bundle,
    pairs: Mapping[str, tuple[FloatArray, FloatArray]],
    titles: Mapping[str, str],
    language: str,
) -> tuple[Column, ...]:
    """Features, then predictions, in bins of the reference, with titles and values as people read them."""
    words = Wording(language)
    writer = NumberWriter(*_words(bundle), language)
    specs = {feature.name: feature for feature in bundle.manifest.features}
    specs |= {
        f"{PREDICTION}{target.key}": prediction_spec(is_amount=target.kind == "amount")
        for target in bundle.manifest.targets
    }
    shown = dict(titles) | {
        f"{PREDICTION}{target.key}": words("monitor.prediction", title=titles[target.key])
        for target in bundle.manifest.targets
    }
    columns = []
    for name, (before, now) in pairs.items():
        bins = Bins.of(before, bin_count(min(len(before), len(now))))
        write = partial(writer.write, specs[name])
        labels = bins.labels(write, words("monitor.observed"), words("monitor.not_observed"))
        columns.append(Column(name, shown[name], bins.codes(before), bins.codes(now), labels))
    return tuple(columns)


def bin_count(rows: int) -> int:
    """Return how many bins some rows are put into, so that chance empties none."""
    policy = read_policy("monitor")
    return int(np.clip(rows // policy["rows_per_bin"], 2, policy["bins"]))


def _feature(psi: float, limit: float | None, pair: tuple[FloatArray, FloatArray]) -> FeatureDrift:
    before, now = pair
    both = np.concatenate(pair)
    observed = both[~np.isnan(both)]
    is_constant = len(observed) == 0 or (len(observed) == len(both) and observed.min() == observed.max())
    return FeatureDrift(
        psi=psi, limit=limit, missing_before=float(np.isnan(before).mean()),
        missing_now=float(np.isnan(now).mean()), is_constant=bool(is_constant),
        alarm=limit is not None and psi > limit,
    )  # fmt: skip


def _prediction(
    target: TargetSpec, psi: float, limit: float | None, pair: tuple[FloatArray, FloatArray]
) -> PredictionDrift:
    before, now = (float(values.mean()) for values in pair)
    return PredictionDrift(
        psi, limit, target.kind == "amount", before, now, limit is not None and psi > limit
    )


def _alarms(
    features: Mapping[str, FeatureDrift],
    predictions: Mapping[str, PredictionDrift],
    titles: Mapping[str, str],
    language: str,
) -> tuple[Alarm, ...]:
    """Alarms that stand, the largest index first."""
    words = Wording(language)
    found = []
    kinds: Sequence[tuple[str, Mapping[str, FeatureDrift | PredictionDrift]]] = (
        ("prediction", predictions), ("feature", features),
    )  # fmt: skip
    for kind, items in kinds:
        for name, item in items.items():
            if item.alarm and item.limit is not None:
                text = words(f"monitor.alarm.{kind}", title=titles[name], psi=f"{item.psi:.2f}",
                             limit=f"{item.limit:.2f}")  # fmt: skip
                found.append(Alarm(kind, name, item.psi, item.limit, text))
    return tuple(sorted(found, key=lambda alarm: -alarm.psi))
