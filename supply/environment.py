"""The packages of the main lock file, installed: those of this platform in `.venv`, the others in a folder."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from locks import MAIN, ROOT, SupplyError, read_pins

PYTHON = ROOT / ".venv" / "bin" / "python"
#: The packages that set-up leaves out on this platform.
OTHERS = ROOT / ".venv-supply" / "other-platforms"
#: Each package for another platform has a wheel for this one; the Python is any that all of them allow.
_PLATFORM = ("--platform", "win_amd64", "--python-version", "3.13", "--only-binary", ":all:")
_TIMEOUT_S = 600


def install_other_platforms() -> None:
    """Unpack the packages that set-up leaves out on this platform, because their metadata is needed too."""
    others = [pin for pin in read_pins(MAIN) if not pin.is_for_this_platform]
    with TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text("".join(f"{pin.requirement}\n" for pin in others))
        run_tool(
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--upgrade",
            "--no-deps",
            "--require-hashes",
            "--target",
            str(OTHERS),
            *_PLATFORM,
            "--requirement",
            str(requirements),
        )


def run_tool(module: str, *arguments: str) -> str:
    """Run a tool of this environment with the packages of other platforms in sight, and return its output."""
    command = [sys.executable, "-m", module, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(OTHERS)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, env=environment)
    if done.returncode != 0:
        raise SupplyError(f"{module}: expected exit status 0, got {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout
