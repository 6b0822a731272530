"""What a provider's README says of the real service is shown by a test, which is named beside its evidence.

That is asked of those that have tests of their own: a new one has none at first.
"""

import re

import pytest

from repository import ROOT
from sendproof_simulators.services.discovery import discover

STORIES = ROOT / "tests" / "simulators"
CARRIERS = sorted(name for name, one in discover().items() if one.templates is not None and (STORIES / name).is_dir())


def quirks(service: str) -> list[list[str]]:
    """The rows of the table of quirks: quirk, evidence, source, tests."""
    text = (ROOT / "simulators" / "sendproof_simulators" / "services" / service / "README.md").read_text()
    table = text.split("| quirk | evidence | source | shown by |\n|---|---|---|---|\n")[1].split("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table.splitlines()]


def stories(service: str) -> set[str]:
    """The tests of a service."""
    files = (STORIES / service).glob("test_*.py")
    return {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}


@pytest.mark.parametrize("service", CARRIERS)
def test_every_quirk_has_its_evidence_and_its_test(service):
    """The test exists, and is one of that service's own."""
    known = stories(service)
    for quirk, evidence, source, shown in quirks(service):
        assert set(evidence.split(", ")) <= {"documented", "observed", "assumed"}, quirk
        assert source, quirk
        assert set(re.findall(r"`(test_\w+)`", shown)) <= known, quirk
        assert shown.startswith("`test_"), quirk
