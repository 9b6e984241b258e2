"""What each product earned, cost and may lose: exact sums over days, rounded once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from features.groups.balance_stages import STALE_DAYS, overlap, segments
from features.policy.dated import MILLION, spans
from features.policy.rates import NOT_KNOWN, Product, Rates, day_of, minor_units
from features.rounding import rounded
from features.tables import NEVER
from features.windows import KEYS, Tables, exact, known, onto_spine, reached

YEAR, QUARTER = 365, 90


def product_sums(tables: Tables, spine: ir.Table, rates: Rates) -> ir.Table:
    """Margin, account cost and expected loss of each product, over 365 and 90 days.

    One row per (customer_no, as_of_day) of `spine` and priced product with a known balance on a day of the year.
    `<part>_365`, `<part>_90` in minor units, as positive numbers where the bank earns (margin) or pays (account,
    loss; null of a product not at risk). `days` have a known balance, `held_days` one that is not 0; `balance_days`
    and `exposure_days` are the sums of the balance, and of the balance above 0, over the days; `<part>_sum` is the
    exact sum that was rounded.
    """
    pieces = _pieces(tables, spine, rates)
    n = {days: overlap(pieces, pieces.as_of_day - days, pieces.as_of_day - 1) for days in (YEAR, QUARTER)}
    exposure = ibis.greatest(pieces.balance, ibis.literal(0, "int64"))
    held = ibis.ifelse(pieces.balance != 0, 1, 0).cast("int64")
    parts: dict[str, ir.Value] = {
        "days": n[YEAR],
        "held_days": n[YEAR] * held,
        "balance_days": exact(pieces.balance) * exact(n[YEAR]),
        "exposure_days": exact(exposure) * exact(n[YEAR]),
    }
    for days in (YEAR, QUARTER):
        parts[f"margin_sum_{days}"] = exact(pieces.balance) * exact(pieces.margin * n[days])
        parts[f"account_sum_{days}"] = exact(pieces.account * n[days] * held)
        parts[f"loss_sum_{days}"] = exact(exposure) * exact(pieces.loss * n[days])
    each = pieces.select(*KEYS, "product", **parts)
    each = each.filter(each.days > 0)
    total = each.group_by(*KEYS, "product").aggregate(**{name: each[name].sum() for name in parts})
    year = rates.days_in_year
    scale = {"margin": year * MILLION, "account": year, "loss": year * MILLION * MILLION}
    return total.mutate(
        **{
            f"{part}_{days}": rounded(exact(total[f"{part}_sum_{days}"]), denominator)
            for part, denominator in scale.items()
            for days in (YEAR, QUARTER)
        }
    )


def _pieces(tables: Tables, spine: ir.Table, rates: Rates) -> ir.Table:
    """Balances over the days `start` to `end`, both included, on which no balance and no rate changes."""
    rows = known(tables, "balances", spine)
    rows = rows.filter(
        rows.event_day >= rows.as_of_day - YEAR - STALE_DAYS, rows.bank.fill_null("own") == "own"
    )
    held = segments(rows.select(*KEYS, "event_day").distinct())
    rows = rows.select(*KEYS, "event_day", "product", "balance").join(held, [*KEYS, "event_day"])
    rows = onto_spine(rows, _days_late(tables, spine))
    rated = _rated_spans(rates, tables.currency_decimals)
    joined = rows.join(
        rated,
        [rows["product"] == rated.of_product, rows.start < rated.until_day, rows.end >= rated.start_day],
    )
    loss = ibis.cases(
        (joined.days_late.isnull(), joined[f"loss_{NOT_KNOWN}"]),
        *(
            (joined.days_late >= start, joined[f"loss_{code}"])
            for code, start in reversed(tuple(rates.arrears.items()))
        ),
        else_=ibis.null("int64"),
    )
    return joined.select(
        *KEYS, "product", "balance", "margin", "account",
        loss=loss,
        start=ibis.greatest(joined.start, joined.start_day),
        end=ibis.least(joined.end, joined.until_day - 1),
    )  # fmt: skip


def _days_late(tables: Tables, spine: ir.Table) -> ir.Table:
    """Days past due of the oldest instalment of which less than the amount due is known to be paid, at as_of.

    One row per KEYS: 0 where nothing is past due, null where the bank knows of no repayments yet.
    """
    keys = spine.select(*KEYS)
    if "repayments" not in tables:
        return keys.mutate(days_late=ibis.null("int64"))
    rows = known(tables, "repayments", spine)
    owed = rows.due_principal + rows.due_interest
    paid = ibis.ifelse(rows.paid_day.isnull(), 0, rows.paid_amount.fill_null(owed))
    late = rows.filter(paid < owed, owed > 0)
    oldest = onto_spine(keys, late.group_by(*KEYS).aggregate(first_day=late.event_day.min()))
    days = (oldest.as_of_day - oldest.first_day).cast("int64").fill_null(0)
    is_reached = reached(tables, "repayments", oldest.as_of_day)
    return oldest.select(*KEYS, days_late=ibis.ifelse(is_reached, days, ibis.null("int64")))


def _rated_spans(rates: Rates, decimals: int) -> ir.Table:
    """Rates of each product over the days `[start_day, until_day)` on which none of them changes.

    `margin` in millionths a year, `account` in minor units a year, `loss_<class>` in millionths of millionths a year.
    """
    rows = [row for product in rates.products for row in _spans_of(product, rates, decimals)]
    schema = pa.schema([(name, pa.string() if name == "of_product" else pa.int64()) for name in rows[0]])
    return ibis.memtable(pa.Table.from_pylist(rows, schema=schema))


def _spans_of(product: Product, rates: Rates, decimals: int) -> Iterator[Mapping[str, str | int | None]]:
    classes = (NOT_KNOWN, *rates.arrears)
    names = [*product.margin, product.account_cost]
    if product.at_risk:
        names += [product.loss_share, *(f"default_probability.{code}" for code in classes)]
    for span in spans([rates.series[name] for name in names]):
        value = dict(zip(names, span.millionths, strict=True))
        losses = {
            code: value[product.loss_share] * value[f"default_probability.{code}"]
            if product.at_risk
            else None
            for code in classes
        }
        yield {
            "of_product": product.name,
            "start_day": day_of(span.start),
            "until_day": NEVER if span.until is None else day_of(span.until),
            "margin": sum(sign * value[name] for name, sign in product.margin.items()),
            "account": minor_units(value[product.account_cost], decimals),
            **{f"loss_{code}": loss for code, loss in losses.items()},
        }
