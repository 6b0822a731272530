"""The environment that `make setup` makes: its pip is the pinned one, not the one that the interpreter brings."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import distribution, version
from pathlib import Path

import pytest

from repository import ROOT


def is_made_by_set_up():
    """Return True if `make setup` made the environment of this test, from the lock files as they are."""
    if shutil.which("make") is None:
        return False
    made = subprocess.run(["make", "--question", "setup"], cwd=ROOT, capture_output=True, check=False)
    # An environment may also borrow the packages of another one.
    own = Path(distribution("pip").locate_file("pip")).resolve().is_relative_to(ROOT / ".venv")
    return made.returncode == 0 and own


def test_pip_of_the_environment_is_the_pinned_one():
    """The pip and setuptools of an interpreter are as old as it is, with their vulnerabilities."""
    if not is_made_by_set_up():
        pytest.skip("`make setup` did not make this environment")
    pinned = dict(re.findall(r"^(pip|setuptools)==(\S+)", (ROOT / "requirements-pip.lock").read_text(), re.MULTILINE))
    assert version("pip") == pinned["pip"]
    if sys.version_info < (3, 12):
        assert version("setuptools") == pinned["setuptools"]
