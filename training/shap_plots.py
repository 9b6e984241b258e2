"""Why a model says what it says: the effects of features, as the served tables have them.

`shap` is the beeswarm: the strongest features, a dot per customer. `dependence` shows how the strongest of them act
over their values, `waterfall` how one customer's forecast comes about.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from serving.tables import explain_numba
from training.plot_page import GREY, INK, LIGHT, MODEL_BLUE, Page, percent, whole
from training.run import TrainedTarget
from training.svg import label_rows, new_figure, wrap

SHAP_ROWS, SHAP_FEATURES = 2_000, 12
PANELS, STEPS = 4, 10
"""Features of the dependence plot; and of the waterfall, whose other features make one step together."""

_DOWN = "#b25e00"
FloatArray = NDArray[np.float64]


def _shap(page: Page) -> tuple[Figure, str]:
    """Effects of the strongest features, a dot per row; the effects are those of the served tables."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=PendingDeprecationWarning)  # until shap > 0.51
        from shap import Explanation
        from shap.plots import beeswarm

    model, words = page.model, page.words
    effects, values, names = _strongest(model, SHAP_FEATURES)
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
        axes.xaxis.set_major_formatter(FuncFormatter(percent))
    bar = figure.axes[-1]
    bar.set_position((0.925, place[1], 0.012, place[3]))
    bar.set_yticks([0, 1], [words("plots.shap.low"), words("plots.shap.high")], fontsize=9)
    bar.set_ylabel(words("plots.shap.value"), fontsize=9, labelpad=-8)
    label_rows(axes, [page.title(name) for name in reversed(names)], 40)
    axes.tick_params("x", labelsize=9)
    axes.tick_params("y", length=0)
    axes.set_xlabel(words(f"plots.shap.effect.{model.fitted.kind}"), fontsize=10)
    return figure, page.head(axes, "shap")


def _strongest(model: TrainedTarget, count: int) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    """Effects and values of the features with the largest mean absolute effect, on evenly picked test rows.

    Effects in units of the margin; of an amount, in shares of the row's scale, so that the richest customers
    do not hide the others.
    """
    features = model.fitted.features
    columns = [model.test.names.index(name) for name in features]
    rows = np.unique(np.linspace(0, len(model.test) - 1, SHAP_ROWS).astype(np.intp))
    values = np.ascontiguousarray(model.test.values[rows][:, columns])
    effects, _ = explain_numba(model.fitted.compiled, values)
    order = np.argsort(-np.abs(effects).mean(axis=0), kind="stable")[:count]
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


def _dependence(page: Page) -> tuple[Figure, str]:
    """The strongest features, a panel each: value across, effect up, a dot per row; rows without a value at the left.

    The outermost hundredths of the values are left out: one rich customer would press all others together.
    """
    model, words = page.model, page.words
    effects, values, names = _strongest(model, PANELS)
    figure = new_figure(8.6, 7.0)
    places = [(0.1 + 0.48 * (number % 2), 0.545 - 0.445 * (number // 2)) for number in range(len(names))]
    room = 0.05 * float(np.ptp(effects)) or 1.0
    for number, (name, place) in enumerate(zip(names, places, strict=True)):
        axes = figure.add_axes((*place, 0.4, 0.315))
        _panel(axes, page, name, values[:, number], effects[:, number])
        axes.set_ylim(effects.min() - room, effects.max() + room)
        axes.set_title("\n".join(wrap(page.title(name), 44)), fontsize=9, loc="left")
        if model.fitted.kind == "amount":
            axes.yaxis.set_major_formatter(FuncFormatter(percent))
    for bottom in {bottom for _, bottom in places}:
        label = "\n".join(wrap(words(f"plots.shap.effect.{model.fitted.kind}"), 34))
        figure.text(0.012, bottom + 0.158, label, rotation=90, va="center", fontsize=9)
    figure.text(0.1, 0.02, words("plots.dependence.values"), fontsize=9, color="#555555")
    return figure, page.head(figure, "dependence")


def _panel(axes: Axes, page: Page, name: str, value: FloatArray, effect: FloatArray) -> None:
    is_known = ~np.isnan(value)
    low, high = np.quantile(value[is_known], [0.01, 0.99]) if is_known.any() else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    width = high - low
    dots: dict[str, Any] = {"s": 9, "alpha": 0.4, "linewidths": 0, "rasterized": True}
    shown = is_known & (value >= low) & (value <= high)
    axes.scatter(value[shown], effect[shown], color=MODEL_BLUE, **dots)
    left = low - 0.04 * width
    ticks = [tick for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high]
    labels = [page.value(name, tick) for tick in ticks]
    if not is_known.all():
        gap = low - 0.12 * width
        spread = np.linspace(-0.02, 0.02, int((~is_known).sum())) * width
        axes.scatter(gap + spread, effect[~is_known], color=GREY, **dots)
        axes.axvline(low - 0.06 * width, color=GREY, lw=0.6, ls=":")
        ticks, labels = [gap, *ticks], [page.words("plots.dependence.none"), *labels]
        left = low - 0.18 * width
    axes.axhline(0.0, color=INK, lw=0.8)
    axes.set_xlim(left, high + 0.04 * width)
    axes.set_xticks(ticks, labels, fontsize=8)
    axes.tick_params("y", labelsize=8)
    axes.grid(axis="y", color=LIGHT, lw=0.6)


def _waterfall(page: Page) -> tuple[Figure, str]:
    """How the highest forecast comes about: from what is expected of everybody, one feature after the other."""
    model, words = page.model, page.words
    row = int(model.prediction.argmax())
    start, steps = waterfall_steps(page, row)
    ends = start + np.cumsum([size for _, size in steps])
    begins = np.append(start, ends[:-1])
    is_amount = model.fitted.kind == "amount"
    height = 1.7 + 0.38 * len(steps)
    figure = new_figure(8.6, height)
    axes = figure.add_axes((0.46, 0.75 / height, 0.5, 0.38 * len(steps) / height))
    for place, (begin, (_, size)) in enumerate(zip(begins, steps, strict=True)):
        axes.barh(place, size, left=begin, height=0.7, color=MODEL_BLUE if size > 0 else _DOWN)
        axes.annotate(f"{size:+,.0f}" if is_amount else f"{size:+.2f}", (max(begin, begin + size), place),
                      xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)  # fmt: skip
    axes.vlines(
        ends[:-1], np.arange(len(ends) - 1) - 0.35, np.arange(1, len(ends)) + 0.35, color=GREY, lw=0.7
    )
    axes.axvline(start, color=GREY, lw=0.8, ls="--")
    axes.set_ylim(-0.7, len(steps) - 0.3)
    low, high = min(start, ends.min()), max(start, ends.max())
    axes.set_xlim(low - 0.04 * (high - low), high + 0.16 * (high - low))
    if is_amount:
        axes.xaxis.set_major_formatter(FuncFormatter(whole))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    label_rows(axes, [label for label, _ in steps], 52)
    axes.tick_params("x", labelsize=9)
    axes.tick_params("y", length=0)
    forecast = page.amount(model.prediction[row]) if is_amount else f"{model.prediction[row]:.1%}"
    axes.set_xlabel(words(f"plots.waterfall.margin.{model.fitted.kind}", unit=page.amount_unit), fontsize=10)
    figure.text(0.02, 0.12 / height, words("plots.waterfall.forecast", forecast=forecast), fontsize=9)
    return figure, page.head(figure, "waterfall")


def waterfall_steps(page: Page, row: int) -> tuple[float, list[tuple[str, float]]]:
    """Return where one test row's margin starts, and what each step adds: the weak together, the strongest last.

    Log-odds, or major units of the currency for an amount.
    """
    model = page.model
    fitted, test = model.fitted, model.test.where(np.arange(len(model.test)) == row)
    values = np.ascontiguousarray(test.values[:, [test.names.index(name) for name in fitted.features]])
    found, _ = explain_numba(fitted.compiled, values)
    unit = 1.0 if fitted.scale is None else float(fitted.scale.of(test)[0]) / page.currency.unit
    effects = found[0] * unit
    order = np.argsort(-np.abs(effects), kind="stable")
    strong, weak = order[:STEPS], order[STEPS:]
    steps = []
    if len(weak):
        label = page.words("plots.waterfall.others", count=len(weak))
        steps.append((label, float(effects[weak].sum())))
    for place in reversed(strong):
        name, value = fitted.features[place], float(values[0, place])
        shown = page.words("plots.dependence.none") if np.isnan(value) else page.value(name, value)
        steps.append((f"{page.title(name)}: {shown}", float(effects[place])))
    return float(fitted.compiled.base) * unit, steps


SHAP_PLOTS: tuple[tuple[str, Callable[[Page], tuple[Figure, str]]], ...] = (
    ("shap", _shap),
    ("dependence", _dependence),
    ("waterfall", _waterfall),
)
