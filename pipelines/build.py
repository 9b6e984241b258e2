"""Features of a bank at its as_of dates: computed once, written to the offline store, read by everyone else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features import store
from features.groups.profile import status
from features.groups.registry import GROUPS
from features.policy import NO_FIGURES, policy_digest, read_policy
from features.tables import BankManifest
from features.windows import KEYS, Tables
from pipelines.engine import Bank, Engine, open_bank
from pipelines.errors import PipelineError
from pipelines.partition import whole_folder
from pipelines.settings import Home, write_json

Progress = Callable[[str, float], None]
STATUS_VIEW = "status"
TOGETHER = 12
"""How many as_of dates share their stages: a year of months. More would need more memory at once."""

ROWS_AT_ONCE = 500_000
"""How many rows of the spine are computed at once: a small bank's dates all together, a large one's each by itself."""


@dataclass(frozen=True)
class Store:
    """An offline store: its folder, and the bank whose features it holds."""

    directory: Path
    bank: Bank

    def is_built(self, as_of: date) -> bool:
        """Whether the as_of is there; it is there whole or not at all."""
        return store.partition(self.directory, as_of).is_dir()

    def view(self, name: str, as_of: date) -> Path:
        """Return the file of one view at one as_of."""
        return store.partition_path(self.directory, name, as_of)

    def statuses(self, as_of: date) -> pa.Table:
        """Read customer_id and `status_code` of everyone known at as_of."""
        return pq.read_table(
            self.view(STATUS_VIEW, as_of), columns=["customer_id", "status_code"], partitioning=None
        )


def open_store(home: Home, prepared: Path) -> Store:
    """Return the store of a prepared bank under the present catalogue, the policy that features read, and feature code.

    Text attributes seen for the first time get the next codes of the bank's code book, which only grows: those known
    first come first, so that what comes later shifts no code, in a new home neither.
    """
    codes = _extend_code_book(home, prepared)
    bank = open_bank(prepared, codes)
    policy = policy_digest(without=NO_FIGURES) + str(read_policy("targets")["min_tenure_days"])
    parts = (
        bank.manifest.digest,
        bank.catalogue.digest,
        policy,
        _code_digest(),
        json.dumps(codes, sort_keys=True),
    )
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return Store(directory=home.stores / digest[:16], bank=bank)


@cache
def _code_digest() -> str:
    """SHA-256 over the source of the features: a store never mixes two definitions."""
    digest = hashlib.sha256()
    root = resources.files("features")
    for path in sorted(Path(str(root)).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _extend_code_book(home: Home, prepared: Path) -> Mapping[str, Mapping[str, int]]:
    manifest = BankManifest.from_json((prepared / "manifest.json").read_text(encoding="utf-8"))
    texts = [column for column, kind in manifest.snapshot_columns.items() if kind == "text"]
    if not texts:
        return {}
    book: dict[str, dict[str, int]] = {}
    if home.code_book.is_file():
        book = json.loads(home.code_book.read_text(encoding="utf-8"))
    before = json.dumps(book, sort_keys=True)
    table = pq.read_table(prepared / "snapshots.parquet", columns=[*texts, "known_day"])
    for column in texts:
        codes = book.setdefault(column, {})
        first = table.filter(pc.is_valid(table[column])).group_by(column).aggregate([("known_day", "min")])
        ordered = first.sort_by([("known_day_min", "ascending"), (column, "ascending")])
        for value in ordered[column].to_pylist():
            codes.setdefault(value, len(codes))
    if json.dumps(book, sort_keys=True) != before:
        write_json(home.code_book, book)
    return {column: book[column] for column in texts}


def build(target: Store, as_of_dates: Iterable[date], progress: Progress | None = None) -> int:
    """Build every as_of that the store lacks; return how many were built.

    Several dates are computed together, so that what they share is read once. Each as_of is written beside its
    place and moved there in one step when whole: a reader sees all of it or nothing, and an interrupted build
    leaves nothing that a reader would take for an as_of.

    Raises
    ------
    PipelineError
        An as_of lies outside the bank's data.
    """
    wanted = sorted(set(as_of_dates))
    check_inside(target.bank, wanted)
    missing = [as_of for as_of in wanted if not target.is_built(as_of)]
    if not missing:
        return 0
    if not (target.directory / "registry.db").is_file():
        store.write_offline_repo(target.directory, target.bank.catalogue)
    with Engine(target.bank) as engine:
        at_once = max(1, ROWS_AT_ONCE // max(1, engine.customers()))
        sharing = max(TOGETHER, at_once)
        for start in range(0, len(missing), sharing):
            run = engine.run_of(missing[start : start + sharing])
            stop = min(start + sharing, len(missing))
            for place in range(start, stop, at_once):
                dates = missing[place : min(place + at_once, stop)]
                _build_some(target, engine, run, dates, _part(progress, place, len(dates), len(missing)))
    if progress:
        progress("features", 1.0)
    return len(missing)


def _part(progress: Progress | None, done: int, now: int, wanted: int) -> Progress:
    """Return the progress of some of the dates, as a part of all."""

    def tell(text: str, share: float) -> None:
        if progress:
            progress(text, (done + share * now) / wanted)

    return tell


def check_inside(bank: Bank, wanted: Sequence[date]) -> None:
    """Hold as_of dates against the days that the bank's data cover.

    Raises
    ------
    PipelineError
        One lies before the first day that anything is known of, or after the midnight that ends the data.
    """
    first = min(bank.manifest.data_from.values(), default=bank.manifest.data_until)
    for as_of in wanted:
        if as_of < first:
            raise PipelineError(
                f"as_of {as_of}: expected a date on or after the bank's first day {first}; "
                "nothing is known before it. Choose a later date."
            )
        if as_of > bank.manifest.data_until:
            raise PipelineError(
                f"as_of {as_of}: expected at most {bank.manifest.data_until}, the midnight up to which the bank's "
                "data reach. Choose an earlier date, or set data_until in bank.yaml if nothing happened since."
            )


def _build_some(target: Store, engine: Engine, run: Tables, dates: list[date], tell: Progress) -> None:
    """Compute every view of some as_of dates; a date's folder appears when all of its views are written."""
    places = {as_of: store.partition(target.directory, as_of) for as_of in dates}
    with ExitStack() as stack:
        drafts = {as_of: stack.enter_context(whole_folder(place)) for as_of, place in places.items()}
        tables, spine = stack.enter_context(engine.spine(run, dates))
        expected = {as_of: engine.count(spine.filter(spine.as_of == as_of)) for as_of in dates}
        views = (STATUS_VIEW, *target.bank.catalogue.groups)
        for number, view in enumerate(views):
            tell(
                f"features {dates[0]}" if len(dates) == 1 else f"features {dates[0]} to {dates[-1]}",
                number / len(views),
            )
            computed = _computed(target, engine, tables, spine, view)
            for as_of in dates:
                part = computed.filter(pc.equal(computed["as_of"], pa.scalar(as_of, pa.date32())))
                if part.num_rows != expected[as_of]:
                    raise PipelineError(
                        f"{view} at {as_of}: expected {expected[as_of]} rows, one per customer; got {part.num_rows}"
                    )
                stamped = store.stamped(part, as_of, target.bank.manifest.zone)
                pq.write_table(stamped, drafts[as_of] / target.view(view, as_of).name, compression="zstd")


def _computed(target: Store, engine: Engine, tables: Tables, spine: ir.Table, view: str) -> pa.Table:
    """Compute one view: customer_id, as_of and its features as float64, in the order of ids at each as_of."""
    with engine.scratch():
        rows = engine.keep(f"view_{view}", view_rows(target, tables, spine, view))
        joined = spine.select("customer_id", "as_of", *KEYS).left_join(rows, KEYS)
        names = [name for name in rows.columns if name not in KEYS]
        return engine.fetch(
            joined.order_by("as_of_day", "customer_no").select("customer_id", "as_of", *names)
        )


def view_rows(target: Store, tables: Tables, spine: ir.Table, view: str) -> ir.Table:
    """Return the expression of one view: KEYS and its features as float64."""
    if view == STATUS_VIEW:
        names = ["status_code"]
        rows = status(tables, spine, read_policy("targets")["min_tenure_days"])
    else:
        names = [feature.name for feature in target.bank.catalogue.of_group(view)]
        rows = GROUPS[view](tables, spine)
    return rows.select(*KEYS, *(rows[name].cast("float64").name(name) for name in names))


def read_features(source: Store, as_of: date, names: tuple[str, ...] | None = None) -> pa.Table:
    """Read one as_of through Feast: one row per customer known then, in order of customer_id.

    Raises
    ------
    StoreError
        The as_of is not built, or the store is damaged.
    """
    ids = source.statuses(as_of)["customer_id"]
    keys = pa.table({"customer_id": ids, "as_of": pa.array([as_of] * len(ids), pa.date32())})
    wanted = source.bank.catalogue.names if names is None else names
    return store.read_training_frame(source.directory, keys, wanted, source.bank.manifest.zone)
