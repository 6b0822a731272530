"""A few scenarios of the library, of different themes and providers. `make scenarios` runs all of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import sendproof
from trial_runs import simulators


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the control URL of simulators for all scenarios, each with its own sandbox."""
    with simulators(tmp_path_factory.mktemp("simulators")) as started:
        yield started


@pytest.mark.parametrize(
    ("scenario", "provider"),
    [
        pytest.param("time_zones/midnight", "textlocal", marks=pytest.mark.slow),
        pytest.param("brochure/translations", "textlocal", marks=pytest.mark.slow),
        pytest.param("templates/renamed", "xtremepush", marks=pytest.mark.slow),
        pytest.param("triggered/several_events", "delivyr", marks=pytest.mark.slow),
        pytest.param("opt_outs/by_preference", "textlocal", marks=pytest.mark.slow),
        pytest.param("failures/reply_lost_after", "textlocal", marks=pytest.mark.slow),
        ("failures/notifications_twice", "xtremepush"),
    ],
)
def test_reference_bridge_passes_library_scenario(scenario: str, provider: str, url: str, tmp_path: Path) -> None:
    run = sendproof("run", scenario, "--provider", provider, "--control-url", url, "--results", tmp_path)
    assert run.status == 0, run.out + run.err
    (file,) = tmp_path.rglob("verdict.json")
    verdict = json.loads(file.read_text())
    assert {check["verdict"] for check in verdict["checks"]} == {"pass"}
