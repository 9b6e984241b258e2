"""What the folders promise: layers, no clock below the pipelines, nothing that unpickles, no look at the truth."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("features", "training", "serving", "pipelines")
UNPICKLERS = {
    "pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal",
}  # fmt: skip
BANNED_CALLS = {"eval", "exec", "yaml.load", "yaml.unsafe_load", "np.load", "numpy.load", "compile"}
CLOCKS = {
    "date.today", "datetime.now", "datetime.utcnow", "datetime.today", "time.time", "time.time_ns", "ibis.now",
    "ibis.today", "pd.Timestamp.now", "random.seed", "np.random.seed",
}  # fmt: skip


def _modules(*packages: str) -> Iterator[tuple[Path, ast.Module]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_nothing_in_the_project_unpickles_or_evaluates() -> None:
    found = []
    count = 0
    for path, tree in _modules(*PACKAGES, "tools"):
        count += 1
        found += [f"{path}: import {name}" for name in _imports(tree) if name.split(".")[0] in UNPICKLERS]
        for call in _calls(tree):
            name = ast.unparse(call.func)
            is_safe_load = name in {"np.load", "numpy.load"} and any(
                word.arg == "allow_pickle"
                and isinstance(word.value, ast.Constant)
                and word.value.value is False
                for word in call.keywords
            )
            if name in BANNED_CALLS and not is_safe_load:
                found.append(f"{path}:{call.lineno}: {name}(...)")
    assert not found, found
    print(f"{count} modules read")


SEEDED = {Path("training/shap_plots.py"): "np.random.seed"}
"""shap's beeswarm takes no generator: its plot seeds NumPy's own, and puts its state back."""


def test_there_is_no_clock_below_the_pipelines() -> None:
    found = [
        f"{path}:{call.lineno}: {ast.unparse(call.func)}"
        for path, tree in _modules("features", "training", "serving")
        for call in _calls(tree)
        if (ast.unparse(call.func) in CLOCKS and SEEDED.get(path) != ast.unparse(call.func))
        or (ast.unparse(call.func) == "np.random.default_rng" and not call.args)
    ]
    assert not found, found


def test_a_call_of_the_clock_would_be_found() -> None:
    tree = ast.parse("from datetime import date\nx = date.today()")
    assert [ast.unparse(call.func) for call in _calls(tree)] == ["date.today"]


def test_only_the_simulation_and_who_judges_by_it_know_the_truth() -> None:
    """`truth/` holds what nobody at a bank can know: no feature, label, model or answer may read it."""
    names_of = ("truth", "demo", "cli", "bench/quality")
    allowed = {Path(f"pipelines/{name}.py") for name in names_of}
    found = []
    for path, tree in _modules(*PACKAGES):
        if path in allowed or Path("pipelines/sources/simulated") in path.parents:
            continue
        names = {name for name in _imports(tree) if "truth" in name or "simulated" in name}
        texts = {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "truth/" in node.value
        }
        found += [f"{path}: {sorted(names | texts)}"] if names or texts else []
    assert not found, found


def test_every_module_can_be_imported_first() -> None:
    """Importing a module runs its packages first; whichever module comes first, none needs what is not there yet."""
    imports = {
        ".".join(path.with_suffix("").parts).removesuffix(".__init__"): list(_first_imports(tree))
        for path, tree in _modules(*PACKAGES)
    }
    stuck = {name: found for name in imports if (found := _too_early(name, imports, {}))}
    assert not stuck, stuck


def test_modules_that_need_each_other_would_be_found() -> None:
    imports: dict[str, list[tuple[str, str]]] = {"a": [("b", "y")], "b": [("a", "x")], "c": [("a.d", "x")]}
    assert _too_early("a", imports, {}) == ["b: from a import x"]
    assert _too_early("b", imports, {}) == ["a: from b import y"]
    package: dict[str, list[tuple[str, str]]] = {"p": [("p.m", "x")], "p.m": [("p", "n")], "p.n": []}
    assert _too_early("p.m", package, {}) == []


def _first_imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What a module imports before anything else: (module, name), in order."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, name.name) for name in node.names)


def _too_early(
    name: str, imports: Mapping[str, list[tuple[str, str]]], is_done: dict[str, bool]
) -> list[str]:
    """The imports that, with `name` imported next, ask a module for a name before the module is through."""
    found = _too_early(name.rpartition(".")[0], imports, is_done) if "." in name else []
    if name not in imports or name in is_done:
        return found
    is_done[name] = False
    for module, wanted in imports[name]:
        found += _too_early(module, imports, is_done)
        if f"{module}.{wanted}" in imports:
            found += _too_early(f"{module}.{wanted}", imports, is_done)
        elif not is_done.get(module, True):
            found.append(f"{name}: from {module} import {wanted}")
    is_done[name] = True
    return found


def test_layers_hold() -> None:
    result = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_keeps_to_one_subject(package: str) -> None:
    """400 lines is where a file has outgrown its room."""
    long = {
        str(path): lines
        for path, _ in _modules(package)
        if (lines := len((ROOT / path).read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long, long
