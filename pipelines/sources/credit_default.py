"""Default of Credit Card Clients: card holders of a Taiwanese bank as snapshots, default next month as outcomes.

Source: Yeh and Lien, "The comparisons of data mining techniques for the predictive accuracy of probability of default
of credit card clients", Expert Systems with Applications 36 (2009); UCI Machine Learning Repository, CC BY 4.0.
"""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.intake import Message
from pipelines.sources.cross_section import CrossSection, Published
from pipelines.sources.writing import ImportReport, find_file, require_values, typed_column

_FILES = ("uci_credit_card.parquet", "uci_credit_card.csv")
_PUBLISHED = Published("ID", "Y", rows=30_000, positives=6_636)
_AS_OF, _DATA_UNTIL = date(2005, 10, 1), date(2005, 11, 1)
_MONTHS = (
    ("september", "September", 9),
    ("august", "August", 8),
    ("july", "July", 7),
    ("june", "June", 6),
    ("may", "May", 5),
    ("april", "April", 4),
)
_BY_MONTH = (
    ("status", "Months in arrears in", "月还款状态"),
    ("bill", "Bill in NT dollars of", "月账单(新台币)"),
    ("paid", "Paid in NT dollars in", "月还款额(新台币)"),
)
_EDUCATION = {1: "graduate school", 2: "university", 3: "high school", 4: "others"}
_MARRIAGE = {1: "married", 2: "single", 3: "others"}
_SEX = {1: "M", 2: "F"}
_UNKNOWN = "unknown"

TITLES = {
    "credit_limit": {"en": "Credit limit in NT dollars", "zh": "信用额度(新台币)"},
    "education": {"en": "Education", "zh": "教育程度"},
    "marriage": {"en": "Marital status", "zh": "婚姻状况"},
    "age": {"en": "Age", "zh": "年龄"},
    **{
        f"{what}_{month}": {"en": f"{title} {name}", "zh": f"{number} {chinese}"}
        for what, title, chinese in _BY_MONTH
        for month, name, number in _MONTHS
    },
}
"""The attributes known on 1 October 2005, by the names they get here, in the order of the source."""

_SOURCE_NAMES = dict(
    zip(TITLES, ("X1", "X3", "X4", "X5", *(f"X{place}" for place in range(6, 24))), strict=True)
)


def import_credit_default(path: Path, out: Path) -> ImportReport:
    """Turn the card holders into contract tables, and write them.

    `customers`: one row per ID, padded with zeros so that the order stays; kind retail, sex. `snapshots`: what was
    known after September 2005, dated 1 October. Amounts are NT dollars as published, repayment status counts the
    months in arrears (-2 no use, -1 paid in full, 0 minimum paid). Codes of education and marriage become words; those
    that the source does not explain are "unknown". `outcomes`: target `default`, 1 where October's payment failed.

    Raises
    ------
    ImportFailed
        If the file is not the published data set, or `out` holds other files.
    """
    file = find_file(path, _FILES)
    published = _PUBLISHED.read(file, ["X2", *_SOURCE_NAMES.values()])
    sex = typed_column(file, "X2", published["X2"], pa.int64())
    require_values(file, "X2", sex, tuple(_SEX))
    width = len(str(published.num_rows))
    attributes = {
        name: typed_column(file, column, published[column], pa.float64())
        for name, column in _SOURCE_NAMES.items()
    }
    for name, words in (("education", _EDUCATION), ("marriage", _MARRIAGE)):
        attributes[name] = _in_words(attributes[name], words)
    rows = pa.table(
        {
            "customer_id": [str(number).zfill(width) for number in published["ID"].to_pylist()],
            "as_of": pa.repeat(_AS_OF, published.num_rows),
            "sex": _in_words(sex, _SEX),
            **attributes,
            "value": published["Y"],
        }
    )
    return _BANK.write(rows, _DATA_UNTIL, _notes(rows), out)


_BANK = CrossSection("credit-default", "Asia/Taipei", "TWD", "default", TITLES)


def _in_words(codes: pa.ChunkedArray, words: dict[int, str]) -> pa.Array:
    return pa.array([words.get(code, _UNKNOWN) for code in codes.to_pylist()], pa.string())


def _notes(rows: pa.Table) -> tuple[Message, ...]:
    unknown = {
        name: pc.sum(pc.equal(rows[name], _UNKNOWN)).as_py() or 0 for name in ("education", "marriage")
    }
    return (
        Message("imports.one_as_of", {"as_of": _AS_OF.isoformat()}),
        Message("imports.sex_apart"),
        Message("imports.undocumented", unknown),
    )
