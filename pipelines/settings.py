"""Where the state of an installation lies: the one place that knows the folders of `--home`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_HOME = ".bellwether"
MODEL_NAME = "bellwether"


@dataclass(frozen=True)
class Home:
    """Folders of one installation. Nothing is made before it is written to."""

    root: Path

    @property
    def tables(self) -> Path:
        """Prepared tables, one folder per digest of the bank's tables."""
        return self.root / "tables"

    @property
    def stores(self) -> Path:
        """Offline feature stores, one folder per digest of data, catalogue and feature code."""
        return self.root / "stores"

    @property
    def online(self) -> Path:
        """The online feature store."""
        return self.root / "online"

    @property
    def book(self) -> Path:
        """What was decided and scored of every customer, by as_of: tiers, and the scores that groups are shown of."""
        return self.root / "book"

    @property
    def bundles(self) -> Path:
        """Exported bundles, one folder per version."""
        return self.root / "bundles"

    @property
    def champion(self) -> Path:
        """The file that names the version that serves."""
        return self.root / "champion.json"

    @property
    def promotions(self) -> Path:
        """The record of who was promoted, refused and rolled back; it only grows."""
        return self.root / "promotions.jsonl"

    @property
    def code_book(self) -> Path:
        """The append-only codes of the bank's text attributes."""
        return self.root / "codebook.json"

    @property
    def reports(self) -> Path:
        """Reports and pictures for people."""
        return self.root / "reports"

    @property
    def tracking_uri(self) -> str:
        """MLflow's tracking and registry database."""
        return f"sqlite:///{self.root.resolve() / 'mlflow.db'}"

    @property
    def artifacts(self) -> Path:
        """MLflow's artifacts."""
        return self.root.resolve() / "mlartifacts"


def read_home(option: Path | None) -> Home:
    """Return the home named by `--home`, else by BELLWETHER_HOME, else `.bellwether` here."""
    named = option or Path(os.environ.get("BELLWETHER_HOME") or DEFAULT_HOME)
    return Home(named.expanduser().absolute())


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a small JSON file atomically: readers see the old or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1, sort_keys=True)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def is_running(process: int) -> bool:
    """Whether a process of this machine is alive."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
