"""What a bundle is made of: the records of manifest.json and release.json, and their tamper-evident JSON."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, Literal, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from serving.errors import BundleError

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
SCHEMA: Final = 1
MANIFEST, RELEASE, CARD = "manifest.json", "release.json", "MODEL_CARD.md"
REFERENCE, GOLDEN = "reference.parquet", "golden.parquet"
TABLES, CALIBRATION, MODEL_TEXT = "tables.npz", "calibration.json", "model.txt"
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_DOCUMENT = re.compile(r"(policy/)?[A-Za-z0-9_][A-Za-z0-9_.-]*\.(yaml|json|md)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_Record = TypeVar("_Record")


@dataclass(frozen=True, config=STRICT)
class FeatureSpec:
    """One feature that the bundle's models read.

    `categories` are the texts behind the codes 0, 1, 2 ... of a coded feature; empty where no training row had
    the code, which then counts as null. `usual` names the feature that
    holds the customer's own habit; without one, reasons compare with `median`, that of the reference
    population (null: never observed there). A protected feature is never shown as a reason.
    """

    name: str
    dtype: Literal["float64"]
    unit: str
    family: str
    group: str
    categories: tuple[str, ...] | None
    usual: str | None
    median: float | None
    protected: bool


@dataclass(frozen=True, config=STRICT)
class Bands:
    """A prediction is medium from `medium_from` on and high from `high_from` on, else low."""

    medium_from: float
    high_from: float


@dataclass(frozen=True, config=STRICT)
class TargetSpec:
    """What one model predicts; `key` (churn_90) names it in the bundle, `target` (churn) in the answer.

    Probabilities and shares are 0..1, amounts minor units. Of several probabilities with the same target the
    one with the longer horizon is never reported below a shorter one.
    """

    key: str
    target: str
    horizon_days: int | None
    gap_days: int
    kind: Literal["probability", "share", "amount"]
    bands: Bands | None


@dataclass(frozen=True, config=STRICT)
class DataRange:
    """Dates between which the training data lies, and the digest of its tables."""

    first_on: str
    until: str
    digest: str


@dataclass(frozen=True, config=STRICT)
class Lineage:
    """Where a bundle comes from: everything that is needed to train it again."""

    policy_digest: str
    catalogue_digest: str
    data: DataRange
    metrics: Mapping[str, Mapping[str, float | int | str | None]]
    seeds: Mapping[str, int]
    libraries: Mapping[str, str]
    code_commit: str


@dataclass(frozen=True, config=STRICT)
class Manifest:
    """Content of a bundle, without its version: equal content has an equal manifest."""

    schema: Literal[1]
    features: tuple[FeatureSpec, ...]
    targets: tuple[TargetSpec, ...]
    lineage: Lineage
    files: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in the order of the models' columns."""
        return tuple(feature.name for feature in self.features)


@dataclass(frozen=True, config=STRICT)
class Release:
    """The version under which a bundle was registered; outside the hashed content."""

    version: str
    run_id: str
    created_at: str
    manifest_sha256: str


def model_files(key: str) -> tuple[str, str, str]:
    """Paths of one model's files: tables, calibration, text."""
    return f"{key}/{TABLES}", f"{key}/{CALIBRATION}", f"{key}/{MODEL_TEXT}"


def documents(manifest: Manifest) -> tuple[str, ...]:
    """Paths of the texts that a bundle carries beside its models: policy, model card, factors, groups."""
    of_models = {path for target in manifest.targets for path in model_files(target.key)}
    return tuple(sorted(set(manifest.files) - of_models - {REFERENCE, GOLDEN}))


def seal(record: Manifest | Release) -> bytes:
    """Canonical JSON of a record, closed by its own digest."""
    content = asdict(record)
    return _canonical({**content, "digest": _digest(content)})


def unseal(data: bytes, record: type[_Record], where: str) -> _Record:
    """Record of a sealed JSON.

    Raises
    ------
    BundleError
        A byte differs from what was sealed, or a key is unknown, missing, or of another type.
    """
    try:
        content = json.loads(data.decode("utf-8"))
        digest = content.pop("digest")
        is_sealed = digest == _digest(content) and data == _canonical({**content, "digest": digest})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleError(
            f"{where}: expected sealed JSON, got something else ({error}). Export the bundle again."
        ) from error
    if not is_sealed:
        raise BundleError(f"{where}: expected the sealed text, got an edited one. Export the bundle again.")
    return parse(_canonical(content), record, where)


def parse(data: bytes, record: type[_Record], where: str) -> _Record:
    """Record of a JSON text; unknown and missing keys are refused."""
    try:
        return TypeAdapter(record).validate_json(data, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        raise BundleError(f"{where}, {path}: {first['msg']}. Export the bundle with this version.") from error


def canonical_json(record: Any) -> bytes:
    """Canonical JSON of a record: equal content, equal bytes."""
    return _canonical(asdict(record))


def check_manifest(manifest: Manifest) -> None:
    """Refuse a manifest whose parts do not fit each other."""
    names, keys = manifest.names, [target.key for target in manifest.targets]
    named = {path for key in keys for path in model_files(key)} | {REFERENCE, GOLDEN, CARD}
    rules = {
        "distinct, non-empty feature names": len(set(names)) == len(names) > 0 and all(names),
        "distinct target keys of letters, digits and _": len(set(keys)) == len(keys) > 0
        and all(_KEY.fullmatch(key) for key in keys),
        f"the files {', '.join(sorted(named - set(manifest.files)))}": named <= set(manifest.files),
        "documents *.yaml, *.json or *.md at the top or in policy/": all(
            _DOCUMENT.fullmatch(path) and path not in {MANIFEST, RELEASE} for path in documents(manifest)
        ),
        "SHA-256 sums": all(_SHA256.fullmatch(digest) for digest in manifest.files.values()),
        "bands in order": all(
            target.bands is None or target.bands.medium_from <= target.bands.high_from
            for target in manifest.targets
        ),
    }
    broken = [rule for rule, is_kept in rules.items() if not is_kept]
    if broken:
        raise BundleError(f"{MANIFEST}: expected {'; '.join(broken)}. Export the bundle again.")


def sha256(data: bytes) -> str:
    """SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _canonical(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1)
    return (text + "\n").encode("utf-8")


def _digest(content: Mapping[str, Any]) -> str:
    return sha256(_canonical(content))
