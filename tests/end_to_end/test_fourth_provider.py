"""A fourth provider from outside the repository: a whole run of the reference bridge passes."""

import json
import os
from pathlib import Path

import pytest

from command_line import sendproof
from documents import named_files

PAGE = "docs/add-a-provider.md"
SCENARIO = """\
sendproof: 1
name: Campaign over a fourth provider
seed: 7
starts: 2026-03-02T06:00:00Z
audience: {customers: 60, opted_out: 5%}
channels:
  - {id: 505, provider: pigeon}
templates:
  - {provider: pigeon, title: Welcome, body: "Hello {{FIRST_NAME}}, welcome."}
campaigns:
  - campaign: 7001
    channel: 505
    announced: 2026-03-02T06:30:00Z
    splits: [{share: 100%, template: Welcome, send_at: 2026-03-02T09:00:00Z}]
FAULTSsteps:
  - wait_for: {listeners: 1, templates: 1}
  - plan: 7001
  - advance: 8 days
"""
FAULTS = """\
faults:
  - {fault: rate_limited, retry_after: 30, call: pigeon.sendMessage, nth: 3}
  - {fault: duplicate_webhook, webhook: pigeon.receipt, nth: 2}
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return variables that name the folders of the page's files: contract and simulator, bridge, and harness."""
    for name, text in named_files(PAGE).items():
        top = name.partition("/")[0]
        file = tmp_path / (name if top in {"my_bridge", "my_harness"} else f"my_simulators/{name}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return {
        "SENDPROOF_SIMULATORS": str(tmp_path / "my_simulators"),
        "SENDPROOF_BRIDGE_PROVIDERS": str(tmp_path / "my_bridge"),
        "SENDPROOF_HARNESS_PROVIDERS": str(tmp_path / "my_harness"),
    }


@pytest.mark.slow
@pytest.mark.parametrize("faults", ["", FAULTS], ids=["no faults", "faults"])
def test_reference_bridge_passes_over_a_fourth_provider(tmp_path: Path, environment, faults: str) -> None:
    """No file of the repository is edited for it."""
    file = tmp_path / "pigeons.yaml"
    file.write_text(SCENARIO.replace("FAULTS", faults))
    run = sendproof("run", file, "--results", tmp_path / "results", environment={**os.environ, **environment})
    assert run.status == 0, run.out + run.err
    verdict = json.loads((tmp_path / "results" / "pigeons" / "verdict.json").read_text())
    assert (verdict["verdict"], verdict["ledger"]["ok"]) == ("pass", 58)


def test_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """The message names the variable."""
    missing = {"SENDPROOF_HARNESS_PROVIDERS": str(tmp_path / "nowhere")}
    run = sendproof("run", "scheduled/first_campaign", "--results", tmp_path, environment=missing)
    assert (run.status, run.err.count("\n")) == (3, 1), run.err
    assert "SENDPROOF_HARNESS_PROVIDERS: expected a folder with records of providers, got " in run.err
