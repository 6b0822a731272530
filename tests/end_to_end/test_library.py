"""A few scenarios of the library, one of a theme and for each provider, as `make scenarios` plays all of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import sendproof
from trial_runs import simulators


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Simulators for all of them, each in a sandbox of its own."""
    with simulators(tmp_path_factory.mktemp("simulators")) as started:
        yield started


@pytest.mark.parametrize(
    ("named", "provider"),
    [
        ("time_zones/midnight", "textlocal"),
        pytest.param("templates/renamed", "xtremepush", marks=pytest.mark.slow),
        ("triggered/several_events", "delivyr"),
        pytest.param("opt_outs/by_preference", "textlocal", marks=pytest.mark.slow),
        pytest.param("failures/reply_lost_after", "textlocal", marks=pytest.mark.slow),
        ("failures/notifications_twice", "xtremepush"),
    ],
)
def test_the_reference_bridge_passes(named: str, provider: str, url: str, tmp_path: Path) -> None:
    """Every check that was asked has passed, and nobody's fate is in doubt."""
    said = sendproof("run", named, "--provider", provider, "--control-url", url, "--results", tmp_path)
    assert said.status == 0, said.out + said.err
    (file,) = tmp_path.rglob("verdict.json")
    verdict = json.loads(file.read_text())
    assert {check["verdict"] for check in verdict["checks"]} == {"pass"}
