"""The statement of contribution: how what a customer, or the whole bank, earns comes about, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import ibis.expr.types as ir

from features.contribution import left_out, statement
from features.groups.contribution import check_rates
from features.groups.product_earnings import YEAR
from features.groups.profile import spine_of
from features.policy import read_policy
from features.policy.dated import MILLION
from features.policy.rates import Rates, read_rates
from features.windows import Tables, history_days
from pipelines.build import Store, check_inside
from pipelines.engine import Engine
from pipelines.errors import PipelineError
from pipelines.terminal import Terminal

_ORDER = ("margin", "account_cost", "expected_loss", "fee", "penalty_interest")


@dataclass(frozen=True)
class Line:
    """One (product, part) of a statement; money in minor units. See `features.contribution.statement`."""

    product: str
    part: str
    customers: int
    amount: int
    days: int
    balance_days: int | None
    rate_days: int | None

    @property
    def mean_balance(self) -> Fraction | None:
        """Mean balance over the days, in minor units; null for a part without one."""
        return None if self.balance_days is None else Fraction(self.balance_days, self.days)

    @property
    def rate(self) -> Fraction | None:
        """Mean rate a year, weighted by the balance, as a share; null without a balance other than 0."""
        if self.rate_days is None or not self.balance_days:
            return None
        return Fraction(self.rate_days, self.balance_days * self._unit)

    @property
    def unit_cost(self) -> Fraction | None:
        """Cost of one account and year, or of one event, in minor units; null for margins, losses and fees."""
        if self.part == "account_cost":
            return Fraction(self.rate_days or 0, self.days)
        return Fraction(-self.amount, self.days) if self.product == "service" else None

    @property
    def _unit(self) -> int:
        return MILLION**2 if self.part == "expected_loss" else MILLION

    def to_dict(self) -> dict[str, Any]:
        """Return the line with its exact sums as whole numbers."""
        return {**vars(self)}


@dataclass(frozen=True)
class ContributionReport:
    """The statement of one customer, or of everyone known at as_of (`customer_id` null)."""

    as_of: date
    customer_id: str | None
    customers: int
    observed_days: int | None
    lines: tuple[Line, ...]
    left_out: Mapping[str, tuple[str, ...]]
    not_priced: tuple[str, ...]
    knows_arrears: bool
    currency: str
    decimals: int

    @property
    def total(self) -> int:
        """The contribution in minor units: the lines add up to it."""
        return sum(line.amount for line in self.lines)

    def to_dict(self) -> dict[str, Any]:
        """Return what --json prints; money in minor units."""
        return {
            "as_of": self.as_of.isoformat(),
            "customer_id": self.customer_id,
            "customers": self.customers,
            "observed_days": self.observed_days,
            "currency": self.currency,
            "currency_decimals": self.decimals,
            "total": self.total,
            "parts": [line.to_dict() for line in self.lines],
            "left_out": {table: list(parts) for table, parts in self.left_out.items()},
            "not_priced": list(self.not_priced),
            "knows_arrears": self.knows_arrears,
        }


def contribution_report(source: Store, as_of: date, customer_id: str | None) -> ContributionReport:
    """Compute the statement of one customer, or of everyone, at an as_of.

    Raises
    ------
    PipelineError
        The as_of lies outside the bank's data, the customer is not known then, or the bank has no table that
        contribution is made of.
    PolicyError
        A rate has no value on a day of the window.
    """
    check_inside(source.bank, [as_of])
    rates, manifest = read_rates(), source.bank.manifest
    with Engine(source.bank) as engine:
        tables = engine.run_of([as_of])
        check_rates(tables, rates)
        missing = left_out(tables)
        spine = _spine(engine, tables, as_of, customer_id)
        lines = _lines(engine, tables, spine, rates)
        return ContributionReport(
            as_of=as_of,
            customer_id=customer_id,
            customers=engine.count(spine),
            observed_days=_observed(engine, tables, spine) if customer_id is not None else None,
            lines=lines,
            left_out=missing,
            not_priced=rates.not_priced,
            knows_arrears="repayments" in tables,
            currency=manifest.currency,
            decimals=manifest.currency_decimals,
        )


def _spine(engine: Engine, tables: Tables, as_of: date, customer_id: str | None) -> ir.Table:
    spine = spine_of(tables, engine.moments([as_of]))
    if customer_id is not None:
        spine = spine.filter(spine.customer_id == customer_id)
    spine = engine.keep("spine", spine)
    if customer_id is not None and not engine.count(spine):
        raise PipelineError(
            f"--customer {customer_id}: expected a customer known at {as_of}; there is none of this id. "
            "Ids are text and compared exactly: look for leading zeros, or choose a later date."
        )
    return spine


def _lines(engine: Engine, tables: Tables, spine: ir.Table, rates: Rates) -> tuple[Line, ...]:
    if len(left_out(tables)) == 3:
        raise PipelineError(
            "expected at least one of the tables balances, transactions and contacts; the bank has none of them. "
            "Hand one over."
        )
    rows = engine.keep("contribution_statement", statement(tables, spine, rates))
    sums = rows.group_by("product", "part").aggregate(
        customers=rows.count(),
        **{name: rows[name].sum() for name in ("amount", "days", "balance_days", "rate_days")},
    )
    found = [Line(**_whole(row)) for row in engine.fetch(sums).to_pylist()]
    return tuple(sorted(found, key=_place))


def _whole(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with every number as int: sums come as decimals."""
    return {
        name: value if isinstance(value, str) or value is None else int(value) for name, value in row.items()
    }


def _place(line: Line) -> tuple[int, int, str]:
    products = list(read_policy("contribution")["products"])
    part = _ORDER.index(line.part) if line.part in _ORDER else len(_ORDER)
    return products.index(line.product), part, line.part


def _observed(engine: Engine, tables: Tables, spine: ir.Table) -> int | None:
    """Days of the window on which the bank's balances and the relationship existed; null without balances."""
    if "balances" not in tables:
        return None
    rows = spine.select(days=history_days(tables, "balances", spine))
    return min(YEAR, int(engine.fetch(rows).column(0)[0].as_py()))


def show(report: ContributionReport, terminal: Terminal) -> None:
    """Print the statement as a table with its sum, and what is left out of it."""
    words = _Words(terminal.language, report.decimals)
    currency = report.currency or words.say("no_currency")
    if report.customer_id is None:
        title = words.say(
            "title_all", customers=f"{report.customers:,}", as_of=report.as_of, currency=currency
        )
        names, rows = ["line", "customers", "amount"], [words.sum_row(line) for line in report.lines]
    else:
        title = words.say("title", customer=report.customer_id, as_of=report.as_of, currency=currency)
        names, rows = (
            ["line", "balance", "rate", "days", "amount"],
            [words.row(line) for line in report.lines],
        )
    blanks = [""] * (len(names) - 2)
    rows.append([words.of("columns", "total"), *blanks, words.money(report.total)])
    terminal.figures(title, [words.of("columns", name) for name in names], rows)
    notes = [words.say("repeat", year=read_rates().days_in_year)] if report.customer_id is not None else []
    notes += [] if report.lines else [words.say("nothing")]
    notes += [words.say("observed", days=report.observed_days)] if report.observed_days is not None else []
    notes += [
        words.say("left_out", table=table, parts=words.of("groups", table)) for table in report.left_out
    ]
    notes += [] if report.knows_arrears or "balances" in report.left_out else [words.say("no_arrears")]
    notes += [words.say("not_priced", product=words.of("products", name)) for name in report.not_priced]
    for note in notes:
        terminal.write(note)


class _Words:
    """Texts and figures of a statement in one language."""

    def __init__(self, language: str, decimals: int) -> None:
        self._texts, self._language, self._decimals = read_policy("contribution"), language, decimals

    def say(self, name: str, **values: object) -> str:
        return str(self._texts[name][self._language]).format(**values)

    def of(self, kind: str, name: str) -> str:
        return str(self._texts[kind][name][self._language])

    def money(self, minor: int | Fraction | None) -> str:
        """Write an amount in major units with the currency's decimals."""
        return "" if minor is None else f"{float(Fraction(minor) / 10**self._decimals):,.{self._decimals}f}"

    def sum_row(self, line: Line) -> list[str]:
        return [self._title(line), f"{line.customers:,}", self.money(line.amount)]

    def row(self, line: Line) -> list[str]:
        rate = self.money(line.unit_cost) if line.rate is None else f"{float(line.rate):.6%}"
        return [
            self._title(line),
            self.money(line.mean_balance),
            rate,
            f"{line.days:,}",
            self.money(line.amount),
        ]

    def _title(self, line: Line) -> str:
        return f"{self.of('products', line.product)} · {self.of('parts', line.part)}"
