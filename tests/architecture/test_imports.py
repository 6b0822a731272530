"""Who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from repository import PACKAGES, ROOT, files, name_of
from sendproof_simulators.services.discovery import discover, folder_of

SIMULATORS = PACKAGES[0]
# Imports that no tool sees, each with its reason.
HIDDEN_IMPORTS = {
    "simulators/sendproof_simulators/services/discovery.py": "simulators are found by folder",
    "simulators/sendproof_simulators/core/faults/spec.py": "faults are found by file",
    "bridge/sendproof_bridge/outbound/providers/__init__.py": "channels are found by file",
    "harness/sendproof_harness/providers/__init__.py": "records of providers are found by file",
}


def imported(path: Path) -> set[str]:
    """The full names of the modules that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_contracts_between_packages_hold():
    """The contracts in pyproject.toml hold: three programs that meet only on the wire, the simulators in layers."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", discover())
def test_simulator_imports_core_and_provider_only(name):
    """A simulator imports itself, core/ and provider.py, and nothing else of the simulators."""
    folder = folder_of(discover()[name])
    allowed = tuple(f"sendproof_simulators.{part}" for part in (f"services.{folder.name}", "core"))
    for path in folder.rglob("*.py"):
        ours = {module for module in imported(path) if module.startswith("sendproof_")}
        assert {module for module in ours if not module.startswith(allowed)} == set(), path


def test_core_imports_no_simulator():
    """core/ knows what a provider is, and no provider."""
    allowed = ("sendproof_simulators.core",)
    found = {module for path in (SIMULATORS / "core").rglob("*.py") for module in imported(path)}
    assert {module for module in found if module.startswith("sendproof_") and not module.startswith(allowed)} == set()


def test_connexion_is_imported_in_one_module():
    """Only contract.py knows Connexion."""
    found = [
        name_of(path)
        for package in PACKAGES
        for path in package.rglob("*.py")
        if any(module.partition(".")[0] == "connexion" for module in imported(path))
    ]
    assert found == ["simulators/sendproof_simulators/server/connexion_app.py"]


def test_no_import_is_hidden():
    """Only the modules named above import by a name that is worked out at run time."""
    sources = [path for package in PACKAGES for path in package.rglob("*.py")]
    found = {
        name_of(path) for path in sources if "import_module(" in path.read_text() or "__import__(" in path.read_text()
    }
    assert found == set(HIDDEN_IMPORTS)


def test_every_test_file_is_collected():
    """A file under tests/ that holds tests is named so that pytest finds it."""
    strays = [
        name_of(path)
        for path in files(".py")
        if name_of(path).startswith("tests/")
        and "\ndef test_" in path.read_text()
        and not path.name.startswith("test_")
    ]
    assert strays == []
