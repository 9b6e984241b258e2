"""Plots of trained models on rows they have not seen, in English and Chinese."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from serving.tables import explain_numba
from training import curves
from training.recipe import Kind
from training.run import TrainedTarget
from training.svg import drawing, label_rows, new_figure, write_svg
from training.wording import LANGUAGES, Wording

SHAP_ROWS, SHAP_FEATURES = 2_000, 12
_MODEL, _INK, _GREY = "#0b5a9c", "#222222", "#8a8a8a"
_TITLE: Mapping[str, Any] = {"fontsize": 12, "fontweight": "bold"}
_SUBTITLE: Mapping[str, Any] = {"fontsize": 9, "color": "#555555"}
RULE_STYLES: Mapping[str, tuple[str, Any]] = {  # told apart without colour: by dash, and dark from light
    "logistic": ("#9a4d00", "-."),
    "recency": (_INK, "--"),
    "frequency": (_INK, ":"),
    "last_value": (_GREY, "--"),
    "lifetimes": ("#4d7a29", (0, (5, 1, 1, 1, 1, 1))),
}

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Currency:
    """How amounts stand on axes: in major units of `decimals` decimals; as they are where no code is known."""

    code: str = ""
    decimals: int = 0


@dataclass(frozen=True, eq=False)
class _Page:
    """One plot to be drawn: the model, in which words, and where its title and texts come from."""

    model: TrainedTarget
    words: Wording
    titles: Mapping[str, Mapping[str, str]]
    currency: Currency

    def head(self, axes: Axes, what: str) -> str:
        """Put title and subtitle over the axes; return the title."""
        words, model = self.words, self.model
        title = (
            f"{words.model(model.schedule.target, model.schedule.horizon)}: {words(f'plots.{what}.title')}"
        )
        tested = words(f"plots.{model.validation}", day=model.schedule.test, rows=f"{len(model.test):,}")
        for text, above, style in ((title, 24, _TITLE), (tested, 9, _SUBTITLE)):
            axes.annotate(text, (0.0, 1.0), xycoords="axes fraction", xytext=(0, above),
                          textcoords="offset points", **style)  # fmt: skip
        return title


def draw_plots(
    trained: Sequence[TrainedTarget],
    titles: Mapping[str, Mapping[str, str]],
    out_dir: Path,
    currency: Currency = Currency(),
) -> tuple[Path, ...]:
    """Draw every model's plots, each once per language: `<key>-<what>.<language>.svg`.

    `calibration` and `lift` for probabilities, `calibration` for shares, `deciles` for amounts, `shap` for all.
    Lift is left out where the test rows hold no event, or nothing else.

    Parameters
    ----------
    titles
        What each feature is called: name -> {"en": ..., "zh": ...}.
    currency
        What amounts are shown in; minor units where it is not given.

    Returns
    -------
    The files written.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    written = []
    for model in trained:
        for what, draw in _PLOTS[model.fitted.kind]:
            if what == "lift" and model.test.label.min() == model.test.label.max():
                continue
            for language in LANGUAGES:
                path = out_dir / f"{model.key}-{what}.{language}.svg"
                with drawing(f"{model.key}-{what}"):
                    figure, title = draw(_Page(model, Wording(language), titles, currency))
                    write_svg(figure, path, title)
                written.append(path)
    return tuple(written)


def _calibration(page: _Page) -> tuple[Figure, str]:
    """Mean outcome against mean forecast, in bins of equally many rows; below, how the forecasts lie."""
    model, words = page.model, page.words
    found = curves.bins(model.prediction, model.test.label)
    low, high = found.interval()
    figure = new_figure(6.4, 6.4)
    axes = figure.add_axes((0.13, 0.33, 0.83, 0.55))
    below = figure.add_axes((0.13, 0.1, 0.83, 0.15), sharex=axes)
    ends = (min(model.prediction.min(), low.min()), max(model.prediction.max(), high.max()))
    room = 0.04 * (ends[1] - ends[0])
    limits = (max(0.0, ends[0] - room), min(1.0, ends[1] + room))
    axes.plot(limits, limits, color=_GREY, ls="--", lw=1, label=words("plots.calibration.exact"))
    label = words("plots.calibration.bins", bins=len(found.rows), rows=curves.counted(found.rows))
    axes.errorbar(
        found.forecast, found.outcome, yerr=(found.outcome - low, high - found.outcome), color=_MODEL, marker="o",
        ms=5, lw=1, elinewidth=1, capsize=3, label=label,
    )  # fmt: skip
    axes.set(xlim=limits, ylim=limits, ylabel=words(f"plots.calibration.outcome.{model.fitted.kind}"))
    axes.legend(loc="upper left")
    bars = np.linspace(*limits, 41).tolist()
    below.hist(model.prediction, bins=bars, color="#b9c9d8", edgecolor=_INK, linewidth=0.5)
    below.set(xlabel=words(f"plots.calibration.forecast.{model.fitted.kind}"), ylabel=words("plots.rows"))
    below.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    below.yaxis.set_major_formatter(FuncFormatter(_whole))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(_percent))
    axes.grid(color="#e5e5e5", lw=0.6)
    return figure, page.head(axes, "calibration")


def _percent(value: float, _: object) -> str:
    return f"{100 * value:.10g}%"


def _whole(value: float, _: object) -> str:
    return f"{value:,.0f}"


def _lift(page: _Page) -> tuple[Figure, str]:
    """How much more often the event is met than by chance, by the share of customers taken."""
    model, words = page.model, page.words
    label = model.test.label
    shares = np.linspace(0.01, 1.0, 100)
    figure = new_figure(8.2, 5.0)
    axes = figure.add_axes((0.085, 0.12, 0.64, 0.73))
    for rule, score in model.simple.items():
        colour, dash = RULE_STYLES[rule]
        axes.plot(
            shares,
            curves.lift_at(label, score, shares),
            color=colour,
            ls=dash,
            lw=1.5,
            label=words.rule(rule),
        )
    times = curves.lift_at(label, model.prediction, shares)
    axes.plot(shares, times, color=_MODEL, lw=2.5, label=words("rules.model"))
    axes.axhline(1.0, color=_GREY, lw=0.8, label=words("plots.lift.chance"))
    axes.set(
        xlim=(0.0, 1.0), ylim=(0.0, None), xlabel=words("plots.lift.share"), ylabel=words("plots.lift.times")
    )
    axes.xaxis.set_major_formatter(FuncFormatter(_percent))
    axes.grid(color="#e5e5e5", lw=0.6)
    handles, names = axes.get_legend_handles_labels()
    order = [len(names) - 2, *range(len(names) - 2), len(names) - 1]
    axes.legend([handles[i] for i in order], [names[i] for i in order], loc="upper left", bbox_to_anchor=(1.0, 1.0),
                handlelength=3)  # fmt: skip
    return figure, page.head(axes, "lift")


def _deciles(page: _Page) -> tuple[Figure, str]:
    """Mean expected change and its interval beside the realised change, by tenths of the customers."""
    model, words = page.model, page.words
    scale, interval = model.fitted.scale, model.fitted.interval
    assert scale is not None
    assert interval is not None
    unit = 10.0**page.currency.decimals if page.currency.code else 1.0
    size, expected = scale.of(model.test) / unit, model.prediction / unit
    found = curves.deciles(expected, expected + size * interval[0], expected + size * interval[1],
                           model.test.label / unit)  # fmt: skip
    place = np.arange(1, len(found.rows) + 1)
    figure = new_figure(6.8, 5.6)
    axes = figure.add_axes((0.14, 0.26, 0.83, 0.61))
    axes.axhline(0.0, color=_INK, lw=0.8)
    share = words("plots.deciles.interval", share=f"{model.metrics['coverage']:.0%}")
    axes.vlines(place - 0.12, found.low, found.high, color="#9db8cf", lw=7, label=share)
    axes.plot(place - 0.12, found.expected, "o", color=_MODEL, ms=6, label=words("plots.deciles.expected"))
    axes.plot(
        place + 0.14, found.realised, "D", mfc="white", mec=_INK, ms=6, label=words("plots.deciles.realised")
    )
    code = page.currency.code or words("plots.minor_units")
    axes.set(
        xlabel=words("plots.deciles.tenths", rows=curves.counted(found.rows)),
        ylabel=words("plots.deciles.change", unit=code),
    )
    axes.set_xticks(place)
    axes.yaxis.set_major_formatter(FuncFormatter(_whole))
    axes.grid(axis="y", color="#e5e5e5", lw=0.6)
    axes.legend(loc="upper left", bbox_to_anchor=(0.0, -0.15))
    return figure, page.head(axes, "deciles")


def _shap(page: _Page) -> tuple[Figure, str]:
    """Effects of the strongest features, a dot per row; the effects are those of the served tables."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=PendingDeprecationWarning)  # until shap > 0.51
        from shap import Explanation
        from shap.plots import beeswarm

    model, words = page.model, page.words
    effects, values, names = _strongest(model)
    size = len(names)
    height = 1.4 + 0.38 * size
    place = (0.36, 0.6 / height, 0.54, 0.38 * size / height)
    figure = new_figure(8.6, height)
    axes = figure.add_axes(place)
    colours = LinearSegmentedColormap.from_list("dark to bright", ["#0a2a5e", "#2f78b7", "#f2b134"])
    explanation = Explanation(effects, data=values, feature_names=list(names))
    with _fixed_jitter(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="All-NaN", category=RuntimeWarning)
        beeswarm(explanation, max_display=size, order=np.arange(size), color=colours, ax=axes, show=False,
                 plot_size=None, s=9, color_bar_label="")  # fmt: skip
    axes.set_position(place)
    axes.set_ylim(-0.7, size - 0.3)
    if model.fitted.kind == "amount":
        axes.xaxis.set_major_formatter(FuncFormatter(_percent))
    bar = figure.axes[-1]
    bar.set_position((0.925, place[1], 0.012, place[3]))
    bar.set_yticks([0, 1], [words("plots.shap.low"), words("plots.shap.high")], fontsize=9)
    bar.set_ylabel(words("plots.shap.value"), fontsize=9, labelpad=-8)
    label_rows(axes, [page.titles[name][words.language] for name in reversed(names)], 40)
    axes.tick_params("x", labelsize=9)
    axes.tick_params("y", length=0)
    axes.set_xlabel(words(f"plots.shap.effect.{model.fitted.kind}"), fontsize=10)
    return figure, page.head(axes, "shap")


def _strongest(model: TrainedTarget) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    """Effects and values of the features with the largest mean absolute effect, on evenly picked test rows.

    Effects in units of the margin; of an amount, in shares of the row's scale, so that the richest customers
    do not hide the others.
    """
    features = model.fitted.features
    columns = [model.test.names.index(name) for name in features]
    rows = np.unique(np.linspace(0, len(model.test) - 1, SHAP_ROWS).astype(np.intp))
    values = np.ascontiguousarray(model.test.values[rows][:, columns])
    effects, _ = explain_numba(model.fitted.compiled, values)
    order = np.argsort(-np.abs(effects).mean(axis=0), kind="stable")[:SHAP_FEATURES]
    return effects[:, order], values[:, order], tuple(features[place] for place in order)


@contextmanager
def _fixed_jitter() -> Iterator[None]:
    """Let shap shuffle its dots the same way every time: it draws from NumPy's global generator."""
    before = np.random.get_state()  # noqa: NPY002 - shap takes no generator
    np.random.seed(0)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


_PLOTS: Mapping[Kind, tuple[tuple[str, Callable[[_Page], tuple[Figure, str]]], ...]] = {
    "probability": (("calibration", _calibration), ("lift", _lift), ("shap", _shap)),
    "share": (("calibration", _calibration), ("shap", _shap)),
    "amount": (("deciles", _deciles), ("shap", _shap)),
}
