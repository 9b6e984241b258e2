"""Policy: numbers and texts that a bank may change, read from the YAML files of this folder."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from features.policy.tree import Place, PolicyError, syntax_error, tree_of


@cache
def read_policy(name: str) -> dict[str, Any]:
    """Read one policy file.

    Raises
    ------
    PolicyError
        There is no such file, it is no YAML, it does not hold a mapping, or a mapping in it has a key twice.
    """
    return parse_policy(policy_text(name), policy_file(name))


def parse_policy(text: str, file: str) -> dict[str, Any]:
    """Read a policy file's text; see `read_policy`."""
    tree = tree_of(text, file)
    try:
        content: dict[str, Any] = SafeConstructor().construct_document(tree)
    except yaml.YAMLError as error:
        raise syntax_error(error, text, file) from None
    except ValueError as error:  # a date such as 2024-13-01, of which YAML does not tell the line
        raise PolicyError(
            f"{file}: expected values that exist; got one that does not ({error}). Correct it."
        ) from None
    return content


def policy_file(name: str) -> str:
    """Return the path of a policy file, as people know it."""
    return f"features/policy/{name}.yaml"


def policy_text(name: str) -> str:
    """Return a policy file as it stands."""
    path = resources.files("features.policy") / f"{name}.yaml"
    if not path.is_file():
        raise PolicyError(f"expected a policy file {policy_file(name)}; there is none")
    content = path.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        place = Place(policy_file(name), content.count(b"\n", 0, error.start) + 1)
        raise place.error(
            f"expected text in UTF-8; got the byte {content[error.start]:#x}. Save the file as UTF-8."
        ) from None


def policy_names() -> tuple[str, ...]:
    """Names of all policy files, sorted."""
    files = resources.files("features.policy").iterdir()
    return tuple(sorted(file.name[:-5] for file in files if file.name.endswith(".yaml")))


NO_FIGURES = (
    "classes",
    "contribution",
    "data_page",
    "gate",
    "intake",
    "lab",
    "monitor",
    "reports",
    "targets",
    "terminal",
    "texts",
)
"""Policy files that no feature reads: words of pages and of the terminal, and what comes after features."""


def policy_digest(without: tuple[str, ...] = ()) -> str:
    """SHA-256 over every policy file, some left out by name."""
    digest = hashlib.sha256()
    for name in sorted(set(policy_names()) - set(without)):
        digest.update(name.encode())
        digest.update(policy_text(name).encode())
    return digest.hexdigest()
