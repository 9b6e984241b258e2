"""Plots of trained models on rows they have not seen, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter, SymmetricalLogLocator
from numpy.typing import NDArray

from serving.tables import explain_numba
from training import curves
from training.run import TrainedTarget
from training.svg import drawing, label_rows, new_figure, write_svg
from training.wording import LANGUAGES, Wording

SHAP_ROWS, SHAP_FEATURES = 2_000, 12
_INK, _MODEL, _GREY = "#222222", "#0b5a9c", "#767676"
_DASHES: Mapping[str, tuple[str, str]] = {  # told apart without colour: by dash, and dark from light
    "logistic": ("#9a4d00", "-."),
    "recency": ("#444444", "--"),
    "frequency": ("#444444", ":"),
    "last_value": ("#999999", "--"),
}

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Currency:
    """How amounts are written on axes: in major units, `decimals` of the currency; as they are where unknown."""

    code: str = ""
    decimals: int = 0


def draw_plots(
    trained: Sequence[TrainedTarget],
    titles: Mapping[str, Mapping[str, str]],
    out_dir: Path,
    currency: Currency = Currency(),  # noqa: B008 - frozen
) -> tuple[Path, ...]:
    """Draw every model's plots, each once per language: `<key>-<what>.<language>.svg`.

    `calibration` and `lift` for probabilities, `calibration` for shares, `deciles` for amounts, `shap` for all.
    A plot that the test rows cannot fill (events of one kind only) is left out.

    Parameters
    ----------
    titles
        What each feature is called: name -> {"en": ..., "zh": ...}.
    currency
        What amounts are shown in; by default minor units.

    Returns
    -------
    The files written, in order.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    written = []
    for model in trained:
        for language in LANGUAGES:
            words = Wording(language)
            for what, draw in _PLOTS[model.fitted.kind]:
                with drawing(f"{model.key}-{what}"):
                    if what == "shap":
                        figure = _shap(model, words, {name: words.pick(each) for name, each in titles.items()})
                    elif what == "deciles":
                        figure = _deciles(model, words, currency)
                    ...
    return tuple(written)
