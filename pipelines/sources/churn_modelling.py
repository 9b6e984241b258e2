"""Churn Modelling: 10,000 customers of a bank in three countries as snapshots, their leaving as outcomes.

Source: teaching set of SuperDataScience, spread through Kaggle; almost certainly simulated, licence CC0 or unknown
depending on the copy.
"""

from datetime import date
from pathlib import Path

import pyarrow as pa

from pipelines.intake import Message
from pipelines.sources.cross_section import CrossSection, Published
from pipelines.sources.writing import ImportReport, day_after, find_file, require_values, typed_column

_FILES = ("churn_modelling.parquet", "Churn_Modelling.csv", "churn_modelling.csv")
_PUBLISHED = Published("CustomerId", "Exited", rows=10_000, positives=2_037)
_AS_OF = date(2016, 1, 1)
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
    published = _PUBLISHED.read(file, ["Gender", *(name for name, _ in _SOURCE_TYPES.values())])
    gender = typed_column(file, "Gender", published["Gender"], pa.string())
    require_values(file, "Gender", gender, tuple(_SEX))
    attributes = {
        name: typed_column(file, column, published[column], wanted)
        for name, (column, wanted) in _SOURCE_TYPES.items()
    }
    rows = pa.table(
        {
            "customer_id": published["CustomerId"].cast(pa.string()),
            "as_of": pa.repeat(_AS_OF, published.num_rows),
            "sex": [_SEX[word] for word in gender.to_pylist()],
            **attributes,
            "value": published["Exited"],
        }
    )
    as_of = _AS_OF.isoformat()
    notes = (
        Message("imports.simulated_source"),
        Message("imports.own_date", {"as_of": as_of}),
        Message("imports.one_as_of", {"as_of": as_of}),
        Message("imports.sex_apart"),
        Message("imports.surnames"),
    )
    return _BANK.write(rows, day_after(_AS_OF), notes, out)


_BANK = CrossSection("churn-modelling", "Europe/Paris", "EUR", "churn", TITLES)
