"""Plots: what is drawn, in which words, and that equal models give equal files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.policy import policy_text
from serving.reasons import BankWords, Texts, feature_title
from tests.trained import NAMES, all_trained, trained
from training import curves
from training.plot_page import Page
from training.plots import Currency, draw_plots
from training.run import TrainedTarget
from training.shap_plots import STEPS, waterfall_steps
from training.svg import wrap
from training.wording import Wording

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def titles() -> Mapping[str, Mapping[str, str]]:
    texts = Texts.parse(policy_text("texts"))
    return {
        name: {language: feature_title(texts, name, BankWords(), language) for language in ("en", "zh")}
        for name in NAMES
    }


@pytest.fixture(scope="module")
def drawn(titles: Mapping[str, Mapping[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("plots")
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - shap draws from it
    written = draw_plots(all_trained(), titles, directory, Currency("CNY", 2))
    assert np.array_equal(np.random.get_state()[1], before), "left as it was"  # noqa: NPY002
    assert sorted(written) == sorted(directory.iterdir())
    return directory


def _text(path: Path) -> str:
    return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text(encoding="utf-8")))


def test_each_kind_of_model_has_its_plots_in_both_languages(drawn: Path) -> None:
    shap = ("shap", "dependence", "waterfall")
    plots = {"churn_90": ("calibration", "lift", *shap), "growth_180": ("deciles", *shap)}
    plots["loyalty_360"] = ("calibration", *shap)
    expected = {
        f"{key}-{what}.{language}.svg"
        for key, kinds in plots.items()
        for what in kinds
        for language in ("en", "zh")
    }
    assert {path.name for path in drawn.iterdir()} == expected


def test_equal_models_give_equal_files(
    drawn: Path, titles: Mapping[str, Mapping[str, str]], tmp_path: Path
) -> None:
    for path in draw_plots([trained("churn", 90)], titles, tmp_path, Currency("CNY", 2)):
        assert path.read_bytes() == (drawn / path.name).read_bytes()


def test_text_stays_text_and_each_language_keeps_to_itself(drawn: Path) -> None:
    for path in drawn.iterdir():
        is_chinese = ".zh." in path.name
        assert bool(CHINESE.search(_text(path))) == is_chinese, path.name
        content = path.read_text(encoding="utf-8")
        assert "Noto Sans CJK SC" in content
        assert "@font-face" not in content
        assert "<dc:date>" not in content


def test_no_raw_feature_name_is_shown(drawn: Path) -> None:
    for path in (path for what in ("shap", "dependence", "waterfall") for path in drawn.glob(f"*-{what}.*")):
        assert not [name for name in NAMES if name in _text(path) and "_" in name], path.name
    assert "距上次联系" in _text(drawn / "churn_90-shap.zh.svg")


def test_the_axes_say_what_is_counted_and_in_which_unit(
    drawn: Path, titles: Mapping[str, Mapping[str, str]], tmp_path: Path
) -> None:
    assert "10 bins of 150 customers each" in _text(drawn / "churn_90-calibration.en.svg")
    for rule in ("Model", "Recency", "Frequency", "Logistic regression"):
        assert rule in _text(drawn / "churn_90-lift.en.svg")
    assert "Change (CNY)" in _text(drawn / "growth_180-deciles.en.svg")
    draw_plots([trained("growth", 180)], titles, tmp_path)
    assert "Change (smallest units of the currency)" in _text(tmp_path / "growth_180-deciles.en.svg")


def _page(model: TrainedTarget, titles: Mapping[str, Mapping[str, str]]) -> Page:
    return Page(model, Wording("en"), titles, Currency("CNY", 2))


@pytest.mark.parametrize(("target", "horizon"), [("churn", 90), ("growth", 180), ("loyalty", 360)])
def test_the_steps_of_a_waterfall_lead_from_the_base_to_the_margin(
    target: str, horizon: int, titles: Mapping[str, Mapping[str, str]]
) -> None:
    """An amount in CNY: 100 minor units each. The strongest feature is the last step, the weak ones one together."""
    model = trained(target, horizon)
    unit = 100.0 if target == "growth" else 1.0
    start, steps = waterfall_steps(_page(model, titles), 7)
    assert start + sum(size for _, size in steps) == pytest.approx(model.fitted.margin(model.test)[7] / unit)
    assert len(steps) == STEPS + 1
    sizes = [abs(size) for _, size in steps[1:]]
    assert sizes == sorted(sizes)
    assert steps[0][0] == f"{len(model.fitted.features) - STEPS} other features together"


def test_a_waterfall_says_of_whom_and_with_which_values(drawn: Path) -> None:
    """The highest forecast of the test rows, each value in its unit: days, percent, the bank's currency."""
    highest = trained("churn", 90).prediction.max()
    text = _text(drawn / "churn_90-waterfall.en.svg")
    assert f"the highest forecast of all test rows: {highest:.1%}" in text
    assert re.search(r"Time since the last contact: [\d,]+ days", text)
    assert re.search(
        r"highest forecast of all test rows: CNY [\d,]+", _text(drawn / "growth_180-waterfall.en.svg")
    )
    assert not re.search(r"C\d{8}", text), "no customer is named"


def test_rows_without_a_value_stand_apart_in_a_dependence_plot(
    titles: Mapping[str, Mapping[str, str]], tmp_path: Path
) -> None:
    """One in ten has no contact on record. A feature that no row has is drawn as well: every dot stands apart."""
    model = trained("churn", 90)
    values = model.test.values.copy()
    values[:, NAMES.index("txn_active_count_180d")] = np.nan
    gone: TrainedTarget = replace(model, test=replace(model.test, values=values))
    draw_plots([gone], titles, tmp_path)
    assert "none" in _text(tmp_path / "churn_90-dependence.en.svg").split()


def test_lift_is_left_out_where_no_test_row_has_the_event(
    titles: Mapping[str, Mapping[str, str]], tmp_path: Path
) -> None:
    model = trained("churn", 90)
    quiet: TrainedTarget = replace(model, test=replace(model.test, label=np.zeros(len(model.test))))
    names = {path.name for path in draw_plots([quiet], titles, tmp_path)}
    assert "churn_90-calibration.en.svg" in names
    assert not [name for name in names if "lift" in name]


def test_bins_are_those_of_the_calibration_error() -> None:
    """The weighted distances between forecast and outcome add up to the figure in the metrics."""
    model = trained("churn", 90)
    found = curves.bins(model.prediction, model.test.label)
    error = float((np.abs(found.forecast - found.outcome) * found.rows).sum() / found.rows.sum())
    assert error == pytest.approx(model.metrics["ece"], abs=1e-12)


def test_wilson_interval_of_none_among_ten() -> None:
    """Wilson's interval for 0 of 10 at 95%: 0 to 3.8415 / 13.8415 = 0.2775."""
    low, high = curves.Bins(np.array([0.1]), np.array([0.0]), np.array([10])).interval()
    assert (low[0], high[0]) == pytest.approx((0.0, 0.27753), abs=1e-5)


def test_lift_does_not_depend_on_the_order_of_equal_scores() -> None:
    label, score = np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]), np.array([2.0, 2.0, 2.0, 1.0, 1.0, 1.0])
    shares = np.array([0.25, 0.5, 1.0])
    forth = curves.lift_at(label, score, shares)
    back = curves.lift_at(label[::-1], score[::-1], shares)
    assert forth.tolist() == pytest.approx(back.tolist())


def test_lift_of_the_top_tenth_is_that_of_the_metrics() -> None:
    model = trained("churn", 90)
    found = curves.lift_at(model.test.label, model.prediction, np.array([0.1]))
    assert found[0] == pytest.approx(model.metrics["top_decile_lift"], rel=0.02)


def test_a_closing_mark_never_begins_a_line() -> None:
    for width in range(4, 30):
        assert not [line for line in wrap("近一年资产(本行),月均变化", width) if line[0] in ",)"]
