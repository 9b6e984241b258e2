"""Bank Marketing, the additional-full file: calls of a Portuguese bank as snapshots and outcomes.

Source: Moro, Cortez and Rita, "A data-driven approach to predict the success of bank telemarketing", Decision
Support Systems 62 (2014); UCI Machine Learning Repository, CC BY 4.0.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from pipelines.intake import Message
from pipelines.sources.cross_section import CrossSection
from pipelines.sources.writing import ImportFailed, ImportReport, find_file, require_columns, typed_column

_FILES = ("bank_additional_full.parquet", "bank-additional-full.csv", "bank_additional_full.csv")
_FIRST_YEAR = 2008
_LAST_MONTH = date(2010, 11, 1)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NEVER_CONTACTED = 999

TITLES = {
    "age": {"en": "Age", "zh": "年龄"},
    "job": {"en": "Job", "zh": "职业"},
    "marital": {"en": "Marital status", "zh": "婚姻状况"},
    "education": {"en": "Education", "zh": "教育程度"},
    "default": {"en": "Credit in default", "zh": "信贷违约"},
    "housing": {"en": "Housing loan", "zh": "住房贷款"},
    "loan": {"en": "Personal loan", "zh": "个人贷款"},
    "contact": {"en": "Kind of telephone", "zh": "联系电话类型"},
    "month": {"en": "Month of the call", "zh": "通话月份"},
    "day_of_week": {"en": "Weekday of the call", "zh": "通话星期"},
    "campaign": {"en": "Contacts in this campaign", "zh": "本次活动联系次数"},
    "pdays": {"en": "Days since the contact in an earlier campaign", "zh": "距上次活动联系天数"},
    "previous": {"en": "Contacts before this campaign", "zh": "此前活动联系次数"},
    "poutcome": {"en": "Outcome of the earlier campaign", "zh": "上次活动结果"},
    "emp_var_rate": {"en": "Change of employment in the quarter", "zh": "就业季度变动率"},
    "cons_price_idx": {"en": "Consumer price index of the month", "zh": "当月消费者物价指数"},
    "cons_conf_idx": {"en": "Consumer confidence of the month", "zh": "当月消费者信心指数"},
    "euribor3m": {"en": "Three-month Euribor of the day", "zh": "当日三个月欧元同业拆借利率"},
    "nr_employed": {"en": "Employed persons in the quarter, in thousands", "zh": "当季就业人数(千人)"},
}
"""The attributes known before a call, by the names they get here, in the order of the source."""

_NUMBERS = ("age", "campaign", "pdays", "previous")
_DECIMALS = ("emp_var_rate", "cons_price_idx", "cons_conf_idx", "euribor3m", "nr_employed")
_SOURCE_NAMES = {name: name.replace("_", ".") for name in _DECIMALS}


def import_bank_marketing(path: Path, out: Path) -> ImportReport:
    """Turn the calls into contract tables, and write them.

    Every row is a customer of its own: the source has no ids, so `customer_id` is the row's number in the file,
    padded with zeros. `customers`: kind retail. `snapshots`: the attributes known before the call, dots in names as
    underscores; `duration` is left out, since it is known only afterwards. "unknown" stays a category; 999 days
    since the last contact means never and becomes null. `outcomes`: target `response`, 1 where the customer took
    up the deposit.

    The file is ordered by date from May 2008 to November 2010 and gives months only: a year ends where the months
    start again. `as_of` is the first day of the month of the call, the finest that the source allows; the month's
    indicators are those of the call, published about then.

    Raises
    ------
    ImportFailed
        If the file is not the published data set, or `out` holds other files.
    """
    file = find_file(path, _FILES)
    calls = _read(file)
    as_of = _call_months(file, calls["month"].to_pylist())
    width = len(str(calls.num_rows))
    rows = pa.table(
        {
            "customer_id": [str(number).zfill(width) for number in range(1, calls.num_rows + 1)],
            "as_of": pa.array(as_of, pa.date32()),
            **{name: calls[name] for name in TITLES},
            "value": pc.equal(calls["y"], "yes"),
        }
    )
    last = max(as_of)
    following = date(last.year + last.month // 12, last.month % 12 + 1, 1)
    return _BANK.write(rows, following, _notes(rows), out)


_BANK = CrossSection("bank-marketing", "Europe/Lisbon", "EUR", "response", TITLES)


def _read(file: Path) -> pa.Table:
    """Read the file as published, Parquet or CSV with semicolons, with the names and types used here."""
    try:
        if file.suffix.lower() == ".csv":
            rows = pacsv.read_csv(
                file,
                parse_options=pacsv.ParseOptions(delimiter=";"),
                convert_options=pacsv.ConvertOptions(strings_can_be_null=False, null_values=[]),
            )
        else:
            rows = pq.read_table(file)
    except (pa.ArrowException, OSError) as error:
        raise ImportFailed("unreadable", path=file.name, detail=" ".join(str(error).split())[:300]) from error
    require_columns(file, rows.column_names, [*(_SOURCE_NAMES.get(name, name) for name in TITLES), "y"])
    columns = {}
    for name in (*TITLES, "y"):
        source_name = _SOURCE_NAMES.get(name, name)
        columns[name] = _typed(file, name, rows[source_name])
    if not set(columns["y"].unique().to_pylist()) <= {"yes", "no"}:
        raise ImportFailed("values", path=file.name, column="y", expected="yes or no", got="other values")
    return pa.table(columns)


def _typed(file: Path, name: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
    wanted = pa.int64() if name in _NUMBERS else pa.float64() if name in _DECIMALS else pa.string()
    typed = typed_column(file, name, values, wanted)
    if name == "pdays":
        return pc.if_else(pc.equal(typed, _NEVER_CONTACTED), pa.scalar(None, pa.int64()), typed)
    return typed


def _call_months(file: Path, months: Sequence[str]) -> list[date]:
    """First day of each call's month; a new year begins where a month comes before the one of the row above.

    Examples
    --------
    >>> [day.isoformat() for day in _call_months(Path("calls.csv"), ["nov", "dec", "mar"])]
    ['2008-11-01', '2008-12-01', '2009-03-01']
    """
    days, year, before = [], _FIRST_YEAR, 0
    for name in months:
        if name not in _MONTHS:
            expected = ", ".join(_MONTHS)
            raise ImportFailed("values", path=file.name, column="month", expected=expected, got=name)
        month = _MONTHS.index(name) + 1
        year += month < before
        before = month
        if (year, month) > (_LAST_MONTH.year, _LAST_MONTH.month):
            raise ImportFailed("order", path=file.name, got=f"{year}-{month:02d}")
        days.append(date(year, month, 1))
    return days


def _notes(rows: pa.Table) -> tuple[Message, ...]:
    never = rows["pdays"].null_count
    contradicting = pc.sum(pc.and_(pc.is_null(rows["pdays"]), pc.greater(rows["previous"], 0))).as_py()
    distinct = rows.group_by([*TITLES, "as_of"]).aggregate([]).num_rows
    return (
        Message("imports.duration"),
        Message("imports.month_grain"),
        Message("imports.never_contacted", {"count": never}),
        Message("imports.contradiction", {"count": contradicting or 0}),
        Message("imports.repeated_rows", {"count": rows.num_rows - distinct}),
    )
