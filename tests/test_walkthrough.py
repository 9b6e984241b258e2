"""The walk-through of docs/, executed: every block in order, as a reader would type it."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli import app

PROJECT = Path(__file__).parents[1]
PAGE = (PROJECT / "docs" / "walkthrough.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(sh|python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [
    (PAGE[: found.start()].count("\n") + 1, found.group(1), found.group(2)) for found in BLOCK.finditer(PAGE)
]
PROSE = BLOCK.sub("", PAGE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder, its state in it; MLflow and the path are afterwards as they were."""
    import mlflow

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BELLWETHER_HOME", "state")
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    before = mlflow.get_tracking_uri()
    yield tmp_path
    mlflow.set_tracking_uri(before)


def _shell(block: str) -> str:
    run = subprocess.run(
        ["bash", "-e", "-c", block], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-3000:]
    return run.stdout


def test_every_block_runs_and_prints_what_the_page_shows(folder: Path) -> None:
    """A text block shows lines of what the block before it prints; figures of models are not among them."""
    session: dict[str, Any] = {}
    printed = ""
    for line, kind, block in BLOCKS:
        where = f"docs/walkthrough.md:{line}"
        if kind == "text":
            for expected in block.splitlines():
                assert expected in printed, f"{where}: {expected!r} is not in\n{printed}"
            continue
        print(f"--- {where}")
        if kind == "sh":
            printed = _shell(block)
        else:
            with contextlib.redirect_stdout(io.StringIO()) as stream:
                exec(compile("\n" * line + block, where, "exec"), session)
            printed = stream.getvalue()
        print(printed)


def test_every_command_that_the_page_names_exists() -> None:
    known = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }
    named = set(re.findall(r"`bellwether (\w+)", PROSE))
    named |= {
        name for _, kind, block in BLOCKS if kind == "sh" for name in re.findall(r"bellwether (\w+)", block)
    }
    assert named
    assert named <= known


def test_every_file_and_module_that_the_page_names_exists() -> None:
    files = set(re.findall(r"`((?:features|training|serving|pipelines|tests)/[\w/.]+)`", PROSE))
    files |= {f"docs/{link}" for link in re.findall(r"\]\(([\w./]+\.md)", PROSE)}
    assert files
    assert not [name for name in files if not (PROJECT / name).exists()]
    imports = re.findall(r"^from (\w+(?:\.\w+)*) import (.+)$", PAGE, re.MULTILINE)
    for module, names in imports:
        for name in names.split(", "):
            assert hasattr(importlib.import_module(module), name), f"{module}.{name}"
