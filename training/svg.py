"""A figure as SVG: equal figures give equal bytes, and the reader's own fonts write the text."""

from __future__ import annotations

import io
import re
import unicodedata
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Laid out with the font that comes with matplotlib, on every machine alike; the SVG names these instead.
LAID_OUT_WITH = "DejaVu Sans"
FONTS = (
    "Helvetica Neue", "Arial", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei",
    "WenQuanYi Micro Hei", "SimHei", "sans-serif",
)  # fmt: skip
_FONT = re.compile(rf"'{LAID_OUT_WITH}'(, sans-serif)?")
_STYLE: Mapping[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": [LAID_OUT_WITH],
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
}


@contextmanager
def drawing(name: str) -> Iterator[None]:
    """Within it, figures look alike and have the same inner names for the same `name`."""
    style = {**_STYLE, "svg.hashsalt": name}
    with mpl.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def new_figure(width: float, height: float) -> Figure:
    """Empty figure in inches, drawn without a screen."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def write_svg(figure: Figure, path: Path, title: str) -> None:
    """Write the figure; no date and no version stands in the file."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", dpi=200, metadata={"Date": None, "Creator": None, "Title": title})
    fonts = ", ".join(f"'{name}'" if " " in name else name for name in FONTS)
    path.write_text(_FONT.sub(fonts, stream.getvalue()), encoding="utf-8")


def label_rows(axes: Axes, labels: list[str], width: int) -> None:
    """Name the rows y = 0, 1, 2 ... of a plot at its left, in one line or two.

    Each line is a text of its own with its end at the axis: fonts of any width leave it in place.
    `width` is that of a line, in Latin letters.
    """
    axes.set_yticks(range(len(labels)), [""] * len(labels))
    for row, label in enumerate(labels):
        lines = wrap(label, width)
        for place, line in enumerate(lines):
            axes.annotate(
                line, (0.0, row), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
                xytext=(-8, (len(lines) - 1) * 5.5 - place * 11 - 3), ha="right", va="baseline", fontsize=9,
                annotation_clip=False,
            )  # fmt: skip


def wrap(text: str, width: int) -> list[str]:
    """Break a text into as few lines as fit, of about equal width.

    A Chinese character is as wide as two letters, and may end a line.

    Examples
    --------
    >>> wrap("Time since the last contact", 26), wrap("近 90 天交易笔数", 12)
    (['Time since the', 'last contact'], ['近 90 天', '交易笔数'])
    """
    lines = _fill(text, width)
    for narrower in range(width - 1, 0, -1):
        tried = _fill(text, narrower)
        if len(tried) > len(lines) or max(map(_width, tried)) > narrower:
            break
        lines = tried
    return lines


def _fill(text: str, width: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in _words(text):
        if line and _width((line + word).rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += word
    return [*lines, line.rstrip()]


def _words(text: str) -> list[str]:
    """Pieces between which a line may end: Latin words with their space, Chinese characters with what closes them."""
    return re.findall(r"[\u2e80-\uffef][,。、;:)”]* ?|[^\s\u2e80-\uffef]+ ?", text)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
