"""Pictures of a backtest as SVG text: the headline figure over time, and the lift over all test dates together."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from matplotlib.figure import Figure

from training import curves
from training.backtest import ModelReport
from training.evaluate import MODEL
from training.plots import RULE_STYLES
from training.svg import drawing, new_figure, write_svg
from training.wording import Wording

_COLOUR, _GREY = "#0b5a9c", "#8a8a8a"


def draw_over_time(model: ModelReport, words: Wording) -> str:
    """Draw the headline figure of the model and every rule at each test date, with its interval."""
    title = words("backtest.over_time", figure=words(f"figures.{model.headline}"))
    with drawing(f"{model.key}-over-time"):
        figure = new_figure(10.0, 3.6)
        axes = figure.add_axes((0.065, 0.12, 0.575, 0.76))
        days = list(model.by_date)
        rules = [rule for rule, found in model.mean.table.items() if model.headline in found]
        for place, rule in enumerate(reversed(rules)):
            found = [model.by_date[day].table[rule][model.headline] for day in days]
            value = np.array([each.value for each in found])
            ends = np.array([[each.value - each.low, each.high - each.value] for each in found]).T
            colour, dash = (_COLOUR, "-") if rule == MODEL else RULE_STYLES[rule]
            at = np.arange(len(days)) + (place - (len(rules) - 1) / 2) * 0.07
            axes.errorbar(
                at, value, yerr=ends.clip(min=0), color=colour, ls=dash, lw=2.5 if rule == MODEL else 1.3,
                marker="o", ms=5 if rule == MODEL else 3, capsize=3, elinewidth=1, label=words.rule(rule),
            )  # fmt: skip
        axes.set_xticks(range(len(days)), [str(day) for day in days])
        axes.set_xlim(-0.5, len(days) - 0.5)
        axes.set_title(title, loc="left", fontsize=11)
        axes.grid(axis="y", color="#e5e5e5", lw=0.6)
        handles, names = axes.get_legend_handles_labels()
        axes.legend(handles[::-1], names[::-1], loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=3)
        return as_text(figure, title)


def draw_lift(model: ModelReport, words: Wording) -> str:
    """Draw how much more often the event is met than by chance, by the share of customers taken at each date."""
    title = words("backtest.lift")
    shares = np.linspace(0.01, 1.0, 100)
    with drawing(f"{model.key}-lift"):
        figure = new_figure(10.0, 3.6)
        axes = figure.add_axes((0.065, 0.15, 0.575, 0.73))
        for rule in reversed([rule for rule in model.mean.table if model.headline in model.mean.table[rule]]):
            lifts = [
                curves.lift_at(origin.test.label, origin.scores[rule], shares)
                for origin in model.origins
                if origin.test.label.any() and rule in origin.scores
            ]
            if not lifts:
                continue
            colour, dash = (_COLOUR, "-") if rule == MODEL else RULE_STYLES[rule]
            axes.plot(
                shares, np.mean(lifts, axis=0), color=colour, ls=dash, lw=2.5 if rule == MODEL else 1.3,
                label=words.rule(rule),
            )  # fmt: skip
        axes.axhline(1.0, color=_GREY, lw=0.8)
        axes.set(xlim=(0.0, 1.0), ylim=(0.0, None))
        axes.set_xlabel(words("plots.lift.share"), fontsize=9)
        axes.set_title(title, loc="left", fontsize=11)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        axes.grid(color="#e5e5e5", lw=0.6)
        handles, names = axes.get_legend_handles_labels()
        axes.legend(handles[::-1], names[::-1], loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=3)
        return as_text(figure, title)


def as_text(figure: Figure, title: str) -> str:
    """Return the figure as an element that can stand in a page."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "figure.svg"
        write_svg(figure, path, title)
        text = path.read_text(encoding="utf-8")
    return re.sub(r"^.*?(?=<svg)", "", text, flags=re.DOTALL)
