"""The command that adds an extra to this installation of Sendproof.

It names the packages of the extra and not Sendproof itself: an index may not have Sendproof, and the checkout or wheel
that it came from may be gone. The bridge has a copy of this module, because it works without the harness.
"""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

_DISTRIBUTION = "sendproof"
# documented: pipx writes this file into the environments that it makes.
_PIPX_FILE = "pipx_metadata.json"


@dataclass(frozen=True)
class Environment:
    """What decides how a package gets into an environment."""

    python: str
    prefix: Path
    has_pip: bool


def install_command(extra: str) -> str:
    """Return a shell command that installs the packages of an extra where this program runs."""
    environment = Environment(sys.executable, Path(sys.prefix), util.find_spec("pip") is not None)
    return command_in(environment, requirements_of(extra))


def command_in(environment: Environment, packages: Sequence[str]) -> str:
    """Return a shell command that installs packages in an environment of pip, pipx or uv."""
    if (environment.prefix / _PIPX_FILE).is_file():
        words = ["pipx", "inject", environment.prefix.name]
    elif environment.has_pip:
        words = [environment.python, "-m", "pip", "install"]
    else:
        words = ["uv", "pip", "install", "--python", environment.python]
    return shlex.join([*words, *packages])


def requirements_of(extra: str) -> list[str]:
    """Return the requirements of an extra, such as `locust<3,>=2.47`."""
    parts = [line.partition(";") for line in metadata.requires(_DISTRIBUTION) or []]
    return [name.strip() for name, _, marker in parts if marker.replace('"', "'").strip() == f"extra == '{extra}'"]
