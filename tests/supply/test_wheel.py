"""The wheel is complete: it works without the repository."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile

import pytest

from repository import CONTRACTS, PACKAGES, ROOT, files, name_of
from sendproof_harness.cli.files.docs import CONTENT
from sendproof_simulators.services.discovery import discover


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return a folder with the wheel's content, and a function that runs Python with it.

    The option `-S` hides the editable installation.
    """
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    paths = os.pathsep.join([str(folder / "site"), sysconfig.get_path("purelib")])

    def python(*arguments: str) -> subprocess.Popen[str]:
        line = [sys.executable, "-S", *arguments]
        return subprocess.Popen(
            line, cwd=folder, env={"PATH": os.environ["PATH"], "PYTHONPATH": paths}, stdout=-1, text=True
        )

    return folder / "site", python


def test_wheel_contains_the_packages_of_sendproof_only(installed):
    """Other names could clash with packages of the vendor."""
    site, _ = installed
    names = {path.name for path in site.iterdir() if not path.name.endswith(".dist-info")}
    assert names == {"sendproof", "sendproof_simulators", "sendproof_bridge", "sendproof_harness"}


def test_wheel_contains_all_contracts_and_scenarios(installed):
    """They are at the top of the repository, but inside the packages in a wheel."""
    site, _ = installed
    contracts = {path.name for path in (site / "sendproof_simulators" / "openapi").glob("*.yaml")}
    library = site / "sendproof_harness" / "library"
    scenarios = {path.relative_to(library).as_posix() for path in library.rglob("*.yaml")}
    assert contracts == {path.name for path in CONTRACTS.glob("*.yaml")}
    assert scenarios == {
        path.relative_to(ROOT / "scenarios").as_posix() for path in (ROOT / "scenarios").glob("*/*.yaml")
    }


def test_wheel_contains_all_data_files(installed):
    site, _ = installed
    for package in PACKAGES:
        data_files = {name_of(path) for path in files() if path.is_relative_to(package) and path.suffix != ".py"}
        assert {name for name in data_files if not (site / name.partition("/")[2]).is_file()} == set()


def test_wheel_contains_the_documentation_and_examples(installed):
    """Messages point to pages, shims and example bridges."""
    site, _ = installed
    folder = site / "sendproof_harness" / "documentation"
    names = {name_of(path) for path in files() if any(path.is_relative_to(ROOT / name) for name in CONTENT)}
    shipped = {name for name in names if not name.startswith(("docs/generators/", "docs/site/", "docs/images/"))}
    assert {name for name in shipped if not (folder / name).is_file()} == set()


def test_installed_harness_prints_every_page_that_a_message_names(installed):
    _, python = installed
    code = "".join(path.read_text() for package in PACKAGES for path in package.rglob("*.py"))
    named = set(re.findall(r"sendproof docs ([a-z/-]+)", code))
    assert named > {"connect-your-bridge", "reference/scenario-file"}
    with python("-c", f"import sendproof_harness.cli.files.docs as d; print({named!r} - d._pages().keys())") as process:
        assert process.stdout.read().strip() == "set()"


@pytest.mark.slow
@pytest.mark.parametrize("package", ["sendproof_simulators", "sendproof_bridge"])
def test_installed_command_shows_its_usage(installed, package):
    _, python = installed
    with python("-m", package, "--help") as process:
        assert "usage:" in process.stdout.read().lower()
    assert process.returncode == 0


@pytest.mark.slow
def test_installed_simulators_start_all_services(installed):
    _, python = installed
    with python("-m", "sendproof_simulators", "up", "--json", "--port", "0") as process:
        services = json.loads(process.stdout.readline())["services"]
        process.terminate()
    assert set(services) == set(discover())


def test_installed_harness_finds_the_listener_contract(installed):
    _, python = installed
    code = "import sendproof_harness.conformance.listener_spec as l; print(sorted(l.body_schemas()))"
    with python("-c", code) as process:
        assert process.stdout.read().strip() == "[1, 2, 3, 4, 5, 11, 13]"


def test_installed_harness_finds_library_scenarios(installed):
    """The harness must find them in any working directory."""
    site, python = installed
    code = "import pathlib\nfrom sendproof_harness.scenario import library\n"
    code += "print(*library.find_scenario_files(pathlib.Path('scheduled/first_campaign')))"
    with python("-c", code) as process:
        assert process.stdout.read().strip() == str(site / "sendproof_harness/library/scheduled/first_campaign.yaml")


@pytest.mark.slow
def test_installed_harness_runs_a_load_test(installed, tmp_path):
    """The files for Locust must be in the wheel."""
    _, python = installed
    arguments = ["load", "paging", "--customers", "10", "--users", "1", "--results", str(tmp_path)]
    with python("-m", "sendproof_harness", *arguments) as process:
        assert "0 of 10 rows" in process.stdout.read()
    assert process.returncode == 0


@pytest.mark.slow
def test_installed_pytest_plugin_adds_its_mark(installed):
    _, python = installed
    with python("-m", "pytest", "--markers", "-p", "no:locust") as process:
        assert "@pytest.mark.scenario(*names, provider=None" in process.stdout.read()
    assert process.returncode == 0
