from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.bench.synthetic import Shape, make_home


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with 60 customers C000000 ... C000059; those ending in 9 cannot be scored."""
    root = tmp_path_factory.mktemp("small") / "home"
    make_home(root, Shape(customers=60, features=40, trees=60))
    return root
