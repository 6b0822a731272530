"""What is installed is whole: the wheel works where the repository is absent."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile

import pytest

from repository import CONTRACTS, PACKAGES, ROOT, files, name_of
from sendproof_simulators.services.discovery import discover


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the wheel's contents, and how to run Python on it: `-S` leaves the editable installation out."""
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


def test_wheel_holds_three_packages_and_nothing_else(installed):
    """The vendor's environment gains three names, all ours."""
    site, _ = installed
    names = {path.name for path in site.iterdir() if not path.name.endswith(".dist-info")}
    assert names == {"sendproof_simulators", "sendproof_bridge", "sendproof_harness"}


def test_wheel_holds_every_contract_and_scenario(installed):
    """Contracts and scenarios lie at the top of the repository, and inside the packages in a wheel."""
    site, _ = installed
    contracts = {path.name for path in (site / "sendproof_simulators" / "openapi").glob("*.yaml")}
    library = site / "sendproof_harness" / "library"
    scenarios = {path.relative_to(library).as_posix() for path in library.rglob("*.yaml")}
    assert contracts == {path.name for path in CONTRACTS.glob("*.yaml")}
    assert scenarios == {
        path.relative_to(ROOT / "scenarios").as_posix() for path in (ROOT / "scenarios").glob("*/*.yaml")
    }


def test_wheel_holds_what_the_packages_read(installed):
    """Pages, schemas and what is carried of others, with its licence."""
    site, _ = installed
    for package in PACKAGES:
        read = {name_of(path) for path in files() if path.is_relative_to(package) and path.suffix != ".py"}
        assert {name for name in read if not (site / name.partition("/")[2]).is_file()} == set()


@pytest.mark.parametrize("package", ["sendproof_simulators", "sendproof_bridge"])
def test_installed_command_answers(installed, package):
    """Both commands tell how to use them, without the repository."""
    _, python = installed
    with python("-m", package, "--help") as process:
        assert "usage:" in process.stdout.read().lower()
    assert process.returncode == 0


def test_installed_simulators_find_their_contracts(installed):
    """`sendproof up` serves every simulator from what the wheel brought."""
    _, python = installed
    with python("-m", "sendproof_simulators", "up", "--json", "--port", "0") as process:
        services = json.loads(process.stdout.readline())["services"]
        process.terminate()
    assert set(services) == set(discover())


def test_installed_harness_finds_the_contract_of_listeners(installed):
    """Without the repository, as with it."""
    _, python = installed
    story = "import sendproof_harness.conformance.listener_spec as l; print(sorted(l.body_schemas()))"
    with python("-c", story) as process:
        assert process.stdout.read().strip() == "[1, 2, 3, 4, 5, 11, 13]"


def test_installed_harness_finds_the_library(installed):
    """A scenario of the library is found by its name, wherever the harness runs."""
    site, python = installed
    story = "import pathlib\nfrom sendproof_harness.scenario import library\n"
    story += "print(*library.find_scenario_files(pathlib.Path('scheduled/first_campaign')))"
    with python("-c", story) as process:
        assert process.stdout.read().strip() == str(site / "sendproof_harness/library/scheduled/first_campaign.yaml")


def test_installed_harness_loads(installed, tmp_path):
    """The files that Locust runs came with the wheel."""
    _, python = installed
    words = ["load", "paging", "--customers", "10", "--users", "1", "--results", str(tmp_path)]
    with python("-m", "sendproof_harness", *words) as process:
        assert "0 of 10 rows" in process.stdout.read()
    assert process.returncode == 0
