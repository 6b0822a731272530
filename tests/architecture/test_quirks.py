"""Each quirk in a provider's README names its evidence and a test that shows it.

This applies to providers with tests of their own. A new provider has none at first.
"""

import re

import pytest

from repository import ROOT
from sendproof_simulators.services.discovery import discover

TESTS_FOLDER = ROOT / "tests" / "simulators"
PROVIDERS = sorted(
    name for name, simulator in discover().items() if simulator.templates is not None and (TESTS_FOLDER / name).is_dir()
)


def quirks(service: str) -> list[list[str]]:
    """Return the rows of the table of quirks: quirk, evidence, source, tests."""
    text = (ROOT / "simulators" / "sendproof_simulators" / "services" / service / "README.md").read_text()
    table = text.split("| quirk | evidence | source | shown by |\n|---|---|---|---|\n")[1].split("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table.splitlines()]


def names_of_tests(service: str) -> set[str]:
    """Return the names of a service's tests."""
    files = (TESTS_FOLDER / service).rglob("test_*.py")
    return {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}


@pytest.mark.parametrize("service", PROVIDERS)
def test_quirk_has_evidence_source_and_existing_test(service):
    known = names_of_tests(service)
    for quirk, evidence, source, shown in quirks(service):
        assert set(evidence.split(", ")) <= {"documented", "observed", "assumed"}, quirk
        assert source, quirk
        assert set(re.findall(r"`(test_\w+)`", shown)) <= known, quirk
        assert shown.startswith("`test_"), quirk
