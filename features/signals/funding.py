"""Measures on other houses: own accounts elsewhere, non-bank lenders, and sudden needs for funds."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.signals.deposits import closings, month_ends
from features.signals.evaluations import (
    YEAR_DAYS,
    calendar,
    day_number,
    earliest,
    evaluation_days,
    moments,
    month_of,
    month_start,
    months_of,
    on_days,
    run_months,
    with_other,
)
from features.signals.flows import BUSINESS, BY_MONTH, months, observed_from, of_kinds, seen
from features.signals.limits import limits_of
from features.signals.measures import EVALUATED, Measure, MeasureTable
from features.tables import NEVER
from features.windows import KEYS, Tables, exact, ratio

_EVALUATION = (*KEYS, EVALUATED)


def elsewhere(tables: Tables, spine: ir.Table) -> ir.Table:
    """Money sent to own accounts at other institutions, and how long there had been none.

    One row per row of `spine` and evaluation: as_of; and for a customer with an outflow, in the time looked back
    on, after a silence that a limit asks for, also the firsts of months and the days on which such an outflow
    became known (any other evaluation could only repeat that there is nothing). Outflow of the last 30 days in minor
    units; days without one before the first of them, or since the relationship can be observed, 0 where there was
    none in the 30 days. Null: less than 365 days observed.

    Source: warning-signals.md, M46.
    """
    rows = tables.share("signals_elsewhere", lambda: _outflows(tables))
    starts = tables.share("signals_elsewhere_starts", lambda: _starts(tables, rows))
    known_starts = spine.select(*KEYS).join(earliest(tables), "as_of_day").join(starts, "customer_no")
    known_starts = known_starts.filter(
        known_starts.event_day >= known_starts.earliest - 30, known_starts.day <= known_starts.as_of_day
    )
    watched = spine.semi_join(known_starts, KEYS)
    others = spine.anti_join(known_starts, KEYS)
    days = evaluation_days(tables, watched, starts)
    days = days.union(others.select(*KEYS, **{EVALUATED: others.as_of_day.cast("int32")}))
    return _quiet(tables, spine, days, rows, ("elsewhere_outflow_30d", "elsewhere_quiet_days"))


def _outflows(tables: Tables) -> ir.Table:
    rows = tables["transactions"]
    rows = rows.filter(rows.counterparty_kind == "own_elsewhere", rows.amount < 0)
    return rows.select("customer_no", "event_day", "known_day", "until_day", size=-rows.amount)


def _starts(tables: Tables, rows: ir.Table) -> ir.Table:
    """Outflows that may end a silence: customer_no, event_day, and `day`, the first on which one is known.

    Only rows that every later evaluation sees, known the day after and never corrected, count as breaking one. Who has
    such a row in every span that a silence up to an evaluation of the run would cover is left out at once.
    """
    least = int(min(limits_of("elsewhere_quiet_days")))
    plain_rows = rows.filter(rows.known_day == rows.event_day + 1, rows.until_day == NEVER)
    first = day_number(month_start(run_months(tables)[0])) - 30
    always = plain_rows.filter(
        plain_rows.event_day >= max(tables.as_of_days) - least, plain_rows.event_day < first
    )
    rows = rows.anti_join(always, "customer_no")
    is_plain = (rows.known_day == rows.event_day + 1) & (rows.until_day == NEVER)
    plain = ibis.ifelse(is_plain, rows.event_day, ibis.null("int32"))
    days = rows.mutate(plain=plain).group_by("customer_no", "event_day")
    of_day = days.aggregate(plain=lambda t: t.plain.max())
    of_day = of_day.mutate(
        newest=of_day.plain.max().over(ibis.cumulative_window(group_by="customer_no", order_by="event_day"))
    )
    before = of_day.newest.lag().over(group_by="customer_no", order_by="event_day")
    of_day = of_day.mutate(before=before)
    starts = of_day.filter(of_day.before.isnull() | (of_day.event_day - of_day.before >= least))
    those = rows.join(starts.select("customer_no", "event_day"), ["customer_no", "event_day"])
    return those.select("customer_no", "event_day", day=those.known_day).distinct()


def _quiet(
    tables: Tables, spine: ir.Table, days: ir.Table, rows: ir.Table, names: tuple[str, str]
) -> ir.Table:
    """Sum of the 30 days before each evaluation, and days without any before the first of them.

    One row per row of `days`, with the two measures under `names`; `rows` are customer_no, event_day, known_day,
    until_day and `size`.
    """
    at = rows.join(moments(days), "customer_no")
    at = at.filter(at.known_day <= at.as_of_day, at.until_day > at.as_of_day)
    is_near = at.event_day >= at.as_of_day - 30
    found = at.group_by(*KEYS).aggregate(
        sum=at["size"].sum(where=is_near).cast("int64"),
        first=at.event_day.min(where=is_near),
        before=at.event_day.max(where=~is_near),
    )
    amount, quiet = names
    joined = on_days(days, found).join(spine.select(*KEYS, "opened_day"), KEYS)
    start = observed_from(tables, "transactions", joined)
    is_whole = start <= joined[EVALUATED] - YEAR_DAYS
    silence = ibis.ifelse(joined["first"].isnull(), 0, joined["first"] - joined.before.fill_null(start))
    return joined.select(
        *_EVALUATION,
        **{
            amount: ibis.ifelse(is_whole, joined["sum"].fill_null(0).cast("float64"), ibis.null("float64")),
            quiet: ibis.ifelse(is_whole, silence.cast("float64"), ibis.null("float64")),
        },
    )


def nonbank(tables: Tables, spine: ir.Table) -> ir.Table:
    """What is owed to non-bank lenders against a year before, and money that begins to come from them.

    One row per row of `spine` and first of a month: the newest; and for a customer with such a debt or inflow
    known by as_of all that are looked back on. Debt in minor units at the end of the month just ended, and twelve
    months before it; its growth needs one above 0. Null: no reporting date in the month. Inflow of the last 30
    days and the days without one before the first of them, as with `elsewhere`; null: less than 365 days observed.

    Source: warning-signals.md, M45; the time compared with is an own choice: loans that come and go with the season
    are no rise.
    """
    parts = []
    if "balances" in tables:
        parts.append(tables["balances"].filter(lambda t: t.bank == "nonbank"))
    if "transactions" in tables:
        parts.append(_lenders(tables))
    concerned = [part.group_by("customer_no").aggregate(seen_day=part.known_day.min()) for part in parts]
    some = concerned[0].union(*concerned[1:]) if len(concerned) > 1 else concerned[0]
    those = spine.select(*KEYS).join(some, "customer_no")
    those = those.filter(those.seen_day <= those.as_of_day).select(*KEYS).distinct()
    others = months_of(tables, spine.select(*KEYS).anti_join(those, KEYS), newest=True)
    days = months_of(tables, those).union(others)
    return _debts(tables, days).join(_lent(tables, spine, days), list(_EVALUATION))


def _debts(tables: Tables, days: ir.Table) -> ir.Table:
    names = ("nonbank_debt", "nonbank_debt_before", "nonbank_debt_growth")
    if "balances" not in tables:
        return days.select(*_EVALUATION, **{name: ibis.null("float64") for name in names})
    ends = month_ends(tables, closings(tables, "nonbank", 13), 13)
    pair = ends.group_by(*BY_MONTH).aggregate(
        now=ends.whole.max(where=ends.back == 1), before=ends.whole.max(where=ends.back == 13)
    )
    joined = with_other(days, pair, BY_MONTH)
    growth = ratio(joined.now - joined.before, joined.before)
    return joined.select(
        *_EVALUATION,
        nonbank_debt=joined.now.cast("float64"),
        nonbank_debt_before=joined.before.cast("float64"),
        nonbank_debt_growth=ibis.ifelse(joined.before > 0, growth, ibis.null("float64")),
    )


def _lent(tables: Tables, spine: ir.Table, days: ir.Table) -> ir.Table:
    names = ("nonbank_inflow_30d", "nonbank_quiet_days")
    keys = days.select(*_EVALUATION)
    if "transactions" not in tables:
        return keys.mutate(**{name: ibis.null("float64") for name in names})
    return _quiet(tables, spine, keys, _lenders(tables), names)


def _lenders(tables: Tables) -> ir.Table:
    def inflows() -> ir.Table:
        rows = tables["transactions"]
        rows = rows.filter(rows.counterparty_kind == "nonbank_lender", rows.amount > 0)
        return rows.select("customer_no", "event_day", "known_day", "until_day", size=rows.amount)

    return tables.share("signals_lenders", inflows)


def funds_need(tables: Tables, spine: ir.Table) -> ir.Table:
    """A business asks for credit out of the ordinary.

    One row per row of `spine` of a business with a request known by as_of, and evaluation: firsts of months, as_of,
    and the days on which a request became known. The largest request of the last 30 days in minor units, 0 where there
    was none, null where no amount was noted; its share of the line of credit in the customer's newest state then, and
    of the settlement inflow of the twelve calendar months before the month of the evaluation, known on its first.
    A share is 0 without a request; null where what it is a share of is unknown or 0.

    Source: warning-signals.md, M47.
    """
    rows = tables["needs"]
    rows = rows.filter(rows.kind == "credit_request")
    businesses = of_kinds(tables, spine, *BUSINESS).select(*KEYS, "opened_day")
    asked = businesses.join(rows.select("customer_no", "known_day"), "customer_no")
    businesses = businesses.semi_join(asked.filter(asked.known_day <= asked.as_of_day), KEYS)
    days = evaluation_days(tables, businesses, rows.select("customer_no", day=rows.known_day))
    at = rows.join(moments(days), "customer_no")
    at = at.filter(
        at.known_day <= at.as_of_day, at.until_day > at.as_of_day, at.event_day >= at.as_of_day - 30
    )
    found = at.group_by(*KEYS).aggregate(requests=at.count(), largest=at.amount.max())
    joined = on_days(days, found).join(businesses, KEYS)
    joined = with_other(joined, _lines(tables, days), ("customer_no", EVALUATED))
    joined = with_other(joined.mutate(month=month_of(joined[EVALUATED])), _inflows(tables), BY_MONTH)
    request = ibis.ifelse(joined.requests.fill_null(0) == 0, ibis.literal(0, "int64"), joined.largest)
    is_whole = observed_from(tables, "transactions", joined) <= joined.year_day
    inflow = ibis.ifelse(is_whole, joined.inflow, ibis.null("int64"))
    return joined.select(
        *_EVALUATION,
        credit_request=request.cast("float64"),
        credit_request_of_line=_part(request, joined.credit_line),
        credit_request_of_inflow=_part(request, inflow),
    )


def _part(request: ir.IntegerValue, whole: ir.IntegerValue) -> ir.FloatingValue:
    return ibis.ifelse(request == 0, ibis.literal(0.0), ratio(request, whole))


def _lines(tables: Tables, days: ir.Table) -> ir.Table:
    """The line of credit in each customer's newest state at an evaluation; none where it does not serve past dates."""
    at = tables["customers"].join(moments(days), "customer_no")
    at = at.filter(at.known_day <= at.as_of_day, at.until_day > at.as_of_day)
    newest = ibis.row_number().over(group_by=KEYS, order_by=[ibis.desc("event_day"), ibis.desc("known_day")])
    at = at.mutate(place=newest).filter(lambda t: t.place == 0)
    serves = "credit_line" in tables.profile_columns
    line = at.credit_line if serves else ibis.null("int64")
    return at.select("customer_no", credit_line=line, **{EVALUATED: at.as_of_day})


def _inflows(tables: Tables) -> ir.Table:
    """Settlement inflow of the twelve months before each first of a month, and the day on which they begin."""
    firsts = run_months(tables)
    dates = calendar({"month": firsts, "year_day": [day_number(month_start(month - 12)) for month in firsts]})
    if "transactions" not in tables:
        nobody = dates.filter(ibis.literal(False))  # noqa: FBT003
        return nobody.mutate(customer_no=ibis.null("int32"), inflow=ibis.null("int64"))
    each = months(tables).semi_join(tables["needs"], "customer_no")
    rows = seen(tables, each, 12)
    sums = rows.group_by(*BY_MONTH).aggregate(inflow=exact(rows.inflow).sum().cast("int64"))
    return sums.join(dates, "month")


ELSEWHERE = MeasureTable(
    elsewhere,
    (
        Measure(
            "elsewhere_outflow_30d", "money", ("transactions",), "Sent to own accounts elsewhere in 30 days."
        ),
        Measure("elsewhere_quiet_days", "days", ("transactions",), "Days without before the first of them."),
    ),
)

NONBANK = MeasureTable(
    nonbank,
    (
        Measure("nonbank_debt", "money", ("balances",), "Owed to non-bank lenders at the month's end."),
        Measure("nonbank_debt_before", "money", ("balances",), "Owed twelve months before."),
        Measure("nonbank_debt_growth", "share", ("balances",), "Change from the one to the other."),
        Measure(
            "nonbank_inflow_30d", "money", ("transactions",), "Received from non-bank lenders in 30 days."
        ),
        Measure("nonbank_quiet_days", "days", ("transactions",), "Days without before the first of them."),
    ),
)

FUNDS_NEED = MeasureTable(
    funds_need,
    (
        Measure("credit_request", "money", ("needs",), "Largest credit request of 30 days."),
        Measure("credit_request_of_line", "share", ("needs",), "Its share of the existing line."),
        Measure(
            "credit_request_of_inflow", "share", ("needs", "transactions"), "Its share of a year's inflow."
        ),
    ),
)
