"""Time and randomness have one source each; pyproject.toml lists the names that are banned elsewhere."""

import subprocess
import sys
from pathlib import Path

from repository import ROOT


def test_banned_names_are_only_used_in_the_listed_modules():
    ruff = Path(sys.executable).with_name("ruff")
    done = subprocess.run(
        [ruff, "check", "--no-cache", "--select", "TID251", "--output-format", "concise", "."],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "All checks passed!\n", done.stdout
