"""The offline side of the online repository: none, since its rows are pushed.

Feast insists on an offline store, and by default loads dask's: seconds at every start of a worker, for code
that is never called. It finds these classes by their names, so this module is imported by Feast only.
"""

from __future__ import annotations

from feast.infra.offline_stores.offline_store import OfflineStore
from pydantic import BaseModel, ConfigDict


class PushedOnlyOfflineStoreConfig(BaseModel):
    """What `feature_store.yaml` says of it: its type."""

    model_config = ConfigDict(extra="forbid")

    type: str


class PushedOnlyOfflineStore(OfflineStore):
    """An offline store that nothing is ever read from."""
