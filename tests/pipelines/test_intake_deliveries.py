"""Rows delivered twice, shuffled, late and in any split of files, with kills in between: the end is the same."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.build import open_store
from pipelines.intake import IntakeReport, prepare
from pipelines.settings import Home
from tests.chance import midnight_of
from tests.compute import Computed, tell
from tests.copies import differing, with_tables
from tests.handover import Bank, arrow_table, bank_yaml, write_bank
from tests.oracle_known import EVENT
from tests.random_bank import random_bank

AS_OF = date(2024, 10, 28)
CASES = 6
KILLS = 20
KILLED = ("customers", "contacts", "transactions", "balances", "snapshots")
"""Tables of the runs that are killed; all of them would only take longer."""

LATE_SHARE = 0.1
LATEST = timedelta(days=30)


def bank_with_late_rows(seed: int, customers: int) -> Bank:
    """A random bank in UTC; of the rows that were recorded at once, a tenth came to be known up to 30 days later."""
    bank = replace(random_bank(seed, customers, is_whole=True), zone="UTC")
    draw = Random(seed)

    def late(table: str, row: Any) -> Any:
        event = row.get(EVENT.get(table, ""))
        if event is None or row.get("recorded_at") is not None or draw.random() > LATE_SHARE:
            return row
        return {**row, "recorded_at": midnight_of(event) + draw.random() * LATEST}

    return with_tables(
        bank, {table: [late(table, row) for row in rows] for table, rows in bank.tables.items()}
    )


def deliveries(bank: Bank, draw: Random, count: int) -> list[dict[str, pa.Table]]:
    """Every row of every table twice, shuffled, cut anywhere into this many deliveries, some of them empty."""
    found: list[dict[str, pa.Table]] = [{} for _ in range(count)]
    for table in bank.tables:
        rows = arrow_table(bank, table)
        order = [*range(rows.num_rows), *range(rows.num_rows)]
        draw.shuffle(order)
        cuts = sorted(draw.randint(0, len(order)) for _ in range(count - 1))
        for part, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(order)], strict=True)):
            found[part][table] = rows.take(pa.array(order[start:end], pa.int64()))
    return found


def deliver(parts: list[dict[str, pa.Table]], bank: Bank, place: Path) -> Iterator[Path]:
    """Lay one delivery after the other into the folders of the tables."""
    place.mkdir(parents=True)
    (place / "bank.yaml").write_text(bank_yaml(bank), encoding="utf-8")
    for number, part in enumerate(parts):
        for table, rows in part.items():
            (place / table).mkdir(exist_ok=True)
            pq.write_table(rows, place / table / f"delivery-{number}.parquet")
        yield place


def unequal(left: IntakeReport, right: IntakeReport) -> list[str]:
    """Prepared tables that are not equal to the bit, and what the manifest says differently but for the digest."""
    names = [path.name for path in left.prepared.glob("*.parquet")]
    assert names
    wrong = []
    for name in names:
        one, other = (pq.read_table(report.prepared / name) for report in (left, right))
        if not other.cast(one.schema).equals(one):
            wrong.append(name)
    texts = [
        (report.prepared / "manifest.json").read_text().replace(report.digest, "") for report in (left, right)
    ]
    return wrong if texts[0] == texts[1] else [*wrong, "manifest.json"]


def test_rows_twice_shuffled_and_late_in_any_split_of_files_change_no_bit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = 0
    for seed in range(CASES):
        bank = bank_with_late_rows(30 + seed, 15)
        clean = prepare(write_bank(bank, tmp_path / f"clean{seed}"), tmp_path / "tables")
        parts = deliveries(bank, Random(seed), 1 + seed % 6)
        *_, place = deliver(parts, bank, tmp_path / f"parts{seed}")
        other = prepare(place, tmp_path / "tables")
        assert unequal(clean, other) == [], f"case {seed}"
        for table, counts in other.tables.items():
            once = clean.tables[table]
            assert counts.read == 2 * once.read
            assert (counts.accepted, counts.correction) == (once.accepted, once.correction)
        rows += sum(counts.read for counts in other.tables.values())
    tell(
        capsys,
        f"deliveries: {CASES} cases, {rows} rows in 1 to 6 files a table, prepared tables equal to the bit",
    )


MOTHER = """
import os, sys
from pathlib import Path
from pipelines.intake import prepare
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        prepare(*map(Path, line.rstrip("\\n").split("\\t")))
        os._exit(0)
    print(child, flush=True)
    sys.stdin.readline()
    print(os.waitpid(child, 0)[1], flush=True)
"""
"""A process that takes tables in, in a child of its own each time; so that the start costs once.

It lets a child go only when it is told to: until then nothing else can have the child's number.
"""


@contextmanager
def mother() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", MOTHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def run(process: subprocess.Popen[str], source: Path, out: Path, kill_after: float | None) -> bool:
    """Take tables in, and kill that after so many seconds; return whether it came to its end."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{source}\t{out}\n")
    process.stdin.flush()
    child = int(process.stdout.readline())
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    process.stdin.write("\n")
    process.stdin.flush()
    status = int(process.stdout.readline())
    assert status in (0, signal.SIGKILL)
    return status == 0


def timed(process: subprocess.Popen[str], source: Path, out: Path) -> float:
    """Seconds of a run that nobody kills."""
    began = time.monotonic()
    assert run(process, source, out, None)
    return time.monotonic() - began


def test_kills_in_between_leave_the_old_or_the_new_tables_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four deliveries; at each the run is killed five times at random moments before it may come to its end."""
    every = bank_with_late_rows(41, 25)
    bank = with_tables(every, {table: every.tables[table] for table in KILLED})
    draw = Random(7)
    whole: dict[str, IntakeReport] = {}
    out, killed, came = tmp_path / "tables", 0, 0
    with mother() as process:
        for source in deliver(deliveries(bank, draw, 4), bank, tmp_path / "parts"):
            reference = prepare(source, tmp_path / "reference")
            whole[reference.digest] = reference
            duration = timed(process, source, tmp_path / f"timed{len(whole)}")
            while killed < len(whole) * KILLS // 4:
                has_ended = run(process, source, out, draw.random() * duration)
                came, killed = came + has_ended, killed + (not has_ended)
                assert_whole(out, whole)
                shutil.rmtree(out / reference.digest, ignore_errors=True)
            assert run(process, source, out, None)
            assert {path.name for path in out.iterdir()} == set(whole)
            assert_whole(out, whole)
    clean = prepare(write_bank(bank, tmp_path / "clean"), tmp_path / "reference")
    final = prepare(tmp_path / "parts", out)
    assert final.reused
    assert unequal(clean, final) == []
    features = [
        Computed(open_store(Home(tmp_path / report.digest), report.prepared)).at((AS_OF,))[AS_OF][0]
        for report in (clean, final)
    ]
    assert differing(*features) == []
    tell(capsys, f"kills: {killed} of {killed + came} runs killed, tables old or new, whole each time; then features "
         f"of {len(features[0])} customers equal to a clean run to the bit")  # fmt: skip


def assert_whole(out: Path, whole: dict[str, IntakeReport]) -> None:
    """Whatever lies there under a digest is the whole of it."""
    for path in out.glob("[!.]*") if out.exists() else ():
        found = replace(whole[path.name], prepared=path)
        assert unequal(whole[path.name], found) == []
        for name in ("report.json", "quarantine.csv"):
            assert (path / name).read_bytes() == (whole[path.name].prepared / name).read_bytes()
