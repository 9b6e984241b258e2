"""Transactions as the groups need them: read once, added up once per segment of time, folded at each as_of."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.policy import read_policy
from features.segments import active_days, at_moments, knowledge, recent, was_known
from features.tables import ALWAYS, NEVER
from features.windows import KEYS, Tables

YEAR = 365
BLOCK = 30
BLOCKS = 6
EDGES = (*(BLOCK * (place + 1) for place in range(BLOCKS)), YEAR)
KINDS = (
    "payment", "purchase", "cash", "transfer", "other", "salary", "fee", "penalty_interest", "loan_disbursement",
    "loan_repayment",
)  # fmt: skip
CHANNELS = ("branch", "atm", "online", "mobile", "pos", "system")
PARTIES = ("own_elsewhere", "payment_institution", "nonbank_lender")
_FIRST_OF_WEEKEND = 5


def rows_seen(tables: Tables) -> ir.Table:
    """Rows that the run can see, their words as small numbers: read from the bank's table once.

    Columns kind, channel and party hold the place of the word in `KINDS`, `CHANNELS` and `PARTIES` (others: null);
    `partner` is whom a customer-started row was with, where that is somebody else whom the bank can tell.
    """
    return tables.share("txn_rows", lambda: _coded(tables, recent(tables, "transactions", EDGES)))


def _coded(tables: Tables, rows: ir.Table) -> ir.Table:
    def place(column: str, words: tuple[str, ...]) -> ir.IntegerValue:
        pairs = [(word, ibis.literal(number, "int8")) for number, word in enumerate(words)]
        return rows[column].cases(*pairs, else_=ibis.null("int8"))

    started = (rows.started_by == "customer").fill_null(False)  # noqa: FBT003 - a literal of the expression
    to_self = (rows.counterparty_kind == "own_elsewhere").fill_null(False)  # noqa: FBT003
    return rows.select(
        "customer_no",
        "segment",
        *knowledge(tables),
        "event_day",
        "amount",
        started=started,
        kind=place("kind", KINDS),
        channel=place("channel", CHANNELS),
        party=place("counterparty_kind", PARTIES),
        partner=ibis.ifelse(started & ~to_self, rows.counterparty, ibis.null("string")),
    )


def parts(tables: Tables) -> ir.Table:
    """Add up the rows of each customer and segment."""
    rows = rows_seen(tables)
    started, size = rows.started, rows.amount.abs()
    enters, leaves = rows.amount > 0, rows.amount < 0

    def kind(*words: str) -> ir.BooleanValue:
        return _is_one(rows.kind, KINDS, words)

    def by(*words: str) -> ir.BooleanValue:
        return started & _is_one(rows.channel, CHANNELS, words)

    def party(word: str) -> ir.BooleanValue:
        return _is_one(rows.party, PARTIES, (word,))

    lent = started & enters & kind("loan_disbursement")
    salary = enters & kind("salary")
    elsewhere = started & leaves & party("own_elsewhere")
    # 1970-01-01 was a Thursday
    is_weekend = (rows.event_day + 3) % 7 >= _FIRST_OF_WEEKEND
    return rows.group_by("customer_no", "segment", *knowledge(tables)).aggregate(
        n=rows.count(where=started),
        size=size.sum(where=started),
        net=rows.amount.sum(where=started),
        largest=size.max(where=started),
        lent=rows.amount.sum(where=lent),
        repaid=size.sum(where=started & leaves & kind("loan_repayment")),
        branch=rows.count(where=by("branch")),
        digital=rows.count(where=by("online", "mobile")),
        atm=rows.count(where=by("atm")),
        pos=rows.count(where=by("pos")),
        with_channel=rows.count(where=by(*CHANNELS)),
        weekend=rows.count(where=started & is_weekend),
        payments=size.sum(where=started & leaves & kind("payment", "purchase")),
        cash=size.sum(where=started & leaves & kind("cash")),
        transfers=size.sum(where=started & leaves & kind("transfer")),
        refunds=rows.count(where=started & enters & kind("other")),
        salary=rows.amount.sum(where=salary),
        salaries=rows.count(where=salary),
        salary_day=rows.event_day.max(where=salary),
        fees=size.sum(where=leaves & kind("fee", "penalty_interest")),
        penalties=size.sum(where=leaves & kind("penalty_interest")),
        elsewhere=size.sum(where=elsewhere),
        elsewhere_day=rows.event_day.max(where=elsewhere),
        institution=size.sum(where=started & leaves & party("payment_institution")),
        nonbank=rows.amount.sum(where=enters & party("nonbank_lender")),
    )


def _is_one(code: ir.IntegerValue, words: tuple[str, ...], wanted: tuple[str, ...]) -> ir.BooleanValue:
    return code.isin([words.index(word) for word in wanted])


_WINDOWS = {
    "n": (30, 90, 180, 365), "size": (30, 90, 180, 365), "net": (30, 90, 180, 365),
    "lent": (30, 90, 180, 365), "repaid": (30, 90, 180, 365), "branch": (180,), "digital": (90, 180, 365),
    "atm": (180,), "pos": (180,), "with_channel": (90, 180, 365), "weekend": (365,), "payments": (90, 365),
    "cash": (90, 365), "transfers": (90, 365), "refunds": (365,), "salary": (90, 365), "salaries": (90, 365),
    "fees": (90, 365), "penalties": (365,), "elsewhere": (90, 180, 365), "institution": (180,), "nonbank": (365,),
}  # fmt: skip


def sums(seen: ir.Table) -> ir.Table:
    """Fold segments of the year before as_of into windows: `<measure>_<days>`, 0 where nothing is in the window."""
    found: dict[str, ir.Value] = {}
    for measure, windows in _WINDOWS.items():
        for days in windows:
            inside = None if days == YEAR else seen.segment >= seen.as_of_day - days
            found[f"{measure}_{days}"] = seen[measure].sum(where=inside).fill_null(0).cast("int64")
    for block in range(BLOCKS):
        start = seen.as_of_day - BLOCK * (block + 1)
        inside = (seen.segment >= start) & (seen.segment < start + BLOCK)
        found[f"salaries_block_{block}"] = (seen.salaries.sum(where=inside).fill_null(0) > 0).cast("int64")
    return seen.group_by(*KEYS).aggregate(
        **found,
        largest=seen.largest.max(),
        salary_day=seen.salary_day.max(),
        elsewhere_day=seen.elsewhere_day.max(),
    )


def days_seen(tables: Tables) -> ir.Table:
    """Days on which a customer started a transaction, among those that the run can see; with their knowledge."""

    def days() -> ir.Table:
        rows = rows_seen(tables)
        return rows.filter(rows.started).select("customer_no", "event_day", *knowledge(tables)).distinct()

    return tables.share("txn_days", days)


def rhythm(tables: Tables, spine: ir.Table) -> ir.Table:
    """Active days per window and the intervals between them; one row per KEYS active within a year."""
    days = at_moments(tables, days_seen(tables), spine, YEAR, "event_day")
    return active_days(days, (30, 90, 180, YEAR))


def earlier(tables: Tables, spine: ir.Table) -> ir.Table:
    """First and last active day of the time before each as_of's year; one row per KEYS with one."""
    ends = tables.share("txn_earlier", lambda: _earlier(tables))
    moments = spine.select("as_of_day").distinct()
    parts = was_known(tables, ends.cross_join(moments)).select(*KEYS, "earliest", "latest")
    if len(tables.as_of_days) > 1:
        days = days_seen(tables).cross_join(moments)
        days = was_known(tables, days.filter(days.event_day < days.as_of_day - YEAR))
        parts = parts.union(days.select(*KEYS, earliest=days.event_day, latest=days.event_day))
    return parts.group_by(*KEYS).aggregate(earliest=parts.earliest.min(), latest=parts.latest.max())


def last_active_day(tables: Tables, spine: ir.Table) -> ir.Table:
    """The last day ever on which the customer started a transaction, `last_day`; one row per KEYS with one."""
    days = at_moments(tables, days_seen(tables), spine, YEAR, "event_day")
    older = earlier(tables, spine)
    both = days.select(*KEYS, last_day=days.event_day).union(older.select(*KEYS, last_day=older.latest))
    return both.group_by(*KEYS).aggregate(last_day=both.last_day.max())


def _earlier(tables: Tables) -> ir.Table:
    """Ends of the time before the first as_of's year; later days are among `days_seen`."""
    first, last = min(tables.as_of_days), max(tables.as_of_days)
    rows = tables["transactions"]
    rows = rows.filter(
        rows.started_by == "customer",
        rows.event_day < first - YEAR,
        rows.known_day <= last,
        rows.until_day > first,
    )
    is_punctual = rows.known_day <= first
    rows = rows.mutate(
        late_day=ibis.ifelse(is_punctual, ibis.literal(ALWAYS, "int32"), rows.known_day),
        until_day=ibis.ifelse(rows.until_day > last, ibis.literal(NEVER, "int32"), rows.until_day),
    )
    return rows.group_by("customer_no", *knowledge(tables)).aggregate(
        earliest=rows.event_day.min(), latest=rows.event_day.max()
    )


def partners(tables: Tables, spine: ir.Table) -> ir.Table:
    """Who pays the customer and whom the customer pays, over a year; partners are those the bank has a name for."""
    rows = at_moments(tables, rows_seen(tables), spine, YEAR, "event_day")
    rows = rows.filter(rows.partner.notnull())
    out = rows.amount < 0
    block = (rows.as_of_day - 1 - rows.event_day) // BLOCK
    months = ibis.cases(*((block == place, 1 << place) for place in range(1, BLOCKS)), else_=0)
    recurring = read_policy("transactions")["recurring"]
    is_recent = rows.event_day >= rows.as_of_day - recurring["kept_within_days"]
    each = rows.group_by(*KEYS, "partner").aggregate(
        paid_in=rows.amount.sum(where=~out),
        paid_out=(-rows.amount).sum(where=out),
        months=months.cast("int32").bit_or(where=out),
        is_recent=is_recent.cast("int32").max(where=out),
    )
    months_paid = sum(((each.months >> place) & 1 for place in range(1, BLOCKS)), ibis.literal(0))
    each = tables.keep(
        "txn_partner_sums",
        each.mutate(
            is_recurring=(months_paid >= recurring["blocks_needed"]).fill_null(False),  # noqa: FBT003
            is_recent=(each.is_recent == 1).fill_null(False),  # noqa: FBT003
            in_place=ibis.row_number().over(group_by=KEYS, order_by=ibis.desc(each.paid_in.fill_null(0))),
            out_place=ibis.row_number().over(group_by=KEYS, order_by=ibis.desc(each.paid_out.fill_null(0))),
        ).drop("months", "partner"),
    )
    return each.group_by(*KEYS).aggregate(
        payers=each.count(where=each.paid_in > 0),
        payees=each.count(where=each.paid_out > 0),
        in_all=each.paid_in.sum(),
        out_all=each.paid_out.sum(),
        in_1=each.paid_in.sum(where=each.in_place < 1),
        in_3=each.paid_in.sum(where=each.in_place < 3),
        out_1=each.paid_out.sum(where=each.out_place < 1),
        out_3=each.paid_out.sum(where=each.out_place < 3),
        kept=each.count(where=each.is_recurring & each.is_recent),
        lost=each.count(where=each.is_recurring & ~each.is_recent),
    )
