"""Reading a bundle's directory: every byte is hashed before anything parses it."""

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.errors import BundleError
from serving.manifest import (
    MANIFEST,
    MODEL_TEXT,
    REFERENCE,
    RELEASE,
    Manifest,
    Release,
    check_manifest,
    sha256,
    unseal,
)


@dataclass(frozen=True)
class Artifact:
    """A verified bundle, not yet understood: `files` holds the bytes that were hashed.

    Model texts and the reference population are hashed and left on disk: predicting needs neither.
    """

    manifest: Manifest
    manifest_sha256: str
    release: Release | None
    files: Mapping[str, bytes]


def read_artifact(directory: Path, expected_sha256: str | None) -> Artifact:
    """Verify a bundle's directory against its manifest.

    Raises
    ------
    BundleError
        A file is missing, unknown, no plain file, or differs from its SHA-256; or the manifest is not the one
        expected.
    """
    found = _list_files(directory)
    if MANIFEST not in found:
        raise BundleError(
            f"{directory}: expected {MANIFEST}, got {len(found)} other files. Export the bundle again."
        )
    data = _read(directory / MANIFEST)
    manifest = unseal(data, Manifest, MANIFEST)
    check_manifest(manifest)
    digest = sha256(data)
    release = unseal(_read(directory / RELEASE), Release, RELEASE) if RELEASE in found else None
    if release is not None:
        _check_digest(digest, release.manifest_sha256, RELEASE)
    if expected_sha256 is not None:
        _check_digest(digest, expected_sha256, "the champion file")
    _check_listing(found - {MANIFEST, RELEASE}, set(manifest.files), directory)
    return Artifact(manifest, digest, release, _verify_files(directory, manifest.files))


def read_verified(directory: Path, path: str, digest: str) -> bytes:
    """Bytes of one file whose SHA-256 is `digest`."""
    data = _read(directory / path)
    if sha256(data) != digest:
        raise BundleError(f"{path}: expected SHA-256 {digest}, got {sha256(data)}. Export the bundle again.")
    return data


def read_npz(data: bytes, where: str) -> dict[str, NDArray[Any]]:
    """Arrays of an npz file; nothing in it is unpickled."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (ValueError, OSError, EOFError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise BundleError(f"{where}: expected arrays, got {error}. Export the bundle again.") from error


def _check_digest(found: str, expected: str, where: str) -> None:
    if found != expected:
        raise BundleError(
            f"{MANIFEST}: expected SHA-256 {expected} as in {where}, got {found}. "
            "Export the bundle again, or promote the version that is meant."
        )


def _check_listing(found: set[str], expected: set[str], directory: Path) -> None:
    missing, extra = sorted(expected - found), sorted(found - expected)
    if missing or extra:
        raise BundleError(
            f"{directory}: expected the {len(expected)} files of {MANIFEST}, got {missing} missing and "
            f"{extra} unknown. Export the bundle again."
        )


def _list_files(directory: Path) -> set[str]:
    if not directory.is_dir():
        raise BundleError(f"{directory}: expected a bundle's directory, got none. Export the bundle again.")
    found = set()
    for folder, folders, names in os.walk(directory):
        for name in (*folders, *names):
            path = Path(folder, name)
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise BundleError(f"{path}: expected a plain file, got a link or device. Export it again.")
        if folder != str(directory) and not folders and not names:
            raise BundleError(f"{folder}: expected files, got an empty folder. Export the bundle again.")
        found |= {Path(folder, name).relative_to(directory).as_posix() for name in names}
    return found


def _verify_files(directory: Path, files: Mapping[str, str]) -> dict[str, bytes]:
    kept = {}
    for path, expected in files.items():
        if path == REFERENCE or path.endswith(f"/{MODEL_TEXT}"):
            with _open(directory / path) as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found != expected:
                raise BundleError(
                    f"{path}: expected SHA-256 {expected}, got {found}. Export the bundle again."
                )
        else:
            kept[path] = read_verified(directory, path, expected)
    return kept


def _open(path: Path) -> io.BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        raise BundleError(
            f"{path}: expected a readable file, got {error}. Export the bundle again."
        ) from error


def _read(path: Path) -> bytes:
    with _open(path) as stream:
        return stream.read()
