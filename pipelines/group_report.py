"""What `bellwether groups` shows of the book of a date: groups, value, tiers, and moves since the month before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.policy.factors import FACTORS
from features.policy.tiers import TIERS
from pipelines.book import booked_dates, read_book
from pipelines.build import Progress
from pipelines.errors import PipelineError
from pipelines.settings import Home
from serving.bundle import Bundle
from serving.groups import Groups
from training.concentration import Concentration, concentrate
from training.group_figures import Customers, GroupFigures, group_figures
from training.group_plots import ACROSS, UP
from training.groups import GroupPolicy, compare_counts, read_group_policy
from training.moves import Moves, count_moves

TIERS_DOWN = tuple(reversed(TIERS))
"""Tiers, the highest first."""

LEAST_CUSTOMERS = 10
"""Customers that another number of groups needs per group to be compared."""


@dataclass(frozen=True)
class TierLine:
    """Customers of a tier, and what they bring in minor units a year."""

    code: str
    customers: int
    contribution: float


@dataclass(frozen=True, eq=False)
class Flow:
    """Moves between the two newest monthly dates; `versions`: what scored the earlier, and the later one.

    `tiers` is None where no tier was decided at one of them.
    """

    tiers: Moves[str] | None
    groups: Moves[int]
    versions: tuple[str, str]


@dataclass(frozen=True, eq=False)
class GroupReport:
    """Everything that page, pictures and tables show; no customer's id is in it.

    `known` counts the customers of the book, `monthly` are the monthly dates up to `as_of` that were scored, `flow` is
    None where there are fewer than two, `compared` is empty where there are too few customers.
    """

    as_of: date
    bundle: Bundle
    groups: Groups
    policy: GroupPolicy
    known: int
    customers: Customers
    figures: GroupFigures
    concentration: Concentration
    tiers: tuple[TierLine, ...]
    monthly: tuple[date, ...]
    flow: Flow | None
    compared: Mapping[int, Mapping[str, float]]

    @property
    def version(self) -> str:
        """The version that scored the date."""
        return self.bundle.release.version if self.bundle.release else ""

    @property
    def has_matrix(self) -> bool:
        """Whether the market matrix has both its axes."""
        return {ACROSS, UP} <= set(self.figures.factors)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts and figures of `groups --json`."""
        value, flow = self.concentration, self.flow
        return {
            "as_of": self.as_of.isoformat(),
            "version": self.version,
            "customers": {"known": self.known, "grouped": int(self.figures.customers.sum())},
            "groups": dict(zip(map(str, self.figures.numbers), self.figures.customers.tolist(), strict=True)),
            "tiers": {line.code: line.customers for line in self.tiers},
            "highest_fifth_share": value.fifth_share if value.can_share else None,
            "moves": None if flow is None else {
                "before": flow.groups.before.isoformat(),
                "now": flow.groups.now.isoformat(),
                "tiers": flow.tiers and {name: getattr(flow.tiers, name) for name in ("up", "down", "stayed")},
                "groups": {"moved": flow.groups.moved, "stayed": flow.groups.stayed},
            },
            "compared": {str(count): dict(found) for count, found in self.compared.items()},
        }  # fmt: skip


def group_report(home: Home, as_of: date | None, progress: Progress | None = None) -> GroupReport:
    """Read the book of a date, the newest by default, and work out what is shown of it.

    Raises
    ------
    PipelineError
        The date was not scored, its bundle has no groups, or nobody is in one.
    """
    day, book = read_book(home, as_of)
    bundle, groups = _grouped_bundle(home, day, book)
    assert bundle.factors is not None
    names = (
        *groups.factors,
        *(name for name in FACTORS if name in bundle.factors.parts and name not in groups.factors),
    )
    customers = customers_of(book, names)
    policy = read_group_policy()
    figures = group_figures(customers, groups.numbers, policy.marked_share)
    if not figures.customers.any():
        raise PipelineError(
            f"groups: expected customers in a group at {day}; of {book.num_rows} none could be scored. "
            "Choose a later date, or look at `bellwether check`."
        )
    monthly = tuple(one for one in booked_dates(home) if one.day == 1 and one <= day)
    return GroupReport(
        as_of=day,
        bundle=bundle,
        groups=groups,
        policy=policy,
        known=book.num_rows,
        customers=customers,
        figures=figures,
        concentration=concentrate(customers.contribution),
        tiers=_tier_lines(book, customers.contribution),
        monthly=monthly,
        flow=_flow(home, monthly[-2:], groups),
        compared=_compared(customers, groups, policy, bundle, progress),
    )


def customers_of(book: pa.Table, factors: tuple[str, ...]) -> Customers:
    """Return what is shown of the customers of a book, row by row."""
    return Customers(
        scores={name: _column(book, f"{name}_score") for name in factors},
        group=_column(book, "group_number"),
        contribution=_column(book, "current_contribution_value"),
        churn=_column(book, "churn_probability"),
    )


def _column(book: pa.Table, name: str) -> NDArray[np.float64]:
    return np.asarray(book[name].cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def _grouped_bundle(home: Home, day: date, book: pa.Table) -> tuple[Bundle, Groups]:
    version = _version(day, book)
    bundle = Bundle.load(home.bundles / version)
    if bundle.groups is None:
        raise PipelineError(
            f"groups: expected a bundle with groups; version {version}, which scored {day}, has none: it was trained "
            f"before there were groups, or without one of the factors {', '.join(read_group_policy().factors)}. "
            f"Train again, promote, and score {day} anew."
        )
    return bundle, bundle.groups


def _version(day: date, book: pa.Table) -> str:
    if not book.num_rows:
        raise PipelineError(
            f"groups: expected customers in the book of {day}; it is empty. Score {day} anew."
        )
    return str(book["bundle_version"][0].as_py())


def _tier_lines(book: pa.Table, contribution: NDArray[np.float64]) -> tuple[TierLine, ...]:
    codes = np.array(book["tier_code"].to_pylist(), dtype=object)
    lines = []
    for code in TIERS_DOWN:
        is_in = codes == code
        lines.append(TierLine(code, int(is_in.sum()), float(np.nansum(contribution[is_in]))))
    return tuple(lines) if any(line.customers for line in lines) else ()


def _flow(home: Home, dates: tuple[date, ...], groups: Groups) -> Flow | None:
    """Count moves between two monthly dates; groups that only the earlier date knows count as well."""
    if len(dates) < 2:
        return None
    first, last = dates
    before, now = read_book(home, first)[1], read_book(home, last)[1]
    was, is_now = _states(before, "group_number"), _states(now, "group_number")
    known = {number for number in (*was.values(), *is_now.values()) if number is not None}
    states = tuple(sorted({*groups.numbers, *known}))
    was_tier, is_tier = _states(before, "tier_code"), _states(now, "tier_code")
    tiers = None
    if any(was_tier.values()) and any(is_tier.values()):
        tiers = Moves(first, last, TIERS_DOWN, count_moves(was_tier, is_tier, TIERS_DOWN))
    return Flow(
        tiers,
        Moves(first, last, states, count_moves(was, is_now, states)),
        (_version(first, before), _version(last, now)),
    )


def _states(book: pa.Table, column: str) -> dict[str, Any]:
    return dict(zip(book["customer_id"].to_pylist(), book[column].to_pylist(), strict=True))


def _compared(
    customers: Customers, groups: Groups, policy: GroupPolicy, bundle: Bundle, progress: Progress | None
) -> dict[int, Mapping[str, float]]:
    """Compare the policy's other numbers of groups, one by one."""
    scores = np.column_stack([customers.scores[name] for name in groups.factors])
    scores = scores[~np.isnan(scores).any(axis=1)]
    counts = [count for count in policy.others if count * LEAST_CUSTOMERS <= len(scores)]
    seed = bundle.manifest.lineage.seeds.get("training", 0)
    found: dict[int, Mapping[str, float]] = {}
    for place, count in enumerate(counts):
        if progress:
            progress("groups", place / len(counts))
        found.update(compare_counts(scores, [count], seed))
    return found
