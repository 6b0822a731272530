"""On Windows, each program ends with one sentence: nothing is tested there, and locks and process groups are absent."""

import subprocess
import sys

import pytest

# As on Windows: modules of POSIX are absent.
_WINDOWS = """
import sys
sys.modules.update(dict.fromkeys(["fcntl", "grp", "pwd", "resource", "termios"]))
from {module} import main
sys.platform = "win32"
sys.argv = ["program", "--help"]
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("module", "status"), [("sendproof_harness.cli", 3), ("sendproof_simulators.cli", 3), ("sendproof_bridge.cli", 2)]
)
def test_program_refuses_windows_in_one_sentence(module, status):
    code = _WINDOWS.format(module=module)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.stderr == (
        "Sendproof does not run on Windows; run it in the Windows Subsystem for Linux (WSL 2) or in a container.\n"
    )
    assert (result.stdout, result.returncode) == ("", status)
