"""The import rules: which module may import which, and no cycles."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from repository import PACKAGES, ROOT, files, name_of
from sendproof_simulators.services.discovery import discover, folder_of

SIMULATORS = PACKAGES[0]
# Imports that no tool can see, each with its reason.
HIDDEN_IMPORTS = {
    "simulators/sendproof_simulators/services/discovery.py": "simulators are found by folder",
    "simulators/sendproof_simulators/core/faults/spec.py": "faults are found by file",
    "bridge/sendproof_bridge/outbound/providers/__init__.py": "providers are found by file",
    "harness/sendproof_harness/providers/__init__.py": "provider records are found by file",
    "harness/sendproof_harness/run/keeping/template.py": "the command line names the program to import",
}
MAX_MODULES = 16


@cache
def imported(path: Path) -> frozenset[str]:
    """Return the full names of the modules and their members that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def modules(package: Path) -> Mapping[str, Path]:
    """Return the files of a package by the full name of the module."""
    found = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imported_modules(name: str, known: Mapping[str, Path]) -> Iterator[str]:
    """Yield the modules of the same package that a module imports: the module itself, or that of a member."""
    for target in imported(known[name]):
        module = target if target in known else target.rpartition(".")[0]
        if module in known and module != name:
            yield module


def test_layers_of_pyproject_are_kept():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_package_has_no_import_cycle(package):
    """Imports in functions and under TYPE_CHECKING count: they only hide a cycle."""
    known = modules(package)
    try:
        TopologicalSorter({name: set(imported_modules(name, known)) for name in known}).prepare()
    except CycleError as error:
        pytest.fail("expected no import cycle, got " + " -> ".join(error.args[1]))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_folder_has_at_most_16_modules(package):
    """A larger folder needs subfolders, so that a reader can find a module by its folder's name."""
    folders = {path.parent for path in package.rglob("*.py")}
    counts = {name_of(folder): len(set(folder.glob("*.py")) - {folder / "__init__.py"}) for folder in folders}
    assert {name: count for name, count in counts.items() if count > MAX_MODULES} == {}


@pytest.mark.parametrize("name", discover())
def test_simulator_imports_only_itself_and_core(name):
    """A new simulator then needs nothing but its own folder and its contract."""
    folder = folder_of(discover()[name])
    allowed = tuple(f"sendproof_simulators.{part}" for part in (f"services.{folder.name}", "core"))
    for path in folder.rglob("*.py"):
        own = {module for module in imported(path) if module.startswith("sendproof_")}
        assert {module for module in own if not module.startswith(allowed)} == set(), path


def test_core_imports_no_simulator():
    """core/ defines the record of a simulator, and knows none of them."""
    found = {module for path in (SIMULATORS / "core").rglob("*.py") for module in imported(path)}
    own = {module for module in found if module.startswith("sendproof_")}
    assert {module for module in own if not module.startswith("sendproof_simulators.core")} == set()


def test_connexion_is_imported_in_one_module():
    found = [
        name_of(path)
        for package in PACKAGES
        for path in package.rglob("*.py")
        if any(module.partition(".")[0] == "connexion" for module in imported(path))
    ]
    assert found == ["simulators/sendproof_simulators/server/connexion_app.py"]


def test_imports_by_computed_name_are_listed():
    sources = [path for package in PACKAGES for path in package.rglob("*.py")]
    found = {
        name_of(path) for path in sources if "import_module(" in path.read_text() or "__import__(" in path.read_text()
    }
    assert found == set(HIDDEN_IMPORTS)


def test_each_file_with_tests_is_collected():
    """Pytest only finds files with names that start with `test_`."""
    missed = [
        name_of(path)
        for path in files(".py")
        if name_of(path).startswith("tests/")
        and "\ndef test_" in path.read_text()
        and not path.name.startswith("test_")
    ]
    assert missed == []
