"""Policy: numbers and texts that a bank may change, read from the YAML files of this folder."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import Any

import yaml


@cache
def read_policy(name: str) -> dict[str, Any]:
    """Read one policy file.

    Raises
    ------
    ValueError
        There is no such file, or it does not hold a mapping.
    """
    text = policy_text(name)
    content = yaml.safe_load(text)
    if not isinstance(content, dict):
        raise ValueError(f"features/policy/{name}.yaml: expected a mapping; got {type(content).__name__}")
    return content


def policy_text(name: str) -> str:
    """Return a policy file as it stands."""
    path = resources.files("features.policy") / f"{name}.yaml"
    if not path.is_file():
        raise ValueError(f"expected a policy file features/policy/{name}.yaml; there is none")
    return path.read_text(encoding="utf-8")


def policy_names() -> tuple[str, ...]:
    """Names of all policy files, sorted."""
    files = resources.files("features.policy").iterdir()
    return tuple(sorted(file.name[:-5] for file in files if file.name.endswith(".yaml")))


def policy_digest() -> str:
    """SHA-256 over every policy file."""
    digest = hashlib.sha256()
    for name in policy_names():
        digest.update(name.encode())
        digest.update(policy_text(name).encode())
    return digest.hexdigest()
