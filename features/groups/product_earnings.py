"""What each product earned, cost and may lose: exact sums over days, rounded once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from features.groups.arrears import instalments
from features.groups.balance_stages import overlap, own_reports
from features.policy.dated import MILLION, spans
from features.policy.rates import NOT_KNOWN, Product, Rates, day_of, minor_units
from features.rounding import rounded
from features.tables import NEVER
from features.windows import KEYS, Tables, exact, onto_spine, reached

YEAR, QUARTER = 365, 90
_WINDOWS = (YEAR, QUARTER)


@dataclass(frozen=True)
class _Span:
    """Rates of a product over the days `[start, until)` of the run, on which none of them changes.

    `margin` in millionths a year, `account` in minor units a year, `losses` by class of arrears in millionths of
    millionths a year (empty: a product not at risk).
    """

    start: int
    until: int
    margin: int
    account: int
    losses: Mapping[str, int]

    def days(self, own: ir.Table, window: int) -> ir.IntegerValue:
        """Count the days of a segment in the span and the window."""
        first = ibis.greatest(own.as_of_day - window, ibis.literal(self.start))
        return overlap(own, first, ibis.least(own.as_of_day, ibis.literal(self.until)) - 1)

    @property
    def label(self) -> str:
        """The span's part of a column name."""
        return f"{self.start}_{self.until}"


def product_sums(tables: Tables, spine: ir.Table, rates: Rates) -> ir.Table:
    """Return `product_earnings` over 365 days with a row per product, for statements.

    One row per (customer_no, as_of_day) of `spine` and priced product with a known balance on a day of the year.
    `margin`, `account` and `loss` (null of a product not at risk) in minor units; `<part>_sum` is the exact sum that
    was rounded. `days` have a known balance, `held_days` one that is not 0; `balance_days` and `exposure_days` are
    the sums of the balance, and of the balance above 0, over the days.
    """
    wide = tables.keep("product_earnings", product_earnings(tables, spine, rates))
    nothing = ibis.null("decimal(38, 0)")
    rows = []
    for product in rates.products:
        losses = ("loss", "loss_sum", "exposure_days")
        names = ("margin", "margin_sum", "account", "account_sum", "days", "held_days", "balance_days")
        columns: dict[str, ir.Value] = {name: wide[f"{product.name}_{name}_{YEAR}"] for name in names}
        for name in losses:
            columns[name] = wide[f"{product.name}_{name}_{YEAR}"] if product.at_risk else nothing
        rows.append(wide.select(*KEYS, product=ibis.literal(product.name), **columns))
    long = ibis.union(rows[0], *rows[1:]) if len(rows) > 1 else rows[0]
    return long.filter(long.days > 0)


def product_earnings(tables: Tables, spine: ir.Table, rates: Rates) -> ir.Table:
    """Margin, account cost and expected loss of each product, over 365 and 90 days.

    One row per (customer_no, as_of_day) of `spine` with a report. For every priced product and window, as
    `<product>_<measure>_<days>`, the measures of `product_sums`, positive where the bank earns (margin) or pays
    (account, loss); null of a product without a row. A product not at risk has no loss and no exposure.
    """
    found = {product: _spans_of(tables, product, rates) for product in rates.products}
    sums = onto_spine(_day_sums(own_reports(tables, spine), found), _days_late(tables, spine))
    scale = {
        "margin": rates.days_in_year * MILLION,
        "account": rates.days_in_year,
        "loss": rates.days_in_year * MILLION * MILLION,
    }
    columns: dict[str, ir.Value] = {}
    for product, rated in found.items():
        for window in _WINDOWS:
            for name, value in _totals(sums, product, rated, window, rates).items():
                columns[f"{product.name}_{name}_{window}"] = value
                if (part := name.removesuffix("_sum")) in scale and part != name:
                    columns[f"{product.name}_{part}_{window}"] = rounded(value, scale[part])
    return sums.select(*KEYS, **columns)


def _day_sums(own: ir.Table, found: Mapping[Product, tuple[_Span, ...]]) -> ir.Table:
    """Sums over the days of each product, span and window: `<product>_<measure>_<span>_<window>`.

    One row per KEYS. Products of an amount and a number of days are 64-bit: one that does not fit is refused by the
    engine.
    """
    spans_found = {span.label: span for rated in found.values() for span in rated}
    days = {
        f"{label}_{window}": span.days(own, window)
        for label, span in spans_found.items()
        for window in _WINDOWS
    }
    parts: dict[str, ir.Value] = {}
    for product, rated in found.items():
        balance = own[product.name]
        for key in (f"{span.label}_{window}" for span in rated for window in _WINDOWS):
            n = days[key]
            parts[f"{product.name}_days_{key}"] = ibis.ifelse(balance.notnull(), n, 0)
            parts[f"{product.name}_held_{key}"] = (balance != 0).cast("int64") * n
            parts[f"{product.name}_balance_{key}"] = balance * n
            if product.at_risk:
                parts[f"{product.name}_exposure_{key}"] = ibis.greatest(balance, 0) * n
    each = own.select(*KEYS, **parts)
    return each.group_by(*KEYS).aggregate(**{name: each[name].sum() for name in parts})


def _totals(
    sums: ir.Table, product: Product, rated: tuple[_Span, ...], window: int, rates: Rates
) -> dict[str, ir.Value]:
    """Exact sums of a product over a window, each span at its own rates."""

    def total(measure: str, *prices: ir.IntegerValue | int) -> ir.DecimalValue:
        terms = [
            exact(sums[f"{product.name}_{measure}_{span.label}_{window}"])
            * exact(ibis.literal(price) if isinstance(price, int) else price)
            for span, price in zip(rated, prices, strict=True)
        ]
        return sum(terms[1:], start=terms[0])

    ones = [1] * len(rated)
    columns = {
        "days": total("days", *ones),
        "held_days": total("held", *ones),
        "balance_days": total("balance", *ones),
        "margin_sum": total("balance", *(span.margin for span in rated)),
        "account_sum": total("held", *(span.account for span in rated)),
    }
    if product.at_risk:
        columns["exposure_days"] = total("exposure", *ones)
        columns["loss_sum"] = total("exposure", *(_loss(sums, span, rates) for span in rated))
    return columns


def _loss(sums: ir.Table, span: _Span, rates: Rates) -> ir.IntegerValue:
    """Return the expected loss of the customer's class of arrears."""
    return ibis.cases(
        (sums.days_late.isnull(), span.losses[NOT_KNOWN]),
        *(
            (sums.days_late >= start, span.losses[code])
            for code, start in reversed(tuple(rates.arrears.items()))
        ),
        else_=ibis.null("int64"),
    )


def _days_late(tables: Tables, spine: ir.Table) -> ir.Table:
    """Days past due of the oldest instalment of which less than the amount due is known to be paid, at as_of.

    One row per KEYS: 0 where nothing is past due, null where the bank knows of no repayments yet.
    """
    keys = spine.select(*KEYS)
    if "repayments" not in tables:
        return keys.mutate(days_late=ibis.null("int64"))
    late = instalments(tables, spine).filter(lambda t: t.is_open)
    oldest = onto_spine(keys, late.group_by(*KEYS).aggregate(first_day=late.due_day.min()))
    days = (oldest.as_of_day - oldest.first_day).cast("int64").fill_null(0)
    is_reached = reached(tables, "repayments", oldest.as_of_day)
    return oldest.select(*KEYS, days_late=ibis.ifelse(is_reached, days, ibis.null("int64")))


def _spans_of(tables: Tables, product: Product, rates: Rates) -> tuple[_Span, ...]:
    """Spans of a product's rates that any window of the run touches, cut to the run."""
    seen = tables.as_of_days if tables.only_day is None else (tables.only_day,)
    first, last = min(seen) - YEAR, max(seen)
    classes = (NOT_KNOWN, *rates.arrears) if product.at_risk else ()
    names = [*product.margin, product.account_cost]
    if product.at_risk:
        names += [product.loss_share, *(f"default_probability.{code}" for code in classes)]
    found = []
    for span in spans([rates.series[name] for name in names]):
        value = dict(zip(names, span.millionths, strict=True))
        start, until = day_of(span.start), NEVER if span.until is None else day_of(span.until)
        if start >= last or until <= first:
            continue
        found.append(
            _Span(
                start=max(start, first),
                until=min(until, last),
                margin=sum(sign * value[name] for name, sign in product.margin.items()),
                account=minor_units(value[product.account_cost], tables.currency_decimals),
                losses={
                    code: value[product.loss_share] * value[f"default_probability.{code}"] for code in classes
                },
            )
        )
    return tuple(found)
