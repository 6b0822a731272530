"""Time and randomness each come from one module; pyproject.toml bans them in all others."""

import subprocess
import sys
from pathlib import Path

from repository import ROOT


def test_no_module_uses_a_banned_name():
    """Real time and randomness would make runs irreproducible. pyproject.toml lists the bans and the exceptions."""
    ruff = Path(sys.executable).with_name("ruff")
    completed = subprocess.run(
        [ruff, "check", "--no-cache", "--select", "TID251", "--output-format", "concise", "."],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert completed.stdout == "All checks passed!\n", completed.stdout
