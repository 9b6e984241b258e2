"""Publishes one as_of to the online store: every customer's vector and facts, wholly or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.store import KEY, ONLINE_VIEW, PROJECT, TIMESTAMP, as_of_moment, write_online_repo
from serving.online import DATABASE, POINTER, OpenedPublication, Published, StoreAway, read_published

FRAME_ROWS = 20_000
_SAMPLE = 100


class PublishError(Exception):
    """Rows that may not be published; what was published before stays."""


@dataclass(frozen=True, eq=False)
class Publication:
    """Online rows of one as_of: a vector and facts per customer.

    `values` is (customers, features) in the order of `names`, NaN = not observed. `facts` are canonical JSON
    texts, each with `as_of` and `catalogue` (the digest).
    """

    as_of: date
    zone: str
    names: tuple[str, ...]
    catalogue_digest: str
    data_digest: str
    customer_ids: tuple[str, ...]
    values: NDArray[np.float64]
    facts: tuple[str, ...]


@dataclass(frozen=True)
class PublishReport:
    """What was published, and what it replaced (None: nothing before it)."""

    published: Published
    replaced_as_of: str | None


def publish_online(
    online_dir: Path, publication: Publication, progress: Callable[[int], None] | None = None
) -> PublishReport:
    """Write the rows to a fresh SQLite store through Feast, read a sample back, then switch to it atomically.

    Customers of the publication before who are not in this one are gone with the switch. An interruption at
    any moment leaves the publication before, whole; what it wrote is cleared by the next one. The publication
    that was replaced stays on disk until the next one, for readers that are still on it.

    Parameters
    ----------
    progress
        Called with the number of rows written since the last call.

    Raises
    ------
    PublishError
        Rows that break a rule, an as_of older than the published one, or another publication under way.
    """
    _check(publication)
    online_dir.mkdir(parents=True, exist_ok=True)
    with _only_publisher(online_dir):
        before = published_before(online_dir)
        if before is not None and publication.as_of.isoformat() < before.as_of:
            raise PublishError(
                f"online store: expected an as_of not before the published {before.as_of}; "
                f"got {publication.as_of}. An older one would overwrite newer rows: "
                "use score or replay for past dates."
            )
        _clear_leftovers(online_dir, keep=before.directory if before else None)
        published = _description(publication, _fresh_name(online_dir, publication.as_of))
        _write_rows(online_dir / published.directory, publication, progress)
        _check_written(online_dir, published, publication)
        _switch(online_dir, published)
    return PublishReport(published, before.as_of if before else None)


def _description(publication: Publication, directory: str) -> Published:
    return Published(
        directory=directory,
        as_of=publication.as_of.isoformat(),
        zone=publication.zone,
        names=publication.names,
        catalogue_digest=publication.catalogue_digest,
        data_digest=publication.data_digest,
        rows=len(publication.customer_ids),
    )


def _check(publication: Publication) -> None:
    ids, values = publication.customer_ids, publication.values
    shape = (len(ids), len(publication.names))
    rules = {
        "at least one customer": bool(ids),
        "customer ids that are text and not empty": all(isinstance(i, str) and i for i in ids),
        "every customer once": len(set(ids)) == len(ids),
        "every feature name once": len(set(publication.names)) == len(publication.names),
        f"values of shape {shape} as float64, got {values.shape} as {values.dtype}": (
            values.shape == shape and values.dtype == np.float64
        ),
        "no infinite value": not bool(np.isinf(values).any()),
        f"facts for {len(ids)} customers, got {len(publication.facts)}": len(publication.facts) == len(ids),
        "facts of this as_of and catalogue in canonical JSON": all(
            _is_fact_of(publication, text) for text in publication.facts
        ),
    }
    broken = [rule for rule, is_kept in rules.items() if not is_kept]
    if broken:
        raise PublishError(
            f"online rows of {publication.as_of}: expected {'; '.join(broken)}. Nothing was published."
        )


def _is_fact_of(publication: Publication, text: str) -> bool:
    try:
        facts = json.loads(text)
    except ValueError:
        return False
    expected = (publication.as_of.isoformat(), publication.catalogue_digest)
    return isinstance(facts, dict) and (facts.get("as_of"), facts.get("catalogue")) == expected


@contextlib.contextmanager
def _only_publisher(online_dir: Path) -> Iterator[None]:
    """Hold the publisher's lock; the kernel lets go of it even when this process is killed."""
    with (online_dir / ".publishing").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise PublishError(
                f"online store {online_dir}: another publication is under way. Wait for it."
            ) from error
        yield


def published_before(online_dir: Path) -> Published | None:
    """Return what is published now; None where nothing is."""
    if not (online_dir / POINTER).exists():
        return None
    try:
        return read_published(online_dir)
    except StoreAway as error:
        raise PublishError(f"{error} To start anew, remove {online_dir / POINTER}.") from error


def _clear_leftovers(online_dir: Path, keep: str | None) -> None:
    for path in online_dir.iterdir():
        if path.is_dir() and path.name != keep:
            shutil.rmtree(path)


def _fresh_name(online_dir: Path, as_of: date) -> str:
    number = 1
    while (online_dir / f"{as_of.isoformat()}-{number}").exists():
        number += 1
    return f"{as_of.isoformat()}-{number}"


def _write_rows(directory: Path, publication: Publication, progress: Callable[[int], None] | None) -> None:
    import pandas as pd
    from feast import FeatureStore

    write_online_repo(directory)
    store = FeatureStore(repo_path=str(directory))
    moment = pd.Timestamp(as_of_moment(publication.as_of, publication.zone)).as_unit("us")
    for start in range(0, len(publication.customer_ids), FRAME_ROWS):
        part = slice(start, start + FRAME_ROWS)
        frame = pd.DataFrame(
            {
                KEY: publication.customer_ids[part],
                "vector": list(publication.values[part]),
                "facts": publication.facts[part],
                TIMESTAMP: moment,
            }
        )
        store.write_to_online_store(ONLINE_VIEW, frame)
        if progress is not None:
            progress(len(frame))


def _check_written(online_dir: Path, published: Published, publication: Publication) -> None:
    """Refuse a store with another number of rows, or whose rows read back differently in any bit."""
    directory = online_dir / published.directory
    with contextlib.closing(sqlite3.connect(directory / DATABASE)) as connection:
        query = f'SELECT count(*), count(DISTINCT entity_key) FROM "{PROJECT}_{ONLINE_VIEW}"'  # noqa: S608
        cells, customers = connection.execute(query).fetchone()
    if (cells, customers) != (2 * published.rows, published.rows):
        raise PublishError(
            f"online store {directory}: expected {published.rows} customers; got {customers} in {cells} cells"
        )
    sample = slice(None, None, max(1, published.rows // _SAMPLE))
    rows = OpenedPublication.open(online_dir, published).read(publication.customer_ids[sample])
    if not rows.is_present.all() or rows.values.tobytes() != publication.values[sample].tobytes():
        raise PublishError(f"online store {directory}: rows read back differ from those written")


def _switch(online_dir: Path, published: Published) -> None:
    """Replace the pointer, so that after a crash it names the old publication or the new one."""
    fresh = online_dir / f"{POINTER}.new"
    with fresh.open("w", encoding="utf-8") as file:
        file.write(published.text())
        file.flush()
        os.fsync(file.fileno())
    _sync_directory(online_dir / published.directory)
    fresh.replace(online_dir / POINTER)
    _sync_directory(online_dir)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
