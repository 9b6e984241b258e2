"""What imports share where a data set sees each customer once: attributes known at an as_of, and a label after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.intake import Message
from pipelines.sources.writing import (
    ImportReport,
    read_parquet_or_csv,
    require_columns,
    require_count,
    require_values,
    typed_column,
    write_bank,
)


@dataclass(frozen=True)
class Published:
    """How a file was published: the columns of its ids and of its label (0 or 1), its rows, and those labelled 1."""

    ids: str
    label: str
    rows: int
    positives: int

    def read(self, file: Path, others: Sequence[str]) -> pa.Table:
        """Return the whole file, a customer per row; ids and label are whole numbers.

        Raises
        ------
        ImportFailed
            If it lacks one of these columns or of `others`, or is an altered copy.
        """
        rows = read_parquet_or_csv(file)
        require_columns(file, rows.column_names, [self.ids, *others, self.label])
        require_count(file, "rows", self.rows, rows.num_rows)
        ids = typed_column(file, self.ids, rows[self.ids], pa.int64())
        require_count(file, "customers", self.rows, len(ids.unique()))
        label = typed_column(file, self.label, rows[self.label], pa.int64())
        require_values(file, self.label, label, (0, 1))
        require_count(file, "positives", self.positives, pc.sum(label).as_py())
        return rows.select(others).append_column(self.ids, ids).append_column(self.label, label)


@dataclass(frozen=True)
class CrossSection:
    """A bank of retail customers who are seen once each; `titles` names the attributes, in their order."""

    source: str
    zone: str
    currency: str
    target: str
    titles: Mapping[str, Mapping[str, str]]

    def write(self, rows: pa.Table, data_until: date, notes: Sequence[Message], out: Path) -> ImportReport:
        """Write `customers`, `snapshots` and `outcomes`, one row of each per customer, and say so.

        `rows` holds `customer_id`, `as_of`, the attributes, the label as `value`, and `sex` where it is published.

        Raises
        ------
        ImportFailed
            If `out` holds other files.
        """
        ids, as_of, count = rows["customer_id"], rows["as_of"], rows.num_rows
        known = {name: rows[name] for name in ("sex",) if name in rows.column_names}
        label = {"target": pa.repeat(self.target, count), "value": rows["value"].cast(pa.float64())}
        tables = {
            "customers": pa.table({"customer_id": ids, "kind": pa.repeat("retail", count), **known}),
            "snapshots": rows.select(["customer_id", "as_of", *self.titles]),
            "outcomes": pa.table({"customer_id": ids, "as_of": as_of, **label}),
        }
        first = pc.min(as_of).as_py()
        settings = {
            "zone": self.zone,
            "currency": self.currency,
            "currency_decimals": 2,
            "data_from": {"snapshots": first, "outcomes": first},
            "data_until": data_until,
            "titles": self.titles,
        }
        write_bank(out, tables, settings)
        return ImportReport(self.source, count, count, (), dict.fromkeys(tables, count), tuple(notes), out)
