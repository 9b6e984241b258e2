"""The online store as serving reads it: one row per customer, from the newest whole publication.

`published.json` names the directory that holds the current rows. It is switched last and atomically, so a
reader sees the publication before or the one after, never half of one.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.store import KEY, ONLINE_FEATURES

POINTER = "published.json"
DATABASE = "online.db"
_NO_CUSTOMER = "-"


class StoreAway(Exception):  # noqa: N818 - a state of the world outside, not a fault of the caller
    """The online store cannot be read, or does not hold together; nothing is answered from it."""


@dataclass(frozen=True)
class Published:
    """What a publication holds: rows of one as_of, with `names` in the order of each vector."""

    directory: str
    as_of: str
    zone: str
    names: tuple[str, ...]
    catalogue_digest: str
    data_digest: str
    rows: int

    def text(self) -> str:
        """Return the content of `published.json`."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"


def read_published(online_dir: Path) -> Published:
    """Read which publication is current.

    Raises
    ------
    StoreAway
        Nothing is published, or `published.json` is not what a publication writes.
    """
    path = online_dir / POINTER
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        published = Published(**{**fields, "names": tuple(fields["names"])})
    except OSError as error:
        raise StoreAway(
            f"online store: expected {path}; got {error}. Publish features with --online."
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise StoreAway(f"online store: {path} is damaged ({error}). Publish the features again.") from error
    if Path(published.directory).name != published.directory:
        raise StoreAway(f"online store: {path} expected a directory beside it; got {published.directory!r}")
    return published


@dataclass(frozen=True, eq=False)
class OnlineRows:
    """Rows of the customers asked for, in the order asked; NaN = not observed.

    `values` is (n, features) in the order of `published.names`; a customer who is not there has NaN
    throughout, `is_present` False and no facts.
    """

    published: Published
    is_present: NDArray[np.bool_]
    values: NDArray[np.float64]
    facts: tuple[Mapping[str, Any] | None, ...]


class OnlineStore:
    """The reader of `home/online`; it follows the pointer when a new publication replaces the old one."""

    def __init__(self, online_dir: Path) -> None:
        import feast  # noqa: F401 - takes seconds: now, not when the first customer is asked for

        self._online_dir = online_dir
        self._current: OpenedPublication | None = None
        self._signature: tuple[int, ...] = ()

    @classmethod
    def open(cls, online_dir: Path) -> OnlineStore:
        """Open the current publication and read from it once.

        Raises
        ------
        StoreAway
            Nothing is published, or it cannot be read.
        """
        store = cls(online_dir)
        store.check()
        return store

    def read(self, customer_ids: Sequence[str]) -> OnlineRows:
        """Read the rows of the customers, in one call to Feast.

        Raises
        ------
        StoreAway
            The store is absent or damaged, or holds a row of another as_of than it publishes.
        """
        current = self._current
        if current is None or self._signature != _signature(self._online_dir, current.published.directory):
            current = self._follow()
        return current.read(customer_ids)

    def check(self) -> None:
        """Read once, to see that the store answers."""
        self.read([_NO_CUSTOMER])

    def _follow(self) -> OpenedPublication:
        published = read_published(self._online_dir)
        signature = _signature(self._online_dir, published.directory)
        self._current = OpenedPublication.open(self._online_dir, published)
        self._signature = signature
        return self._current


@dataclass(frozen=True, eq=False)
class OpenedPublication:
    """One publication, opened for reading."""

    published: Published
    store: Any

    @classmethod
    def open(cls, online_dir: Path, published: Published) -> OpenedPublication:
        """Open the publication's directory.

        Raises
        ------
        StoreAway
            It is not there, or Feast cannot read its registry.
        """
        from feast import FeatureStore
        from feast.errors import FeastError

        directory = online_dir / published.directory
        try:
            return cls(published, FeatureStore(repo_path=str(directory)))
        except (OSError, ValueError, FeastError) as error:
            raise StoreAway(f"online store: {directory} cannot be opened: {error}") from error

    def read(self, customer_ids: Sequence[str]) -> OnlineRows:
        """Read the rows of the customers, in one call to Feast.

        Raises
        ------
        StoreAway
            The store is damaged, or holds a row of another as_of than it publishes.
        """
        from feast.errors import FeastError
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

        ids = list(customer_ids)
        try:
            answer = self.store.get_online_features(features=list(ONLINE_FEATURES), entity_rows={KEY: ids})
        except (sqlite3.Error, OSError, FeastError, DecodeError) as error:
            raise StoreAway(f"online store: {self.published.directory} cannot be read: {error}") from error
        column = dict(zip(answer.proto.metadata.feature_names.val, answer.proto.results, strict=True))
        return self._rows(column["vector"].values, column["facts"].values)

    def _rows(self, vectors: Sequence[Any], texts: Sequence[Any]) -> OnlineRows:
        values = np.full((len(vectors), len(self.published.names)), np.nan)
        is_present = np.zeros(len(vectors), dtype=np.bool_)
        facts: list[Mapping[str, Any] | None] = []
        for i, (vector, text) in enumerate(zip(vectors, texts, strict=True)):
            held = vector.double_list_val.val
            if not held and not text.string_val:
                facts.append(None)
                continue
            if len(held) != values.shape[1]:
                raise StoreAway(
                    f"online store: expected {values.shape[1]} features in a row; got {len(held)}"
                )
            values[i] = held
            is_present[i] = True
            facts.append(self._facts(text.string_val))
        return OnlineRows(self.published, is_present, values, tuple(facts))

    def _facts(self, text: str) -> Mapping[str, Any]:
        try:
            facts: Mapping[str, Any] = json.loads(text)
            held = (facts["as_of"], facts["catalogue"])
        except (ValueError, TypeError, KeyError) as error:
            raise StoreAway(f"online store: facts of a row are damaged ({error!r})") from error
        expected = (self.published.as_of, self.published.catalogue_digest)
        if held != expected:
            raise StoreAway(f"online store: expected rows of (as_of, catalogue) {expected}; got {held}")
        return facts


def _signature(online_dir: Path, directory: str) -> tuple[int, ...]:
    """Return what changes when a publication replaces another, or when its files are put back."""
    try:
        pointer = os.stat(online_dir / POINTER)  # noqa: PTH116 - read on every request
        database = os.stat(online_dir / directory / DATABASE)  # noqa: PTH116
    except OSError as error:
        raise StoreAway(f"online store: {error}. Publish features with --online.") from error
    return pointer.st_ino, pointer.st_mtime_ns, pointer.st_size, database.st_ino
