"""What each product earns and costs: `rates.yaml`, read and held against the contract's products and channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import yaml

from features.policy import policy_file, policy_text
from features.policy.dated import COST, MILLION, SHARE, SHARE_A_YEAR, Measure, Series, parse_dated
from features.policy.tree import Entry, PolicyError, entries, place_of, tree_of
from features.tables import TABLES

EARNS: Mapping[str, Mapping[str, int]] = {
    "funding": {"transfer_price": 1, "rate_paid": -1},
    "lending": {"rate_charged": 1, "transfer_price": -1},
    "fee": {"fee_rate": 1},
}
"""The margin of a kind of product: the sum of these dated rates, each with its sign. Source: five-factor.md,
"average balance x margin (funds-transfer-priced)"."""

FAMILIES = ("deposits", "loans", "investments", "insurance")
"""Families of products whose contribution is a feature each."""

PRODUCTS = TABLES["balances"].column("product").allowed
CHANNELS: Mapping[str, tuple[str, ...]] = {
    "contact": TABLES["contacts"].column("channel").allowed,
    "transaction": (*TABLES["transactions"].column("channel").allowed, "unstated"),
}
"""What one contact or one transaction costs, by channel; `unstated` is a transaction without one."""

NOT_KNOWN = "not_known"
"""The class of arrears of every customer where the bank keeps no repayments."""


@dataclass(frozen=True)
class Product:
    """One product: the family that its margin counts to, how it earns, and whether its balance can be lost."""

    name: str
    family: str
    earns: str
    at_risk: bool

    @property
    def margin(self) -> Mapping[str, int]:
        """Names of the dated rates whose signed sum is the margin."""
        return {f"{self.name}.{rate}": sign for rate, sign in EARNS[self.earns].items()}

    @property
    def account_cost(self) -> str:
        """Name of the cost of one account and year."""
        return f"{self.name}.account_cost"

    @property
    def loss_share(self) -> str:
        """Name of the share of an exposure that is lost when the customer defaults."""
        return f"{self.name}.loss_given_default"


@dataclass(frozen=True)
class Rates:
    """The dated rates of one bank, by name, and how its products use them.

    `arrears` maps a class of arrears to the days past due from which it begins, fewest first.
    """

    products: tuple[Product, ...]
    not_priced: tuple[str, ...]
    arrears: Mapping[str, int]
    days_in_year: int
    series: Mapping[str, Series]

    def check(self, as_of: date, days: int) -> None:
        """Refuse a window `[as_of - days, as_of)` with a day on which a rate has no value.

        Raises
        ------
        PolicyError
            Names the rate, the first such day, the file and the line.
        """
        for series in self.series.values():
            series.on(as_of - timedelta(days=days))


def minor_units(millionths: int, decimals: int) -> int:
    """Return a cost in whole minor units of a currency, halves up: nothing costs a part of a cent.

    Examples
    --------
    >>> minor_units(12_500_000, 2), minor_units(500_000, 0)
    (1250, 1)
    """
    minor: int = 10**decimals
    return (2 * millionths * minor + MILLION) // (2 * MILLION)


def day_of(day: date) -> int:
    """Return a date as the engine holds it: days since 1970-01-01.

    Examples
    --------
    >>> day_of(date(1970, 1, 2))
    1
    """
    return (day - date(1970, 1, 1)).days


@cache
def read_rates() -> Rates:
    """Read `rates.yaml`; see `parse_rates`."""
    return parse_rates(policy_text("rates"), policy_file("rates"))


def parse_rates(text: str, file: str) -> Rates:
    """Return the rates of a policy text.

    Raises
    ------
    PolicyError
        With file, line and remedy: what `parse_dated` refuses; an unknown product, family or way of earning; a
        product neither priced nor named in not_priced; classes of arrears that do not begin at 0 and rise.
    """
    top = {entry.key: entry for entry in entries(tree_of(text, file), file, "the file")}
    for name in ("days_in_year", "products", "not_priced", "arrears", "rates"):
        if name not in top:
            raise place_of(tree_of(text, file), file).error(
                f"expected {name}; there is none. Take it over from the file as delivered."
            )
    products = tuple(_product(entry, file) for entry in entries(top["products"].value, file, "products"))
    not_priced = _not_priced(top["not_priced"], {product.name for product in products})
    arrears = _arrears(top["arrears"], file)
    series = parse_dated(text, file, "rates", _measures(products, arrears))
    days_in_year = _whole(top["days_in_year"])
    if days_in_year not in (360, 365):
        raise top["days_in_year"].place.error(f"expected 360 or 365 days; got {days_in_year}. Choose one.")
    return Rates(products, not_priced, arrears, days_in_year, series)


def _measures(products: tuple[Product, ...], arrears: Mapping[str, int]) -> Mapping[str, Measure]:
    """Every dated rate that the policy has to hold, with what it measures."""
    measures: dict[str, Measure] = {}
    for product in products:
        measures |= dict.fromkeys(product.margin, SHARE_A_YEAR)
        measures[product.account_cost] = COST
        if product.at_risk:
            measures[product.loss_share] = SHARE
    measures |= {f"default_probability.{code}": SHARE for code in (NOT_KNOWN, *arrears)}
    return measures | {f"{kind}.{code}": COST for kind, codes in CHANNELS.items() for code in codes}


def _product(entry: Entry, file: str) -> Product:
    if entry.key not in PRODUCTS:
        raise _wrong(entry, "a product", entry.key, PRODUCTS)
    fields = {field.key: field for field in entries(entry.value, file, entry.key)}
    allowed: Mapping[str, tuple[str, ...]] = {
        "family": FAMILIES,
        "earns": tuple(EARNS),
        "at_risk": ("true", "false"),
    }
    for name, field in fields.items():
        if name not in allowed:
            raise _wrong(field, f"a field of {entry.key}", name, tuple(allowed))
        if _scalar(field) not in allowed[name]:
            raise _wrong(field, f"{name} of {entry.key}", _scalar(field), allowed[name])
    absent = [name for name in allowed if name not in fields]
    if absent:
        raise entry.place.error(
            f"expected family, earns and at_risk of {entry.key}; {absent[0]} is missing. Add it."
        )
    return Product(
        entry.key, _scalar(fields["family"]), _scalar(fields["earns"]), _scalar(fields["at_risk"]) == "true"
    )


def _not_priced(entry: Entry, priced: set[str]) -> tuple[str, ...]:
    items = entry.value.value if isinstance(entry.value, yaml.SequenceNode) else []
    names = tuple(str(item.value) for item in items)
    for name in names:
        if name not in PRODUCTS or name in priced:
            raise _wrong(entry, "a product without rates", name, sorted(set(PRODUCTS) - priced))
    for name in PRODUCTS:
        if name not in priced and name not in names:
            raise entry.place.error(
                f"expected every product in products or not_priced; {name} is in neither. "
                "Give it rates, or name it in not_priced."
            )
    return names


def _arrears(entry: Entry, file: str) -> Mapping[str, int]:
    classes = {field.key: _whole(field) for field in entries(entry.value, file, "arrears")}
    starts = list(classes.values())
    if not starts or starts[0] != 0 or starts != sorted(set(starts)) or NOT_KNOWN in classes:
        raise entry.place.error(
            f"expected classes of arrears that begin at 0 days and rise, none of them {NOT_KNOWN}; got {classes}. "
            "Put them in order, each with the first day that belongs to it."
        )
    return classes


def _scalar(entry: Entry) -> str:
    return str(entry.value.value) if isinstance(entry.value, yaml.ScalarNode) else ""


def _whole(entry: Entry) -> int:
    if not _scalar(entry).isdecimal():
        raise entry.place.error(
            f"expected a whole number of days for {entry.key}; got {_scalar(entry)!r}. Correct it."
        )
    return int(_scalar(entry))


def _wrong(entry: Entry, what: str, got: str, allowed: Sequence[str]) -> PolicyError:
    return entry.place.error(
        f"expected {what} out of {', '.join(allowed)}; got {got!r}. Correct it, or take it out."
    )
