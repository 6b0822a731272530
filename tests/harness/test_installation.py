"""The command that adds an extra to an installation, whichever tool made it."""

import shlex
import sys

import pytest

from repository import ROOT
from sendproof_harness.installation import Environment, command_in, install_command, requirements_of


def test_command_installs_the_packages_of_the_extra_with_this_python():
    """No index needs to have Sendproof, and `pip` on the path may belong to another Python."""
    words = shlex.split(install_command("load"))
    assert sys.executable in words
    assert words[-2:] == ["locust<3,>=2.47", "psutil>=7"]


@pytest.mark.parametrize(
    ("file", "has_pip", "command"),
    [
        ("pyvenv.cfg", True, "/x/python -m pip install 'locust<3'"),
        ("pipx_metadata.json", True, "pipx inject sendproof 'locust<3'"),
        ("uv-receipt.toml", False, "uv pip install --python /x/python 'locust<3'"),
    ],
)
def test_command_is_that_of_the_tool_that_made_the_environment(tmp_path, file, has_pip, command):
    prefix = tmp_path / "sendproof"
    prefix.mkdir()
    (prefix / file).touch()
    assert command_in(Environment("/x/python", prefix, has_pip=has_pip), ["locust<3"]) == command


def test_unknown_extra_has_no_requirements():
    assert requirements_of("no_such_extra") == []


def test_bridge_has_the_same_module():
    """It works without the harness."""
    harness, bridge = (
        ROOT / name / "installation.py" for name in ("harness/sendproof_harness", "bridge/sendproof_bridge")
    )
    assert bridge.read_bytes() == harness.read_bytes()
