"""Pictures of the definition lab as SVG text: rates over time, false alarms and lead times, overlaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
from matplotlib.axes import Axes

from features.policy.lab import LabLimits
from training.backtest_plots import as_text
from training.lab_figures import Finding, Overlap
from training.svg import drawing, label_rows, new_figure, wrap
from training.wording import Wording

_COLOUR, _INK, _GREY = "#0b5a9c", "#222222", "#8a8a8a"
_LINES = (
    (_COLOUR, "-", "o"), ("#9a4d00", "-.", "s"), (_INK, "--", "^"), ("#4d7a29", ":", "D"), (_GREY, "-", "v"),
    ("#7a2d6b", "--", "P"), ("#00708a", "-.", "X"),
)  # fmt: skip
"""Told apart without colour: by dash and mark."""


def draw_rates(name: str, findings: Mapping[str, Finding], days: Sequence[date], words: Wording) -> str:
    """Draw the base rate of some definitions, by their labels, at each as_of."""
    title = words("lab.plots.rates")
    with drawing(f"{name}-rates-{words.language}"):
        figure = new_figure(11.0, 3.4)
        axes = figure.add_axes((0.06, 0.2, 0.56, 0.68))
        for (label, finding), (colour, dash, mark) in zip(findings.items(), _LINES * 9, strict=False):
            shares = [np.nan if rate.share is None else rate.share for rate in finding.rates]
            axes.plot(
                range(len(days)), shares, color=colour, ls=dash, marker=mark, ms=4, lw=1.6,
                label="\n".join(wrap(label, 44)),
            )  # fmt: skip
        axes.set_xticks(
            range(len(days)), [f"{day:%Y-%m}" for day in days], rotation=45, ha="right", fontsize=8
        )
        axes.set_xlim(-0.5, len(days) - 0.5)
        axes.set_ylim(0.0, None)
        axes.yaxis.set_major_formatter(_percent)
        axes.set_title(title, loc="left", fontsize=11)
        axes.grid(axis="y", color="#e5e5e5", lw=0.6)
        axes.legend(
            loc="upper left", bbox_to_anchor=(1.0, 1.05), handlelength=3, fontsize=8, labelspacing=0.7
        )
        return as_text(figure, title)


def draw_signs(
    name: str, findings: Mapping[str, Finding], limits: LabLimits, gap: int, words: Wording
) -> str:
    """Draw, per definition, the share of false alarms beside its limit, and the lead times beside the gap.

    What was measured on fewer customers than policy asks for is left empty.
    """
    labels = list(findings)
    with drawing(f"{name}-signs-{words.language}"):
        lines = max(len(wrap(label, 52)) for label in labels)
        figure = new_figure(11.0, 0.9 + (0.14 + 0.14 * lines) * len(labels))
        high = figure.get_figheight()
        bottom, height = 0.42 / high, 1 - 0.85 / high
        alarms = figure.add_axes((0.36, bottom, 0.27, height))
        leads = figure.add_axes((0.69, bottom, 0.29, height))
        for row, finding in enumerate(findings.values()):
            _alarm_bar(alarms, row, finding, limits)
            _lead_bar(leads, row, finding, limits)
        alarms.axvline(limits.false_alarms, color=_INK, ls="--", lw=1)
        leads.axvline(gap, color=_INK, ls="--", lw=1)
        alarms.set_xlim(0.0, 1.0)
        alarms.xaxis.set_major_formatter(_percent)
        longest = max(day for finding in findings.values() for day in finding.lead.counts)
        leads.set_xlim(-0.03 * longest, 1.03 * longest)
        leads.set_xticks(range(0, longest + 1, max(1, longest // 6)))
        for axes, what in ((alarms, "alarms"), (leads, "lead")):
            axes.set_ylim(len(labels) - 0.5, -0.5)
            axes.set_title(words(f"lab.plots.{what}"), loc="left", fontsize=9)
            axes.grid(axis="x", color="#e5e5e5", lw=0.6)
        label_rows(alarms, labels, 52)
        leads.set_yticks(range(len(labels)), [""] * len(labels))
        return as_text(figure, f"{words('lab.plots.alarms')}; {words('lab.plots.lead')}")


def _alarm_bar(axes: Axes, row: int, finding: Finding, limits: LabLimits) -> None:
    share = finding.alarms.share
    if share is None or finding.alarms.followed < limits.least_events:
        return
    axes.barh(row, share, height=0.55, color="#9db8cf", edgecolor=_COLOUR)
    axes.annotate(
        f"{100 * share:.1f}%",
        (share, row),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
    )


def _lead_bar(axes: Axes, row: int, finding: Finding, limits: LabLimits) -> None:
    lead = finding.lead
    low, middle, high = (lead.quantile(share) for share in (0.25, 0.5, 0.75))
    if low is None or middle is None or high is None or lead.judged < limits.least_events:
        return
    axes.hlines(row, low, high, color="#9db8cf", lw=7)
    axes.plot(middle, row, "o", color=_COLOUR, ms=6)


def draw_overlap(names: Mapping[str, str], overlaps: Sequence[Overlap], words: Wording) -> str:
    """Draw the Jaccard index of every two definitions as a triangle; `names`: what each key is called, in order."""
    title = words("lab.plots.overlap")
    place = {key: number for number, key in enumerate(names)}
    size = len(names)
    values = np.full((size, size), np.nan)
    for each in overlaps:
        if each.jaccard is not None:
            low, high = sorted((place[each.first.key], place[each.second.key]))
            values[high, low] = each.jaccard
    with drawing(f"overlap-{words.language}"):
        figure = new_figure(11.0, 0.9 + 0.42 * size)
        high_inches = figure.get_figheight()
        axes = figure.add_axes((0.44, 0.35 / high_inches, 0.54, 1 - 0.85 / high_inches))
        edges = np.arange(size + 1) - 0.5  # drawn as shapes: the page's security policy shows no image
        axes.pcolormesh(edges, edges, values, cmap="Blues", vmin=0.0, vmax=1.8)
        axes.set_xlim(-0.5, size - 1.5)
        axes.set_ylim(size - 0.5, -0.5)
        for row in range(size):
            for column in range(row):
                value = values[row, column]
                text = "–" if np.isnan(value) else f"{100 * value:.1f}%"
                axes.text(column, row, text, ha="center", va="center", fontsize=8)
        label_rows(axes, [f"{row + 1} · {name}" for row, name in enumerate(names.values())], 62)
        axes.set_xticks(range(size - 1), [str(column + 1) for column in range(size - 1)])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_title(title, loc="left", fontsize=11, x=-0.8)
        return as_text(figure, title)


def _percent(value: float, _: object) -> str:
    return f"{100 * value:.3g}%"
