"""The lock files: the packages that they pin, and where each is installed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
#: What Sendproof and its development use.
MAIN = ROOT / "requirements.lock"
#: All lock files: the others are those of the environments' own pip, of the documentation site, and of these tools.
LOCKS = (
    MAIN,
    ROOT / "requirements-pip.lock",
    ROOT / "requirements-site.lock",
    ROOT / "requirements-supply.lock",
)
_ENTRY = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?: ; (?P<marker>.+?))? \\?$")


class SupplyError(Exception):
    """A tool of this folder that could not do its work: the status is 3."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock file, with its normalized name, its environment marker or "", and its hashes."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @property
    def is_for_this_platform(self) -> bool:
        """Return True if set-up installs the package on this system, for this Python."""
        return not self.marker or Marker(self.marker).evaluate()

    @property
    def requirement(self) -> str:
        """Return the package with its hashes, as one line of a requirements file, for every platform."""
        return " ".join([f"{self.name}=={self.version}", *(f"--hash={digest}" for digest in self.hashes)])


def read_pins(lock: Path) -> list[Pin]:
    """Return the packages of a lock file, those for other platforms included."""
    return list(_pins(re.split(r"\n(?=\S)", lock.read_text().strip())))


def _pins(entries: list[str]) -> Iterator[Pin]:
    for entry in entries:
        first, *rest = entry.splitlines()
        match = _ENTRY.match(first)
        if match is None:
            raise SupplyError(f"expected name==version in a lock file, got {first!r}; write it with `make lock`")
        hashes = tuple(re.findall(r"--hash=(\S+)", " ".join(rest)))
        yield Pin(canonicalize_name(match["name"]), match["version"], match["marker"] or "", hashes)
