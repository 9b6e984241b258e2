"""Plots of trained models on rows they have not seen, in English and Chinese."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from training import curves
from training.plot_page import GREY, INK, LIGHT, MINOR_UNITS, MODEL_BLUE, Page, percent, whole
from training.plot_page import Currency as Currency
from training.recipe import Kind
from training.run import TrainedTarget
from training.shap_plots import SHAP_PLOTS
from training.svg import drawing, new_figure, write_svg
from training.wording import LANGUAGES, Wording

RULE_STYLES: Mapping[str, tuple[str, Any]] = {  # told apart without colour: by dash, and dark from light
    "logistic": ("#9a4d00", "-."),
    "recency": (INK, "--"),
    "frequency": (INK, ":"),
    "last_value": (GREY, "--"),
    "lifetimes": ("#4d7a29", (0, (5, 1, 1, 1, 1, 1))),
}

FloatArray = NDArray[np.float64]


def draw_plots(
    trained: Sequence[TrainedTarget],
    titles: Mapping[str, Mapping[str, str]],
    out_dir: Path,
    currency: Currency = MINOR_UNITS,
) -> tuple[Path, ...]:
    """Draw every model's plots, each once per language: `<key>-<what>.<language>.svg`.

    `calibration` and `lift` for probabilities, `calibration` for shares, `deciles` for amounts; `shap`,
    `dependence` and `waterfall` for all.
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
                    figure, title = draw(Page(model, Wording(language), titles, currency))
                    write_svg(figure, path, title)
                written.append(path)
    return tuple(written)


def _calibration(page: Page) -> tuple[Figure, str]:
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
    axes.plot(limits, limits, color=GREY, ls="--", lw=1, label=words("plots.calibration.exact"))
    label = words("plots.calibration.bins", bins=len(found.rows), rows=curves.counted(found.rows))
    axes.errorbar(
        found.forecast, found.outcome, yerr=(found.outcome - low, high - found.outcome), color=MODEL_BLUE, marker="o",
        ms=5, lw=1, elinewidth=1, capsize=3, label=label,
    )  # fmt: skip
    axes.set(xlim=limits, ylim=limits, ylabel=words(f"plots.calibration.outcome.{model.fitted.kind}"))
    axes.legend(loc="upper left")
    bars = np.linspace(*limits, 41).tolist()
    below.hist(model.prediction, bins=bars, color="#b9c9d8", edgecolor=INK, linewidth=0.5)
    below.set(xlabel=words(f"plots.calibration.forecast.{model.fitted.kind}"), ylabel=words("plots.rows"))
    below.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    below.yaxis.set_major_formatter(FuncFormatter(whole))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(percent))
    axes.grid(color=LIGHT, lw=0.6)
    return figure, page.head(axes, "calibration")


def _lift(page: Page) -> tuple[Figure, str]:
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
    axes.plot(shares, times, color=MODEL_BLUE, lw=2.5, label=words("rules.model"))
    axes.axhline(1.0, color=GREY, lw=0.8, label=words("plots.lift.chance"))
    axes.set(
        xlim=(0.0, 1.0), ylim=(0.0, None), xlabel=words("plots.lift.share"), ylabel=words("plots.lift.times")
    )
    axes.xaxis.set_major_formatter(FuncFormatter(percent))
    axes.grid(color=LIGHT, lw=0.6)
    handles, names = axes.get_legend_handles_labels()
    order = [len(names) - 2, *range(len(names) - 2), len(names) - 1]
    axes.legend([handles[i] for i in order], [names[i] for i in order], loc="upper left", bbox_to_anchor=(1.0, 1.0),
                handlelength=3)  # fmt: skip
    return figure, page.head(axes, "lift")


def _deciles(page: Page) -> tuple[Figure, str]:
    """Mean expected change and its interval beside the realised change, by tenths of the customers."""
    model, words = page.model, page.words
    scale, interval = model.fitted.scale, model.fitted.interval
    assert scale is not None
    assert interval is not None
    unit = page.currency.unit
    size, expected = scale.of(model.test) / unit, model.prediction / unit
    found = curves.deciles(expected, expected + size * interval[0], expected + size * interval[1],
                           model.test.label / unit)  # fmt: skip
    place = np.arange(1, len(found.rows) + 1)
    figure = new_figure(6.8, 5.6)
    axes = figure.add_axes((0.14, 0.26, 0.83, 0.61))
    axes.axhline(0.0, color=INK, lw=0.8)
    share = words("plots.deciles.interval", share=f"{model.metrics['coverage']:.0%}")
    axes.vlines(place - 0.12, found.low, found.high, color="#9db8cf", lw=7, label=share)
    axes.plot(
        place - 0.12, found.expected, "o", color=MODEL_BLUE, ms=6, label=words("plots.deciles.expected")
    )
    axes.plot(
        place + 0.14, found.realised, "D", mfc="white", mec=INK, ms=6, label=words("plots.deciles.realised")
    )
    axes.set(
        xlabel=words("plots.deciles.tenths", rows=curves.counted(found.rows)),
        ylabel=words("plots.deciles.change", unit=page.amount_unit),
    )
    axes.set_xticks(place)
    axes.yaxis.set_major_formatter(FuncFormatter(whole))
    axes.grid(axis="y", color=LIGHT, lw=0.6)
    axes.legend(loc="upper left", bbox_to_anchor=(0.0, -0.15))
    return figure, page.head(axes, "deciles")


_PLOTS: Mapping[Kind, tuple[tuple[str, Callable[[Page], tuple[Figure, str]]], ...]] = {
    "probability": (("calibration", _calibration), ("lift", _lift), *SHAP_PLOTS),
    "share": (("calibration", _calibration), *SHAP_PLOTS),
    "amount": (("deciles", _deciles), *SHAP_PLOTS),
}
