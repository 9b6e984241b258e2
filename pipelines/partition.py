"""A folder that is there whole or not at all: written beside its place and moved there in one step."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.settings import is_running

_DRAFT = ".draft-"


@contextmanager
def whole_folder(place: Path) -> Iterator[Path]:
    """Give a folder to write into that becomes `place` when the block ends, and vanishes if it fails.

    A reader sees the whole folder or none, also if the process is killed at any moment; what killed processes left
    behind is removed by the next one. A folder that has appeared at `place` meanwhile stays as it is.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    _sweep(place.parent)
    draft = place.parent / f"{_DRAFT}{os.getpid()}-{place.name}"
    try:
        draft.mkdir()
        yield draft
        if not place.is_dir():
            draft.rename(place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _sweep(parent: Path) -> None:
    for left in parent.glob(f"{_DRAFT}*"):
        if not is_running(int(left.name.removeprefix(_DRAFT).split("-")[0])):
            shutil.rmtree(left, ignore_errors=True)
