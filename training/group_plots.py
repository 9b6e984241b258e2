"""Pictures of groups: the market matrix, and how other numbers of groups would part the customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from serving.points import TOP
from training.group_figures import Customers, GroupFigures
from training.plot_page import GREY, INK, LIGHT, MODEL_BLUE
from training.svg import new_figure, wrap
from training.wording import Wording

DOTS = 2_000
"""Single customers that the matrix draws at most, evenly spaced: the page stays small."""

ACROSS, UP = "current_contribution", "growth_potential"
_SHADES = (
    24  # as shapes: a colour bar of more is drawn as an image, which the page's security policy does not show
)
_LARGEST = 1_700.0  # area of the largest bubble, in points squared
_SMALL = 15.0  # points across: no room for a number
_PLAIN = "#9db8cf"


@dataclass(frozen=True, eq=False)
class MatrixTexts:
    """What the matrix calls things in one language: itself, factors, groups by number, and what its colour is."""

    title: str
    words: Wording
    factors: Mapping[str, str]
    groups: Mapping[int, str]
    risk: str


def draw_matrix(figures: GroupFigures, customers: Customers, texts: MatrixTexts) -> Figure:
    """Draw current value against potential: groups as bubbles, single customers as dots behind them.

    The darker a bubble, the higher the risk; where no risk is known, all are alike. An empty group is left out.
    """
    words = texts.words
    figure = new_figure(11.5, 7.2)
    axes = figure.add_axes((0.07, 0.09, 0.56, 0.78))
    across, up = (customers.scores[name] for name in (ACROSS, UP))
    rows = drawn_rows(customers)
    axes.plot(across[rows], up[rows], "o", ms=2.2, mfc="#a5a5a5", mec="none", alpha=0.55)
    for name, line in ((ACROSS, axes.axvline), (UP, axes.axhline)):
        line(figures.population[figures.factors.index(name)], color=INK, ls="--", lw=0.8)
    _bubbles(axes, figures)
    axes.set(xlim=(-15, TOP + 15), ylim=(-15, TOP + 15))
    axes.set_xlabel(words("groups.matrix.axis", factor=texts.factors[ACROSS]))
    axes.set_ylabel(words("groups.matrix.axis", factor=texts.factors[UP]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.grid(color=LIGHT, lw=0.6)
    has_risk = bool(np.isfinite(figures.churn).any())
    how = words("groups.matrix.how" if has_risk else "groups.matrix.how_plain")
    put_head(figure, texts.title, how)
    _list_groups(figure, figures, texts)
    if has_risk:
        _colour_bar(figure, figures, words("groups.matrix.risk", label=texts.risk))
    return figure


def drawn_rows(customers: Customers) -> NDArray[np.intp]:
    """Return the places of the customers who are drawn as dots: those in a group, at most `DOTS` of them."""
    there = np.flatnonzero(~np.isnan(customers.group))
    step = -(-len(there) // DOTS) or 1
    return there[::step]


def draw_counts(found: Mapping[int, Mapping[str, float]], chosen: int, title: str, words: Wording) -> Figure:
    """Draw silhouette and stability of each number of groups (`training.groups.compare_counts`)."""
    figure = new_figure(8.0, 4.2)
    axes = figure.add_axes((0.09, 0.14, 0.66, 0.7))
    counts = list(found)
    lines = (("silhouette", MODEL_BLUE, "-", "o"), ("stability", "#9a4d00", "--", "s"))
    for name, colour, dash, mark in lines:
        values = [found[count][name] for count in counts]
        label = words(f"groups.counts.{name}")
        axes.plot(counts, values, color=colour, ls=dash, marker=mark, ms=6, lw=1.8, label=label)
    label = words("groups.counts.policy", count=chosen)
    axes.axvline(chosen, color=GREY, ls=":", lw=1.4, label=label)
    axes.set(xlabel=words("groups.counts.count"), ylabel=words("groups.counts.figure"))
    axes.set_ylim(min(0.0, *(found[count]["silhouette"] for count in counts)), 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color=LIGHT, lw=0.6)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=3)
    put_head(figure, title)
    return figure


def put_head(figure: Figure, title: str, below: str = "") -> None:
    """Put a title, and a line that says how to read the picture, over the whole figure."""
    high = figure.get_figheight()
    figure.text(0.02, 1.0 - 0.28 / high, title, fontsize=12, fontweight="bold")
    figure.text(0.02, 1.0 - 0.52 / high, below, fontsize=9, color="#555555")


def _shades(figures: GroupFigures) -> tuple[Colormap, Normalize]:
    """Return the colours of risk: dark is high, in grey as well."""
    top = float(np.nanmax(figures.churn))
    return mpl.colormaps["cividis_r"].resampled(_SHADES), Normalize(0.0, top if top > 0.0 else 1.0)


def _bubbles(axes: Axes, figures: GroupFigures) -> None:
    """Draw the groups, the large ones first, each with its number in a colour that can be read on it."""
    across, up = figures.row(ACROSS), figures.row(UP)
    most = max(1, int(figures.customers.max()))
    for place in np.argsort(-figures.customers, kind="stable").tolist():
        if not figures.customers[place]:
            continue
        colour = _PLAIN
        if np.isfinite(figures.churn[place]):
            shades, norm = _shades(figures)
            colour = mpl.colors.to_hex(shades(norm(figures.churn[place])))
        wide = float(np.sqrt(_LARGEST * figures.customers[place] / most))
        at = (across[place], up[place])
        axes.plot(*at, "o", ms=wide, mfc=colour, mec="white", mew=1.5, alpha=0.92, clip_on=False)
        light = float(np.dot(mpl.colors.to_rgb(colour), (0.299, 0.587, 0.114)))
        is_small = wide < _SMALL  # then its number stands beside it
        axes.annotate(
            str(figures.numbers[place]), at, xytext=(wide / 2 + 3 if is_small else 0, 0),
            textcoords="offset points", ha="left" if is_small else "center", va="center", fontsize=11,
            fontweight="bold", color="white" if light < 0.55 and not is_small else "black",
        )  # fmt: skip


def _list_groups(figure: Figure, figures: GroupFigures, texts: MatrixTexts) -> None:
    """Say at the right what each number is: name, customers and share."""
    high = figure.get_figheight()
    top = 1.0 - 0.95 / high
    for number, count, share in zip(
        figures.numbers, figures.customers.tolist(), figures.shares.tolist(), strict=True
    ):
        entry = texts.words(
            "groups.matrix.entry", name=texts.groups[number], customers=f"{count:,}", share=f"{share:.1%}"
        )
        lines = [line for part in entry.split("\n") for line in wrap(part, 52)]
        figure.text(0.665, top, str(number), fontsize=10, fontweight="bold", va="baseline")
        for line in lines:
            figure.text(0.69, top, line, fontsize=8.5, va="baseline")
            top -= 0.165 / high
        top -= 0.08 / high


def _colour_bar(figure: Figure, figures: GroupFigures, label: str) -> None:
    shades, norm = _shades(figures)
    place = figure.add_axes((0.69, 0.115, 0.27, 0.022))
    bar = figure.colorbar(ScalarMappable(norm, shades), cax=place, orientation="horizontal")
    bar.ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g}"))
    bar.ax.xaxis.set_major_locator(MaxNLocator(5))
    bar.outline.set_linewidth(0.5)
    bar.set_label(label, fontsize=9)
