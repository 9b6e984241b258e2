"""How far two populations differ, feature by feature: bins of the reference, and Evidently's index over them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Bins:
    """Bins of one column: those of equally many reference rows, one for each value that many rows share.

    Bin i holds the values in (edges[i - 1], edges[i]]; the first those below the reference, the last those above
    its last edge; one more, `missing`, what is not observed. Evidently's own bins have equal width: a few large
    amounts would put nearly everyone into one of them, and hide any change.
    """

    edges: FloatArray

    @classmethod
    def of(cls, reference: FloatArray, count: int) -> Bins:
        """Cut the observed values of the reference into about `count` bins.

        Examples
        --------
        >>> Bins.of(np.array([0.0, 0.0, 0.0, 5.0, np.nan]), 2).codes(np.array([-1.0, 0.0, 5.0, np.nan])).tolist()
        [0, 1, 2, 3]
        """
        observed = reference[~np.isnan(reference)]
        if not len(observed):
            return cls(np.empty(0))
        cuts = np.quantile(observed, np.arange(1, count) / count, method="inverted_cdf")
        shared = cuts[:-1][np.diff(cuts) == 0.0]
        below = np.nextafter(np.append(shared, observed.min()), -np.inf)
        return cls(np.unique(np.concatenate([cuts, below])))

    @property
    def missing(self) -> int:
        """The bin of what is not observed."""
        return len(self.edges) + 1

    def codes(self, values: FloatArray) -> Codes:
        """Bin of each value."""
        return np.where(np.isnan(values), self.missing, np.searchsorted(self.edges, values, side="left"))

    def labels(self, write: Callable[[float], str], observed: str, missing: str) -> tuple[str, ...]:
        """Name the bins for people, numbered so that they sort; `write` writes a value with its unit.

        Examples
        --------
        >>> Bins(np.array([1.0, 2.0])).labels("{:g}".format, "observed", "not observed")
        ('1: < 1', '2: 1 - 2', '3: > 2', '4: not observed')
        """
        names = []
        for place, edge in enumerate(self.edges):
            lower = None if place == 0 else self.edges[place - 1]
            if lower is None:
                names.append(f"< {write(float(np.nextafter(edge, np.inf)))}" if len(self.edges) else observed)
            elif np.nextafter(lower, np.inf) == edge:
                names.append(write(float(edge)))
            else:
                names.append(f"{write(float(lower))} - {write(float(edge))}")
        names.append(f"> {write(float(self.edges[-1]))}" if len(self.edges) else observed)
        names.append(missing)
        width = len(str(len(names)))
        return tuple(f"{place:0{width}d}: {name}" for place, name in enumerate(names, start=1))


@dataclass(frozen=True, eq=False)
class Column:
    """One column of both populations in bins; `title` is unique and is what people read."""

    name: str
    title: str
    before: Codes
    now: Codes
    labels: tuple[str, ...]

    @property
    def is_single(self) -> bool:
        """Whether all rows of both populations are in one bin: there is nothing to compare."""
        return len(np.union1d(self.before, self.now)) == 1


def stability(columns: tuple[Column, ...], html: Path, limit: float) -> Mapping[str, float]:
    """Compare both populations with Evidently: its report as HTML, and the index (PSI) of each column by name.

    Only counts per bin go into the report, no row. Evidently is neither asked to send anything nor lets it.
    """
    os.environ["DO_NOT_TRACK"] = "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from evidently import DataDefinition, Dataset, Report
        from evidently.presets import DataDriftPreset

        varied = [column for column in columns if not column.is_single]
        found = {column.name: 0.0 for column in columns}
        if not varied:
            html.unlink(missing_ok=True)
            return found
        definition = DataDefinition(categorical_columns=[column.title for column in varied])
        before, now = (
            Dataset.from_pandas(
                pd.DataFrame({c.title: np.array(c.labels, dtype=object)[getattr(c, side)] for c in varied}),
                definition,
            )
            for side in ("before", "now")
        )
        report = Report([DataDriftPreset(method="psi", threshold=limit)], include_tests=False)
        result = report.run(now, before)
        draft = html.with_name(f".{html.name}.draft")
        result.save_html(str(draft))
        draft.replace(html)
    names = {column.title: column.name for column in varied}
    for metric in result.dict()["metrics"]:
        title = metric["config"].get("column")
        if title is not None:
            found[names[title]] = float(metric["value"])
    return found
