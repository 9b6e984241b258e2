"""Scores of every customer at an as_of: the answers of /predict, as Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.groups.profile import STATUS
from pipelines.book import picked, write_book
from pipelines.build import Progress, Store, build, read_features
from pipelines.known_facts import KnownFacts
from pipelines.settings import Home
from pipelines.tiers import TierBook
from serving.answers import Answer, Answerer
from serving.bundle import Bundle, FeatureFrame
from serving.champion import load_champion
from serving.classes import CLASSES_DOCUMENT
from serving.tiers import TIERS_DOCUMENT

CHUNK = 2_000
_REASON = pa.list_(
    pa.struct(
        [
            ("family", pa.string()),
            ("feature", pa.string()),
            ("value", pa.float64()),
            ("usual", pa.float64()),
            ("unit", pa.string()),
            ("effect", pa.float64()),
            ("text", pa.string()),
        ]
    )
)
_WARNING = pa.list_(
    pa.struct(
        [
            ("code", pa.string()),
            ("category", pa.string()),
            ("title", pa.string()),
            ("severity", pa.int32()),
            ("raised_on", pa.string()),
            ("evidence", pa.string()),
            ("measures", pa.list_(pa.struct([("kind", pa.string()), ("text", pa.string())]))),
        ]
    )
)
_CONTACT = [
    *(
        (f"contact_{name}", pa.string())
        for name in ("last_on", "rule", "due_on", "channel", "hours", "not_before")
    ),
    *((f"contact_{name}", pa.int32()) for name in ("cadence_days", "days_overdue")),
    ("contact_is_opted_out", pa.bool_()),
    *((f"contact_event_{name}", pa.string()) for name in ("code", "kind", "on", "text")),
    ("contact_event_amount", pa.int64()),
]
_CLASS = {
    "class_code": pa.string(),
    "class_name": pa.string(),
    "class_criteria": pa.list_(pa.string()),
    "class_not_checked": pa.list_(pa.string()),
    "class_is_fallback": pa.bool_(),
}
_TYPES = {
    "horizon_days": pa.int32(),
    "band": pa.string(),
    "expected_change": pa.int64(),
    "low": pa.int64(),
    "high": pa.int64(),
}


@dataclass(frozen=True)
class ScoreReport:
    """How many customers were scored, and where the file lies.

    `tiers` counts customers by tier; `has_decided`: whether this run decided the state of a month.
    """

    out: Path
    version: str
    as_of: date
    scored: int
    not_scorable: int
    tiers: Mapping[str, int]
    has_decided: bool


@dataclass(frozen=True)
class ScoreOptions:
    """How answers are written: how many reasons per target, and in which language."""

    reasons: int = 5
    language: str = "zh"


def score(
    home: Home,
    source: Store,
    as_of: date,
    out: Path,
    options: ScoreOptions,
    progress: Progress | None = None,
) -> ScoreReport:
    """Score everyone known at as_of with the champion; the file appears only when it is whole.

    One row per customer, the nested answer in columns named by path (`churn_by_horizon_180`), reasons as a list
    of structs; a customer who cannot be scored has his status and reason, and nulls.
    """
    answerer = load_champion(home.root)
    bundle = answerer.bundle
    build(source, [as_of], progress)
    statuses = source.statuses(as_of)
    codes = statuses["status_code"].to_numpy().astype(int)
    frame = read_features(source, as_of, bundle.names)
    values = np.column_stack([frame[name].to_numpy(zero_copy_only=False) for name in bundle.names]).astype(
        np.float64
    )
    ids = np.array(frame["customer_id"].to_pylist(), dtype=object)
    known, tiers = KnownFacts.read(source, as_of), TierBook(home, source, as_of)
    book: list[pa.Table] = []
    schema = answer_schema(bundle, answerer)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.draft")
    try:
        with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
            for start in range(0, len(ids), CHUNK):
                part = slice(start, start + CHUNK)
                frame = FeatureFrame(tuple(ids[part]), as_of.isoformat(), bundle.names, values[part])
                answers = _answers(answerer, frame, codes[part], options)
                _tell_known(answerer, answers, known, tiers, options.language)
                table = flat_table(answers, schema, as_of, answerer.version)
                writer.write_table(table)
                book.append(picked(table))
                if progress:
                    progress(f"score {as_of}", min(1.0, (start + CHUNK) / len(ids)))
        draft.replace(out)
        tiers.close()
        write_book(home, as_of, book)
    finally:
        draft.unlink(missing_ok=True)
    scored = int((codes == 0).sum())
    return ScoreReport(
        out, answerer.version, as_of, scored, len(codes) - scored, dict(tiers.counts), tiers.is_new
    )


def _answers(
    answerer: Answerer, frame: FeatureFrame, codes: NDArray[np.int64], options: ScoreOptions
) -> list[Answer]:
    is_ok = codes == 0
    ids = tuple(customer_id for customer_id, ok in zip(frame.customer_ids, is_ok, strict=True) if ok)
    scorable = FeatureFrame(ids, frame.as_of, frame.names, frame.values[is_ok])
    written: Iterator[Answer] = iter(())
    if ids:
        predictions = answerer.bundle.predict(scorable, "numba", 2)
        written = iter(answerer.written(scorable, predictions, options.reasons, options.language))
    return [
        next(written)
        if code == 0
        else answerer.not_scorable(customer_id, STATUS[int(code)], options.language)
        for customer_id, code in zip(frame.customer_ids, codes, strict=True)
    ]


def _tell_known(
    answerer: Answerer, answers: Sequence[Answer], known: KnownFacts, tiers: TierBook, language: str
) -> None:
    """Decide or read everyone's tier, and add what is known of those who are scored, as /predict does."""
    composites = [answer.get("composite_score") for answer in answers]
    composite = np.array([np.nan if score is None else score for score in composites], dtype=np.float64)
    entries = tiers.of([answer["customer_id"] for answer in answers], composite)
    scored = [
        (answer, {**known.of(answer["customer_id"]), "tier": entry})
        for answer, entry in zip(answers, entries, strict=True)
        if answer["status"] == "ok"
    ]
    answerer.tell_known([answer for answer, _ in scored], [facts for _, facts in scored], language)


def answer_schema(bundle: Bundle, answerer: Answerer) -> pa.Schema:
    """Return the columns of a bundle's answers, named by path."""
    columns: list[tuple[str, pa.DataType]] = [
        ("customer_id", pa.string()),
        ("as_of", pa.date32()),
        ("bundle_version", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("text", pa.string()),
    ]
    sample = FeatureFrame(("",), "", bundle.names, np.full((1, len(bundle.names)), np.nan))
    answer = answerer.written(sample, bundle.predict(sample, "numpy"), 0, "en")[0]
    for target in answerer.headlines:
        for path, _ in _flatten(target, answer[target]):
            columns.append((path, _TYPES.get(path.removeprefix(f"{target}_"), pa.float64())))
        columns.append((f"reasons_{target}", _REASON))
        columns.append((f"base_{target}", pa.float64()))
    if bundle.factors is not None:
        for name, parts in bundle.factors.parts.items():
            columns += [(f"factors_{name}_value", pa.float64()), (f"factors_{name}_score", pa.int32())]
            columns += [(f"factors_{name}_parts_{part}", pa.int32()) for part in ("start", *parts)]
            columns.append((f"factors_{name}_text", pa.string()))
        columns.append(("composite_score", pa.int32()))
        if bundle.groups is not None:
            columns += [("group_number", pa.int32()), ("group_name", pa.string())]
        if TIERS_DOCUMENT in bundle.documents:
            columns += [(f"tier_{name}", pa.string()) for name in ("code", "name", "since", "next_review")]
            columns += [(f"tier_{name}", pa.list_(pa.string())) for name in ("strategy", "rules")]
    columns += _CONTACT
    columns.append(("warnings", _WARNING))
    if CLASSES_DOCUMENT in bundle.documents:
        columns += _CLASS.items()
    return pa.schema(columns)


def _flatten(path: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [item for name, inner in value.items() for item in _flatten(f"{path}_{name}", inner)]
    return [(path, value)]


def flat_table(answers: Sequence[Answer], schema: pa.Schema, as_of: date, version: str) -> pa.Table:
    """Put answers into columns named by path; what an answer lacks is null."""
    rows = []
    for answer in answers:
        row = {path: value for name, inner in answer.items() for path, value in _flatten(name, inner)}
        row["as_of"], row["bundle_version"] = as_of, version
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=schema)
