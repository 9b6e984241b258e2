import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from serving.bundle import Bundle, FeatureFrame, Predictions
from serving.errors import FrameError
from serving.model import ModelOutput
from serving.rank import strongest
from serving.tables import FloatArray
from tests.models import NAMES, PROTECTED, bundle_parts, draw_rows
from training.package import write_bundle

FIELDS = tuple(ModelOutput.__dataclass_fields__)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    directory = tmp_path_factory.mktemp("bundles") / "1"
    write_bundle(directory, bundle_parts())
    return Bundle.load(directory)


def frame(values: FloatArray, names: tuple[str, ...] = NAMES) -> FeatureFrame:
    return FeatureFrame(tuple(f"C{i:06d}" for i in range(len(values))), "2026-10-31", names, values)


def assert_same_bits(found: Predictions, expected: Predictions, rows: slice) -> None:
    for key, output in expected.outputs.items():
        for name in FIELDS:
            array, other = getattr(output, name), getattr(found.outputs[key], name)
            assert (array is None) == (other is None), f"{key}.{name}"
            assert array is None or array[rows].tobytes() == other.tobytes(), f"{key}.{name}"


def test_an_answer_has_the_same_bits_in_every_batch_and_engine(bundle: Bundle) -> None:
    values = draw_rows(21, 700)
    whole = bundle.predict(frame(values), engine="numpy")
    for size in [*range(1, 301), 511, 512, 513, 700]:
        assert_same_bits(bundle.predict(frame(values[-size:]), engine="numba"), whole, slice(-size, None))
    for size in [*range(1, 301, 6), 512, 513]:
        assert_same_bits(bundle.predict(frame(values[:size]), engine="numpy"), whole, slice(size))
        assert_same_bits(bundle.predict(frame(values[:size]), threads=2), whole, slice(size))
    for row in range(0, 700, 9):
        assert_same_bits(bundle.predict(frame(values[row : row + 1])), whole, slice(row, row + 1))


def test_reasons_add_up_to_the_margin(bundle: Bundle) -> None:
    """Base + reasons + other = margin to 1e-9, and to 1e-12 of the sum of absolute terms for amounts."""
    values = draw_rows(22, 20_000)
    outputs = bundle.predict(frame(values), engine="numba", threads=2).outputs
    worst = {}
    for key, output in outputs.items():
        ranking = strongest(output.contributions, bundle.is_protected, 5, "numba")
        total = output.base.copy()
        for place in range(5):
            total += ranking.effect[:, place]
        difference = np.abs(total + ranking.other - output.margin)
        if key.startswith("growth"):
            difference /= np.abs(output.base) + np.abs(output.contributions).sum(axis=1)
        worst[key] = float(difference.max())
        assert worst[key] <= (1e-12 if key.startswith("growth") else 1e-9)
        assert not (ranking.feature == NAMES.index(PROTECTED)).any()
    print(f"{len(values)} rows x {len(outputs)} models, 0 without; largest differences {worst}")


def test_features_are_picked_by_name(bundle: Bundle) -> None:
    values = draw_rows(23, 50)
    order = np.random.default_rng(1).permutation(len(NAMES))
    names = ("more", *(NAMES[i] for i in order), "still_more")
    wide = np.column_stack([np.full(50, np.inf), values[:, order], np.full(50, 1e9)])
    expected = bundle.predict(frame(values))
    for _ in range(2):
        assert_same_bits(bundle.predict(frame(wide, names)), expected, slice(None))


def test_a_missing_feature_is_refused(bundle: Bundle) -> None:
    message = r"expected all 12 of the bundle, each once; got 11 names, 11 of them distinct, \['f4'\] missing"
    names = tuple(name for name in NAMES if name != "f4")
    with pytest.raises(FrameError, match=message):
        bundle.predict(frame(np.zeros((1, 11)), names))
    with pytest.raises(FrameError, match="13 names, 12 of them distinct"):
        bundle.predict(frame(np.zeros((1, 13)), (*NAMES, "f0")))


def test_values_of_another_shape_or_type_are_refused(bundle: Bundle) -> None:
    with pytest.raises(
        FrameError, match=r"expected float64 of shape \(1, 12\), got float64 of shape \(1, 11\)"
    ):
        bundle.predict(frame(np.zeros((1, 11))))
    with pytest.raises(FrameError, match="got float32"):
        bundle.predict(frame(np.zeros((1, 12), dtype=np.float32)))
    values = np.zeros((3, 12))
    values[2, 7] = -np.inf
    with pytest.raises(
        FrameError, match=r"values, f7, row 2: expected a finite number or NaN for null, got -inf"
    ):
        bundle.predict(frame(values))


def test_no_customers_is_an_empty_answer(bundle: Bundle) -> None:
    for output in bundle.predict(frame(np.empty((0, 12)))).outputs.values():
        assert len(output.margin) == len(output.prediction) == len(output.percentile) == 0


def test_the_longer_horizon_is_never_below_the_shorter(bundle: Bundle) -> None:
    outputs = bundle.predict(frame(draw_rows(24, 2_000))).outputs
    shorter, longer = outputs["churn_90"], outputs["churn_180"]
    is_raised = longer.prediction == shorter.prediction
    assert (longer.prediction >= shorter.prediction).all()
    assert 0 < is_raised.sum() < 2_000
    own = [1 / (1 + math.exp(-_logit(margin))) for margin in longer.margin]
    assert np.maximum(own, shorter.prediction) == pytest.approx(longer.prediction, abs=1e-14)


def _logit(margin: float) -> float:
    """Knots of the test bundle: (-2, -2.5), (-1, -0.75), (1.5, 1.25); slopes 1.75 and 0.8."""
    return -0.75 + (1.75 if margin < -1 else 0.8) * (margin + 1)


def test_an_amount_is_whole_units_scaled_by_the_row(bundle: Bundle) -> None:
    """Scale max(100,000, f3 + f5): f3 = 2,000,000 and f5 unknown count 2,000,000; nothing known, the floor.

    Interval: margin - 0.5 x scale and margin + 0.75 x scale.
    """
    values = np.zeros((2, 12))
    values[0, 3], values[0, 5], values[1, 3] = 2_000_000.0, np.nan, np.nan
    output = bundle.predict(frame(values)).outputs["growth_180"]
    scale = np.array([2_000_000.0, 100_000.0])
    assert output.low is not None
    assert output.high is not None
    assert output.base == pytest.approx(bundle.models[2].compiled.base * scale)
    assert output.prediction.tolist() == np.rint(output.margin).tolist()
    assert output.low.tolist() == np.rint(output.margin - 0.5 * scale).tolist()
    assert output.high.tolist() == np.rint(output.margin + 0.75 * scale).tolist()


def test_percentiles_of_the_reference_are_spread_evenly(bundle: Bundle) -> None:
    outputs = bundle.predict(frame(bundle_parts().reference)).outputs
    for key, output in outputs.items():
        assert output.percentile.mean() == pytest.approx(50.0, abs=0.5), key
        assert 0.0 <= output.percentile.min() < 2.0
        assert 98.0 < output.percentile.max() <= 100.0


def test_bands_follow_the_thresholds(bundle: Bundle) -> None:
    output = bundle.predict(frame(draw_rows(25, 500))).outputs["churn_90"]
    assert output.band is not None
    expected = (output.prediction >= 0.05).astype(int) + (output.prediction >= 0.15)
    assert output.band.tolist() == expected.tolist()
    assert set(expected) == {0, 1, 2}


def test_the_reference_is_kept_with_its_predictions(bundle: Bundle) -> None:
    table = bundle.reference()
    assert table.column_names == [*NAMES, *(f"prediction.{model.target.key}" for model in bundle.models)]
    stored = np.column_stack([table[name].to_numpy() for name in NAMES])
    assert stored.tobytes() == bundle_parts().reference.tobytes()
    medians = [feature.median for feature in bundle.manifest.features]
    assert medians == [float(np.nanmedian(column)) for column in stored.T]


def test_texts_are_carried_along(bundle: Bundle) -> None:
    assert bundle.documents["MODEL_CARD.md"] == "# Model card\n流失\n"
    assert set(bundle.documents) == {"MODEL_CARD.md", "groups.json", "policy/bands.yaml"}


def test_equal_parts_are_equal_bytes(bundle: Bundle, tmp_path: Path) -> None:
    assert write_bundle(tmp_path / "again", bundle_parts()) == bundle.manifest_sha256
    for path in sorted(bundle.directory.rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "again" / path.relative_to(bundle.directory)).read_bytes()


def test_a_moved_bundle_is_the_same(bundle: Bundle, tmp_path: Path) -> None:
    shutil.copytree(bundle.directory, tmp_path / "moved")
    values = draw_rows(26, 100)
    moved = Bundle.load(tmp_path / "moved", bundle.manifest_sha256)
    assert_same_bits(moved.predict(frame(values)), bundle.predict(frame(values)), slice(None))


def test_serving_a_bundle_loads_none_of_the_heavy_libraries() -> None:
    heavy = {
        "ibis",
        "duckdb",
        "mlflow",
        "lightgbm",
        "shap",
        "evidently",
        "sklearn",
        "numba",
        "pandas",
        "scipy",
    }
    code = f"import sys, serving.bundle, serving.rank; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
