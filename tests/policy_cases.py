"""Cases of policy that the business reads and writes: tests/cases/*.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).parent / "cases"


def read_cases(name: str) -> dict[str, list[dict[str, Any]]]:
    """Read one file of cases, by group."""
    content: dict[str, list[dict[str, Any]]] = yaml.safe_load(
        (CASES / f"{name}.yaml").read_text(encoding="utf-8")
    )
    return content
