"""Pictures of value: how far contribution comes from few, and how customers move between tiers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter

from training.concentration import Concentration
from training.group_plots import put_head
from training.moves import Moves, State
from training.plot_page import GREY, INK, LIGHT, MODEL_BLUE, percent
from training.svg import new_figure
from training.wording import Wording

_KINDS: dict[str, dict[str, Any]] = {  # told apart without colour: light, dark, hatched, striped
    "stay": {"fc": "#e3e7ea", "ec": "#c3cad0"},
    "up": {"fc": MODEL_BLUE, "ec": MODEL_BLUE},
    "down": {"fc": "#f3d9b8", "ec": "#9a4d00", "hatch": "////"},
    "other": {"fc": "white", "ec": GREY, "hatch": "||"},
}
_GAP = 0.05  # between two states, as a share of all customers
_BAR = 0.02
_LEFT, _RIGHT = 0.3, 0.7


def draw_concentration(found: Concentration, title: str, words: Wording) -> Figure:
    """Draw what the highest customers bring together, beside the 80-20 rule and an even book.

    Raises
    ------
    ValueError
        All together bring nothing or less: there are no shares.
    """
    if not found.can_share:
        raise ValueError("expected a total above 0")
    figure = new_figure(8.0, 5.6)
    axes = figure.add_axes((0.1, 0.11, 0.85, 0.77))
    customers, brought = found.curve()
    axes.plot(customers, brought, color=MODEL_BLUE, lw=2.4, label=words("groups.value.curve"))
    axes.plot((0.0, 1.0), (0.0, 1.0), color=GREY, ls="--", lw=1, label=words("groups.value.equal"))
    axes.plot(0.2, 0.8, "D", mfc="white", mec=INK, ms=7, ls="none", label=words("groups.value.rule"))
    share = found.fifth_share
    at = found.fifth / found.customers
    axes.plot((at, at, 0.0), (0.0, share, share), color=INK, ls=":", lw=1)
    axes.plot(at, share, "o", color=MODEL_BLUE, ms=7)
    axes.annotate(
        words("groups.value.here", share=f"{share:.1%}"), (at, share), xytext=(12, -14),
        textcoords="offset points", fontsize=10, va="top",
    )  # fmt: skip
    top = max(1.0, float(brought.max()))
    if top > 1.0:
        axes.axhline(1.0, color=GREY, lw=0.8)
    axes.set(xlim=(0.0, 1.0), ylim=(0.0, 1.05 * top))
    axes.set(xlabel=words("groups.value.across"), ylabel=words("groups.value.up"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(percent))
    axes.grid(color=LIGHT, lw=0.6)
    axes.legend(loc="lower right")
    put_head(figure, title)
    return figure


@dataclass(frozen=True)
class _Ribbon:
    """Customers from one state to another: where it leaves at the left and arrives at the right, and how thick."""

    kind: str
    leaves: float
    arrives: float
    customers: int


def draw_moves(moves: Moves[State], names: Sequence[str], title: str, words: Wording) -> Figure:
    """Draw who moved between states as ribbons from the earlier date to the later one.

    Parameters
    ----------
    names
        What each state is called, and last the place of those who are in none.
    """
    figure = new_figure(9.5, 5.8)
    axes = figure.add_axes((0.0, 0.09, 1.0, 0.82))
    axes.set_axis_off()
    left, right = (_stacked(moves.counts.sum(axis=axis)) for axis in (1, 0))
    for ribbon in sorted(_ribbons(moves, left, right), key=lambda one: one.kind != "stay"):
        _draw_ribbon(axes, ribbon)
    high = max(1.0, float(moves.counts.sum()))
    total = high * (1.0 + _GAP * (len(names) - 1))
    for x, day, starts, axis in ((_LEFT, moves.before, left, 1), (_RIGHT, moves.now, right, 0)):
        is_left = axis == 1
        counts = moves.counts.sum(axis=axis)
        for name, start, count in zip(names, starts, counts.tolist(), strict=True):
            if not count:
                continue
            axes.add_patch(Rectangle((x - (_BAR if is_left else 0.0), start), _BAR, count, fc=INK, ec=INK))
            text = words("groups.moves.node", name=name, customers=f"{count:,}", share=f"{count / high:.1%}")
            place = x - _BAR - 0.01 if is_left else x + _BAR + 0.01
            axes.text(place, start + count / 2, text, ha="right" if is_left else "left", va="center")
        axes.text(x, -0.03 * total, str(day), ha="center", va="bottom", fontweight="bold")
    axes.set(xlim=(0.0, 1.0), ylim=(total, -0.08 * total))
    handles = [Patch(label=words(f"groups.moves.{kind}"), **style) for kind, style in _KINDS.items()]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=4, handlelength=2.5)
    put_head(figure, title)
    return figure


def _stacked(counts: Any) -> list[float]:
    """Return where each state begins, from the top, with a gap between two that have customers."""
    gap = _GAP * max(1, int(counts.sum()))
    starts, at = [], 0.0
    for count in counts.tolist():
        starts.append(at)
        at += count + gap if count else 0.0
    return starts


def _ribbons(moves: Moves[State], left: Sequence[float], right: Sequence[float]) -> Iterator[_Ribbon]:
    leaves, arrives = list(left), list(right)
    none = len(moves.states)
    for row in range(none + 1):
        for column in range(none + 1):
            count = int(moves.counts[row, column])
            if count:
                kind = "stay" if row == column else "up" if column < row else "down"
                yield _Ribbon("other" if none in (row, column) else kind, leaves[row], arrives[column], count)
            leaves[row] += count
            arrives[column] += count


def _draw_ribbon(axes: Axes, ribbon: _Ribbon) -> None:
    """Draw a band that leaves and arrives level; however few the customers, its edge is seen."""
    middle = (_LEFT + _RIGHT) / 2
    top, bottom = ribbon.leaves, ribbon.leaves + ribbon.customers
    to_top, to_bottom = ribbon.arrives, ribbon.arrives + ribbon.customers
    points = np.array(
        [
            (_LEFT, top), (middle, top), (middle, to_top), (_RIGHT, to_top),
            (_RIGHT, to_bottom), (middle, to_bottom), (middle, bottom), (_LEFT, bottom), (_LEFT, top),
        ]
    )  # fmt: skip
    codes = [
        Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4, Path.LINETO, Path.CURVE4, Path.CURVE4,
        Path.CURVE4, Path.CLOSEPOLY,
    ]  # fmt: skip
    axes.add_patch(PathPatch(Path(points, codes), lw=0.8, **_KINDS[ribbon.kind]))
