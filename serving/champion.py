"""Which bundle serves: the champion file names a version and its digest, and only that one is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.signals.reading import parse_signals
from serving.answers import Answerer
from serving.bundle import Bundle
from serving.errors import BundleError
from serving.reasons import BankWords, Texts

CHAMPION = "champion.json"
TEXTS_DOCUMENT = "policy/texts.yaml"
SIGNALS_DOCUMENT = "policy/signals.yaml"
BANK_DOCUMENT = "bank.json"


@dataclass(frozen=True)
class Override:
    """A promotion against the gate: the code of the reason, who decided, and the checks that had failed."""

    reason: str
    by: str
    failed: tuple[str, ...]


@dataclass(frozen=True)
class Champion:
    """The version that serves, and the SHA-256 of its manifest.

    `sequence` is its entry in the record of promotions (None: it was the first, before there was a record).
    `override` says why and by whom it was promoted against the gate, else it is None.
    """

    version: str
    manifest_sha256: str
    sequence: int | None = None
    override: Override | None = None


def read_champion(home: Path) -> Champion:
    """Read the champion file of an installation.

    Raises
    ------
    BundleError
        There is none, or it does not name a version.
    """
    path = home / CHAMPION
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        champion = Champion(
            str(content["version"]),
            str(content["manifest_sha256"]),
            None if content.get("sequence") is None else int(content["sequence"]),
            _override(content.get("override")),
        )
    except OSError as error:
        raise BundleError(
            f"champion: {error}. Train a model first, or name the home that has one."
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"{path}: expected version and manifest_sha256; got {error!r}. Bring it back from a copy."
        ) from error
    if Path(champion.version).name != champion.version:
        raise BundleError(f"{path}: expected a version; got {champion.version!r}. Bring it back from a copy.")
    return champion


def _override(content: dict[str, Any] | None) -> Override | None:
    if content is None:
        return None
    return Override(str(content["reason"]), str(content["by"]), tuple(map(str, content["failed"])))


def load_champion(home: Path) -> Answerer:
    """Load and verify the champion's bundle, with the texts and the bank's words that it carries.

    Raises
    ------
    BundleError
        The bundle is absent, damaged, of another version than its folder says, or lacks a text.
    """
    champion = read_champion(home)
    bundle = Bundle.load(home / "bundles" / champion.version, champion.manifest_sha256)
    if bundle.release is None or bundle.release.version != champion.version:
        raise BundleError(
            f"{bundle.directory}: expected release.json of version {champion.version}. Promote again."
        )
    try:
        texts = Texts.parse(bundle.documents[TEXTS_DOCUMENT])
        bank = BankWords.from_json(bundle.documents[BANK_DOCUMENT])
        signals = parse_signals(bundle.documents[SIGNALS_DOCUMENT], SIGNALS_DOCUMENT)
    except KeyError as error:
        raise BundleError(
            f"{bundle.directory}: expected the document {error}. Train the bundle again."
        ) from error
    except ValueError as error:
        raise BundleError(f"{bundle.directory}: {error}. Train the bundle again.") from error
    return Answerer(bundle, texts, bank, signals)
