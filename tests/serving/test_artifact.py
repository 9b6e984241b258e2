import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.bundle import Bundle
from serving.errors import BundleError
from serving.manifest import MANIFEST, RELEASE, FeatureSpec, Manifest, Release, parse, seal, sha256, unseal
from tests.models import bundle_parts
from training.errors import PackageError
from training.package import write_bundle, write_release

Mutation = Callable[[Path], None]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("bundles") / "1"
    digest = write_bundle(directory, bundle_parts())
    write_release(directory, Release("1", "run", "2026-10-31T00:00:00Z", digest))
    return directory


@pytest.fixture
def directory(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "1"))


def paths(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def reseal(directory: Path, change: Callable[[dict[str, Any]], None] | None = None) -> None:
    """Do what someone who can write all files would do: correct every sum, and the manifest's own digest."""
    manifest = json.loads((directory / MANIFEST).read_text("utf-8"))
    del manifest["digest"]
    for path in manifest["files"]:
        manifest["files"][path] = sha256((directory / path).read_bytes())
    if change is not None:
        change(manifest)
    text = json.dumps(manifest, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
    manifest["digest"] = sha256(text.encode("utf-8"))
    text = json.dumps(manifest, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
    (directory / MANIFEST).write_bytes(text.encode("utf-8"))
    (directory / RELEASE).unlink(missing_ok=True)


def edit_arrays(path: Path, name: str, change: Callable[[Any], Any]) -> None:
    with np.load(path, allow_pickle=False) as stored:
        arrays = {key: stored[key] for key in stored.files}
    arrays[name] = change(arrays[name])
    np.savez(path, **arrays)


def test_a_bundle_loads_with_its_release(directory: Path) -> None:
    bundle = Bundle.load(directory)
    assert bundle.release is not None
    assert bundle.release.version == "1"
    assert bundle.release.manifest_sha256 == bundle.manifest_sha256
    reseal(directory)
    assert Bundle.load(directory).manifest_sha256 == bundle.manifest_sha256


def test_one_changed_byte_in_any_file_is_refused(directory: Path) -> None:
    for path in paths(directory):
        whole = path.read_bytes()
        changed = bytearray(whole)
        changed[len(changed) // 2] ^= 1
        path.write_bytes(bytes(changed))
        with pytest.raises(BundleError, match="expected"):
            Bundle.load(directory)
        path.write_bytes(whole)
    Bundle.load(directory)


def test_a_missing_file_is_refused(directory: Path) -> None:
    for path in paths(directory):
        if path.name == RELEASE:
            continue
        whole = path.read_bytes()
        path.unlink()
        with pytest.raises(BundleError, match=r"\['.*'\] missing|expected manifest.json|missing"):
            Bundle.load(directory)
        path.write_bytes(whole)


@pytest.mark.parametrize(
    "name", ["extra.txt", "churn_90/model.pkl", "policy/more.yaml", ".hidden", "manifest.json~"]
)
def test_an_extra_file_is_refused(directory: Path, name: str) -> None:
    (directory / name).write_bytes(b"x")
    with pytest.raises(BundleError, match=r"got \[\] missing and \['.*'\] unknown"):
        Bundle.load(directory)


def test_an_empty_folder_or_a_link_is_refused(directory: Path) -> None:
    (directory / "empty").mkdir()
    with pytest.raises(BundleError, match="got an empty folder"):
        Bundle.load(directory)
    (directory / "empty").rmdir()
    target = directory / "groups.json"
    target.rename(directory.parent / "groups.json")
    target.symlink_to(directory.parent / "groups.json")
    with pytest.raises(BundleError, match="expected a plain file, got a link"):
        Bundle.load(directory)


def test_another_manifest_than_the_expected_one_is_refused(directory: Path) -> None:
    with pytest.raises(BundleError, match=r"expected SHA-256 0+ as in the champion file, got [0-9a-f]{64}"):
        Bundle.load(directory, "0" * 64)
    release = unseal((directory / RELEASE).read_bytes(), Release, RELEASE)
    write_release(directory, replace(release, manifest_sha256="1" * 64))
    with pytest.raises(BundleError, match=r"expected SHA-256 1+ as in release\.json"):
        Bundle.load(directory)


def test_a_manifest_edited_without_its_digest_is_refused(directory: Path) -> None:
    text = (directory / MANIFEST).read_text("utf-8")
    for edited in (
        text.replace('"auc": 0.8', '"auc": 0.9'),
        text + " ",
        text.replace("\n ", "\n"),
        "{}",
        "[]",
        "",
    ):
        assert edited != text
        (directory / MANIFEST).write_text(edited, "utf-8")
        with pytest.raises(BundleError, match=r"manifest\.json: expected"):
            Bundle.load(directory)


def test_swapped_tables_are_refused(directory: Path) -> None:
    first, second = directory / "churn_90/tables.npz", directory / "churn_180/tables.npz"
    first.rename(directory / "kept")
    second.rename(first)
    (directory / "kept").rename(second)
    with pytest.raises(BundleError, match=r"tables\.npz: expected SHA-256"):
        Bundle.load(directory)
    reseal(directory)
    with pytest.raises(
        BundleError, match=r"golden rows, churn_90\.margin: expected the stored outputs to 1e-09"
    ):
        Bundle.load(directory)


def _with_object(path: Path) -> None:
    np.savez(path, base=np.array([{}], dtype=object), allow_pickle=True)


def _calibration(field: str, value: object) -> Mutation:
    def change(directory: Path) -> None:
        path = directory / "churn_90/calibration.json"
        content = json.loads(path.read_text("utf-8"))
        content[field] = value
        path.write_text(json.dumps(content), "utf-8")

    return change


def _arrays(name: str, change: Callable[[Any], Any]) -> Mutation:
    return lambda directory: edit_arrays(directory / "churn_90/tables.npz", name, change)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_arrays("table", lambda table: table * 1.001), r"golden rows, churn_90\.margin"),
        (_arrays("threshold", lambda limit: np.roll(limit, 1, axis=0)), r"golden rows, churn_90\.margin"),
        (
            _arrays("base", lambda base: base + 1e-8),
            r"golden rows, churn_90\.margin: .* got a difference of 1e-08",
        ),
        (_arrays("table", lambda table: table.astype(np.float32)), "churn_90: table table: expected float64"),
        (_arrays("table", lambda table: table[:, :64]), "churn_90: table table: expected float64 of shape"),
        (_arrays("split_feature", lambda split: split + 100), "split_feature between -1 and 11"),
        (_arrays("table", lambda table: table * np.nan), "finite table"),
        (
            lambda directory: _with_object(directory / "churn_90/tables.npz"),
            "churn_90/tables.npz: expected arrays, got",
        ),
        (lambda directory: (directory / "churn_90/tables.npz").write_bytes(b"PK"), "expected arrays, got"),
        (
            _calibration("knots", {"margin": [-2.0, 1.5], "logit": [-2.5, 1.25]}),
            r"golden rows, churn_90\.prediction",
        ),
        (_calibration("knots", None), "knots for a probability or share only"),
        (_calibration("quantiles", [0.0] * 1001), r"golden rows, churn_90\.percentile"),
        (_calibration("more", 1), "churn_90/calibration.json, more: Unexpected keyword argument"),
        (
            _calibration("quantiles", [0.0, "1"]),
            r"calibration\.json, quantiles\.1: Input should be a valid number",
        ),
        (
            lambda directory: (directory / "golden.parquet").write_bytes(b"PAR1"),
            "golden rows: expected Parquet",
        ),
        (
            lambda directory: (directory / "groups.json").write_bytes(b"\xff"),
            "groups.json: expected UTF-8 text",
        ),
    ],
)
def test_damage_with_corrected_sums_is_refused(directory: Path, change: Mutation, expected: str) -> None:
    change(directory)
    reseal(directory)
    with pytest.raises(BundleError, match=expected):
        Bundle.load(directory)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda manifest: manifest.update(more=1), "manifest.json, more: Unexpected keyword argument"),
        (lambda manifest: manifest.pop("lineage"), r"manifest\.json, lineage: "),
        (lambda manifest: manifest.update(schema=2), r"manifest\.json, schema: Input should be 1"),
        (
            lambda manifest: manifest["features"][0].update(dtype="float32"),
            r"features\.0\.dtype: Input should be",
        ),
        (lambda manifest: manifest["features"][0].update(name="f1"), "distinct, non-empty feature names"),
        (lambda manifest: manifest["features"].reverse(), "golden rows: expected the 12 features as inputs"),
        (
            lambda manifest: manifest["features"].pop(),
            "split_feature between -1 and 10|expected the 11 features",
        ),
        (lambda manifest: manifest["targets"][0].update(key="../x"), "distinct target keys of letters"),
        (
            lambda manifest: manifest["targets"][0].update(key="churn_360"),
            "the files churn_360/calibration.json",
        ),
        (
            lambda manifest: manifest["targets"][0].update(horizon_days="90"),
            r"targets\.0\.horizon_days: Input should",
        ),
        (lambda manifest: manifest["targets"][0].update(bands=None), "golden rows: expected the outputs"),
        (lambda manifest: manifest["targets"].pop(), "documents .* at the top or in policy/"),
        (lambda manifest: manifest["files"].update({"../secret.json": "0" * 64}), "documents .* at the top"),
        (lambda manifest: manifest["files"].update({"groups.json": "0"}), "SHA-256 sums"),
    ],
)
def test_an_edited_manifest_with_a_correct_digest_is_refused(
    directory: Path, change: Callable[[dict[str, Any]], None], expected: str
) -> None:
    reseal(directory, change)
    with pytest.raises(BundleError, match=expected):
        Bundle.load(directory)


def test_random_damage_is_always_refused(directory: Path) -> None:
    draw = random.Random(7)
    rounds = 300
    for _ in range(rounds):
        path = draw.choice(paths(directory))
        whole = path.read_bytes()
        place, size = draw.randrange(len(whole)), draw.randrange(1, 9)
        kind = draw.choice(("flip", "cut", "insert", "remove", "zero"))
        changed = {
            "flip": whole[:place] + bytes([whole[place] ^ (1 << draw.randrange(8))]) + whole[place + 1 :],
            "cut": whole[:place],
            "insert": whole[:place] + draw.randbytes(size) + whole[place:],
            "remove": whole[:place] + whole[place + size :],
            "zero": whole[:place] + bytes(size) + whole[place + size :],
        }[kind]
        path.write_bytes(changed if changed != whole else whole + b"\0")
        with pytest.raises(BundleError, match="expected"):
            Bundle.load(directory)
        path.write_bytes(whole)
    print(f"{rounds} mutations, all refused")
    Bundle.load(directory)


def test_a_bundle_is_written_whole_or_not_at_all(directory: Path) -> None:
    with pytest.raises(PackageError, match="expected a new directory, got an existing one"):
        write_bundle(directory, bundle_parts())
    parts = bundle_parts()
    with pytest.raises(PackageError, match=r"reference: expected \(n, 12\) with n >= 1, got \(1500, 11\)"):
        write_bundle(directory.parent / "2", replace(parts, reference=parts.reference[:, 1:]))
    with pytest.raises(BundleError, match="documents"):
        write_bundle(directory.parent / "2", replace(parts, documents={"../notes.md": "x"}))
    assert [path.name for path in directory.parent.iterdir()] == ["1"]
    partial = directory.parent / "2.partial"
    partial.mkdir()
    (partial / "rubbish").write_bytes(b"x")
    write_bundle(directory.parent / "2", parts)
    assert not partial.exists()


def test_a_sealed_record_comes_back_as_it_was(directory: Path) -> None:
    data = (directory / MANIFEST).read_bytes()
    manifest = unseal(data, Manifest, MANIFEST)
    assert seal(manifest) == data
    with pytest.raises(BundleError, match="feature, dtype: Field required"):
        parse(b'{"name": "a"}', FeatureSpec, "feature")
