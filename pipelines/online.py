"""The newest as_of for serving: every customer's vector and facts, from the offline store to the online one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from features.groups.profile import STATUS
from pipelines.build import Progress, Store, build, read_features
from pipelines.known_facts import KnownFacts
from pipelines.publish import Publication, PublishReport, publish_online, published_before
from pipelines.settings import Home
from pipelines.tiers import read_tier_entries


def publish_as_of(home: Home, source: Store, as_of: date, progress: Progress | None = None) -> PublishReport:
    """Build an as_of where it is missing, and make it the one that serving answers from.

    Raises
    ------
    PublishError
        A newer as_of is published already.
    """
    build(source, [as_of], progress)
    names = source.bank.catalogue.names
    statuses = source.statuses(as_of)
    frame = read_features(source, as_of)
    values = np.column_stack([frame[name].to_numpy(zero_copy_only=False) for name in names]).astype(
        np.float64
    )
    ids = tuple(frame["customer_id"].to_pylist())
    known, tiers = KnownFacts.read(source, as_of), read_tier_entries(home, as_of)
    rows = len(values)
    done = 0

    def on_rows(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress(f"publish {as_of}", done / rows)

    publication = Publication(
        as_of=as_of,
        zone=source.bank.manifest.zone,
        names=names,
        catalogue_digest=source.bank.catalogue.digest,
        data_digest=source.bank.manifest.digest,
        customer_ids=ids,
        values=values,
        facts=tuple(
            _facts(
                as_of,
                source.bank.catalogue.digest,
                int(code),
                {**known.of(customer_id), "tier": tiers.get(customer_id)},
            )
            for customer_id, code in zip(ids, statuses["status_code"].to_pylist(), strict=True)
        ),
    )
    return publish_online(home.online, publication, on_rows)


def refresh_online(home: Home, source: Store, as_of: date, progress: Progress | None = None) -> bool:
    """Publish an as_of again where it is the one that serving answers from, so that what was decided since is told.

    Returns whether it was.
    """
    published = published_before(home.online)
    if published is None or (published.as_of, published.data_digest) != (
        as_of.isoformat(),
        source.bank.manifest.digest,
    ):
        return False
    publish_as_of(home, source, as_of, progress)
    return True


def _facts(as_of: date, catalogue: str, code: int, known: Mapping[str, Any]) -> str:
    """Write what is no number of a model, as canonical JSON."""
    name = STATUS[code]
    facts = {
        "as_of": as_of.isoformat(),
        "catalogue": catalogue,
        "status": "ok" if name == "ok" else "not_scorable",
        "reason": None if name == "ok" else name,
        **known,
    }
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
