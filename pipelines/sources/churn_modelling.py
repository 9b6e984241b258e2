"""Churn Modelling: 10,000 customers of a bank in three countries as snapshots, their leaving as outcomes.

Source: teaching set of SuperDataScience, spread through Kaggle; almost certainly simulated, licence CC0 or unknown
depending on the copy.
"""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.intake import Message
from pipelines.sources.writing import (
    ImportReport,
    find_file,
    read_parquet_or_csv,
    require_columns,
    require_count,
    require_values,
    typed_column,
    write_bank,
)

SOURCE = "churn-modelling"
_FILES = ("churn_modelling.parquet", "Churn_Modelling.csv", "churn_modelling.csv")
_ZONE, _CURRENCY = "Europe/Paris", "EUR"
_AS_OF = date(2016, 1, 1)
_ROWS, _CHURNED = 10_000, 2_037
_SEX = {"Female": "F", "Male": "M"}

TITLES = {
    "credit_score": {"en": "Credit score", "zh": "信用评分"},
    "geography": {"en": "Country", "zh": "国家"},
    "age": {"en": "Age", "zh": "年龄"},
    "tenure": {"en": "Years with the bank", "zh": "在行年数"},
    "balance": {"en": "Balance", "zh": "余额"},
    "num_of_products": {"en": "Products held", "zh": "持有产品数"},
    "has_cr_card": {"en": "Has a credit card", "zh": "持有信用卡"},
    "is_active_member": {"en": "Is active", "zh": "是否活跃"},
    "estimated_salary": {"en": "Estimated salary", "zh": "估计薪资"},
}
"""The attributes by the names they get here, in the order of the source."""

_SOURCE_TYPES = {
    "credit_score": ("CreditScore", pa.int64()),
    "geography": ("Geography", pa.string()),
    "age": ("Age", pa.int64()),
    "tenure": ("Tenure", pa.int64()),
    "balance": ("Balance", pa.float64()),
    "num_of_products": ("NumOfProducts", pa.int64()),
    "has_cr_card": ("HasCrCard", pa.bool_()),
    "is_active_member": ("IsActiveMember", pa.bool_()),
    "estimated_salary": ("EstimatedSalary", pa.float64()),
}


def import_churn_modelling(path: Path, out: Path) -> ImportReport:
    """Turn the customers into contract tables, and write them.

    `customers`: one row per CustomerId, in the order of the source; kind retail, sex. `snapshots`: the attributes,
    amounts in euro as published. `outcomes`: target `churn`, 1 where the customer left. RowNumber and Surname are left
    out. The source bears no date: everything stands at 1 January 2016.

    Raises
    ------
    ImportFailed
        If the file is not the usual copy (altered ones circulate), or `out` holds other files.

    Source: the date is an own choice, and stands for none.
    """
    file = find_file(path, _FILES)
    rows = read_parquet_or_csv(file)
    needed = ["CustomerId", "Gender", *(name for name, _ in _SOURCE_TYPES.values()), "Exited"]
    require_columns(file, rows.column_names, needed)
    require_count(file, "rows", _ROWS, rows.num_rows)
    ids = typed_column(file, "CustomerId", rows["CustomerId"], pa.int64()).cast(pa.string())
    require_count(file, "customers", _ROWS, len(ids.unique()))
    exited = typed_column(file, "Exited", rows["Exited"], pa.int64())
    require_values(file, "Exited", exited, (0, 1))
    require_count(file, "positives", _CHURNED, pc.sum(exited).as_py())
    gender = typed_column(file, "Gender", rows["Gender"], pa.string())
    require_values(file, "Gender", gender, tuple(_SEX))
    attributes = {
        name: typed_column(file, column, rows[column], wanted)
        for name, (column, wanted) in _SOURCE_TYPES.items()
    }
    days = pa.array([_AS_OF] * _ROWS, pa.date32())
    sex = pa.array([_SEX[word] for word in gender.to_pylist()])
    tables = {
        "customers": pa.table({"customer_id": ids, "kind": ["retail"] * _ROWS, "sex": sex}),
        "snapshots": pa.table({"customer_id": ids, "as_of": days, **attributes}),
        "outcomes": pa.table(
            {
                "customer_id": ids,
                "as_of": days,
                "target": ["churn"] * _ROWS,
                "value": exited.cast(pa.float64()),
            }
        ),
    }
    write_bank(out, tables, _SETTINGS)
    return _report(tables, out)


_SETTINGS = {
    "zone": _ZONE,
    "currency": _CURRENCY,
    "currency_decimals": 2,
    "data_from": {"snapshots": _AS_OF, "outcomes": _AS_OF},
    "data_until": date(2016, 1, 2),
    "titles": TITLES,
}


def _report(tables: dict[str, pa.Table], out: Path) -> ImportReport:
    as_of = _AS_OF.isoformat()
    notes = (
        Message("imports.simulated_source"),
        Message("imports.own_date", {"as_of": as_of}),
        Message("imports.one_as_of", {"as_of": as_of}),
        Message("imports.sex_apart"),
        Message("imports.surnames"),
    )
    counts = {name: table.num_rows for name, table in tables.items()}
    return ImportReport(SOURCE, _ROWS, _ROWS, (), counts, notes, out)
