"""Time and chance come from one place each; what is banned elsewhere stands in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

from repository import ROOT


def test_nobody_reaches_for_the_clock_or_for_chance():
    """No module but the few named in pyproject.toml uses a banned name."""
    ruff = Path(sys.executable).with_name("ruff")
    done = subprocess.run(
        [ruff, "check", "--no-cache", "--select", "TID251", "--output-format", "concise", "."],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "All checks passed!\n", done.stdout
