"""A figure as PNG, its Chinese written with a font of this machine."""

from __future__ import annotations

from pathlib import Path

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

from training.svg import FONTS, LAID_OUT_WITH

_LATIN = {"Helvetica Neue", "Arial", "sans-serif"}


def chinese_font() -> str | None:
    """Return a font of this machine that has Chinese; None where there is none."""
    there = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in FONTS if name in there and name not in _LATIN), None)


def write_png(figure: Figure, path: Path, language: str) -> bool:
    """Write the figure, or nothing where its language is Chinese and no font has it; return whether it was written."""
    font = chinese_font()
    if language == "zh":
        if font is None:
            return False
        for text in figure.findobj(Text):
            text.set_fontfamily([LAID_OUT_WITH, font])
    figure.savefig(path, format="png", dpi=150, metadata={"Software": None})
    return True
