"""The catalogue of features: what each one means, and which of them a bank has.

Pure Python: training, the feature store and serving read the same records.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

UNITS_IN_NAME = {"days", "months", "years"}
FAMILIES = (
    "contact",
    "balances",
    "transactions",
    "products",
    "warnings",
    "complaints",
    "credit",
    "statements",
    "profile",
    "snapshots",
)


@dataclass(frozen=True)
class Feature:
    """One feature: a number per (customer_id, as_of), or null where nothing was observed.

    `unit` is one of money (minor units), count, share (0..1 in the usual case), ratio, days, months, years,
    score, flag (0 or 1) and code (an ordered or learned code). `tables` are the tables without which the
    feature does not exist for a bank; of `any_of`, where there are any, one is enough. `usual` names the feature
    that holds the customer's own habit, where one exists: reasons compare with it rather than with the reference
    population.
    """

    name: str
    group: str
    family: str
    unit: str
    definition: str
    null_means: str
    source: str
    tables: tuple[str, ...]
    usual: str | None = None
    model_input: bool = True
    any_of: tuple[str, ...] = ()


def feature_name(subject: str, measure: str, *, statistic: str = "", window: str = "", unit: str = "") -> str:
    """Derive a feature's name: `<subject>_<measure>_<statistic>_<unit>_<window>`, empty parts left out.

    Examples
    --------
    >>> feature_name("contact", "gap", unit="days")
    'contact_gap_days'
    >>> feature_name("contact", "interval", statistic="mean", unit="days", window="365d")
    'contact_interval_mean_days_365d'
    >>> feature_name("asset", "balance", statistic="slope", unit="share", window="90d")
    'asset_balance_slope_90d'
    """
    shown_unit = unit if unit in UNITS_IN_NAME else ""
    return "_".join(part for part in (subject, measure, statistic, shown_unit, window) if part)


@dataclass(frozen=True)
class Group:
    """The features of one subject, computed together: a Feast feature view and one expression."""

    name: str
    family: str
    tables: tuple[str, ...]
    source: str
    any_of: tuple[str, ...] = ()

    def feature(  # noqa: PLR0913 - the parts of a name, and what a reader has to know of it
        self,
        subject: str,
        measure: str,
        *,
        statistic: str = "",
        window: str = "",
        unit: str,
        definition: str,
        null_means: str,
        usual: str | None = None,
        model_input: bool = True,
        tables: tuple[str, ...] = (),
    ) -> Feature:
        """Describe one feature of this group; its name is derived from its parts."""
        return Feature(
            name=feature_name(subject, measure, statistic=statistic, window=window, unit=unit),
            group=self.name,
            family=self.family,
            unit=unit,
            definition=definition,
            null_means=null_means,
            source=self.source,
            tables=self.tables + tables,
            usual=usual,
            model_input=model_input,
            any_of=self.any_of,
        )


@dataclass(frozen=True)
class Catalogue:
    """The features that one bank has, in the order of the online vector, and why the others are absent.

    `absent` maps a feature's name to the reason in words ("no table contacts").
    """

    features: tuple[Feature, ...]
    absent: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Names in catalogue order."""
        return tuple(feature.name for feature in self.features)

    @property
    def groups(self) -> tuple[str, ...]:
        """Feature groups in catalogue order, each once."""
        return tuple(dict.fromkeys(feature.group for feature in self.features))

    @property
    def digest(self) -> str:
        """SHA-256 over every record: two stores with one digest hold the same columns with the same meaning."""
        text = json.dumps([vars(feature) for feature in self.features], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def of_group(self, group: str) -> tuple[Feature, ...]:
        """Features of one group, in catalogue order."""
        return tuple(feature for feature in self.features if feature.group == group)

    def __getitem__(self, name: str) -> Feature:
        for feature in self.features:
            if feature.name == name:
                return feature
        raise KeyError(f"expected one of the catalogue's {len(self.features)} features; got {name!r}")


def assemble(
    known_features: Iterable[Feature],
    columns: Mapping[str, frozenset[str]],
    needed_columns: Mapping[str, tuple[str, ...]],
) -> Catalogue:
    """Keep what a bank's tables can fill, and say for the rest what is missing.

    Parameters
    ----------
    columns
        The bank's tables with the columns that serve past dates.
    needed_columns
        Feature name -> the table, and its columns that it cannot do without.
    """
    kept: list[Feature] = []
    absent: dict[str, str] = {}
    for feature in known_features:
        missing = [table for table in feature.tables if table not in columns]
        if missing:
            absent[feature.name] = f"no table {', '.join(missing)}"
            continue
        if feature.any_of and not columns.keys() & set(feature.any_of):
            absent[feature.name] = f"none of the tables {', '.join(feature.any_of)}"
            continue
        table, *wanted = needed_columns.get(feature.name, ("",))
        lacking = [f"{table}.{column}" for column in wanted if column not in columns[table]]
        if lacking:
            absent[feature.name] = f"no column {', '.join(lacking)} that serves past dates"
            continue
        kept.append(feature)
    return Catalogue(features=tuple(kept), absent=absent)
