"""Laws of intake: what the order of rows and the cut into files cannot change."""

import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tables_in import fates, quarantine, rows, take_in

SCHEMA = pa.schema(
    [
        ("transaction_id", pa.string()),
        ("customer_id", pa.string()),
        ("occurred_at", pa.timestamp("us")),
        ("amount", pa.int64()),
        ("kind", pa.string()),
        ("recorded_at", pa.timestamp("us", tz="UTC")),
    ]
)
HOUR = 3_600_000_000
START = (date(2026, 3, 27) - date(1970, 1, 1)).days * 24 * HOUR

events = st.fixed_dictionaries(
    {
        "transaction_id": st.sampled_from([f"T{number}" for number in range(40)]),
        "customer_id": st.sampled_from(["C1", "C1", "C1", "C2", "C9", None]),
        "occurred_at": st.integers(0, 72).map(lambda hours: START + hours * HOUR),
        "amount": st.integers(-3, 3),
        "kind": st.sampled_from(["cash", "cash", "cash", "fee", "barter"]),
        "recorded_at": st.none() | st.integers(0, 96).map(lambda hours: START + hours * HOUR),
    }
)


def outcome(parts: list[list[dict[str, Any]]]) -> tuple[Any, ...]:
    """Prepared rows, fates, amounts and quarantined content of transactions handed in as these files."""
    tables = [pa.Table.from_pylist(part, SCHEMA) for part in parts]
    with tempfile.TemporaryDirectory() as place:
        report = take_in(Path(place), "zone: Europe/London\ndata_until: 2026-06-01", transactions=tables)
        lost = Counter(line[3:] for line in quarantine(report))
        return rows(report, "transactions"), fates(report, "transactions"), report.amounts, lost


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.lists(events, min_size=60, max_size=120), st.randoms(use_true_random=False), st.integers(1, 4))
def test_shuffled_rows_cut_into_files_give_the_same_prepared_tables(
    lines: list[dict[str, Any]], chance: Any, files: int
) -> None:
    whole = outcome([lines])
    shuffled = list(lines)
    chance.shuffle(shuffled)
    assert outcome([shuffled[part::files] for part in range(files)]) == whole


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.lists(events, min_size=60, max_size=120))
def test_fates_follow_from_the_definition(lines: list[dict[str, Any]]) -> None:
    """The same fates by a slow reading of the contract: count what each key's distinct contents have recorded.

    01:00 local on 2026-03-29 does not occur in London; recorded_at is by default the event's own time.
    """
    gap = START + 49 * HOUR
    change = START + 49 * HOUR
    good = [
        line
        for line in lines
        if line["customer_id"] in ("C1", "C2") and line["kind"] != "barter" and line["occurred_at"] != gap
    ]
    accepted = duplicate = correction = 0
    quarantined = len(lines) - len(good)
    for key in {line["transaction_id"] for line in good}:
        same = [line for line in good if line["transaction_id"] == key]
        contents = {tuple(sorted(line.items(), key=lambda item: item[0])) for line in same}
        recorded = []
        for content in contents:
            line = dict(content)
            event = line["occurred_at"] - (HOUR if line["occurred_at"] > change else 0)
            recorded.append(event if line["recorded_at"] is None else line["recorded_at"])
        duplicate += len(same) - len(contents)
        moments = Counter(recorded)
        stand = sum(moments[moment] == 1 for moment in recorded)
        quarantined += len(contents) - stand
        accepted += min(stand, 1)
        correction += max(stand - 1, 0)
    assert outcome([lines])[1] == (accepted, duplicate, correction, quarantined)
