"""The licences of all packages: the table THIRD_PARTY.md, and the check that each is allowed with a reason."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from environment import PYTHON, install_other_platforms, run_tool
from locks import MAIN, ROOT, read_pins

TABLE = ROOT / "THIRD_PARTY.md"
ALLOWED = Path(__file__).parent / "licences.toml"
_HEAD = """# Third-party packages

Audience: everyone who has to know the licences of what Sendproof installs. `make licences` writes this page with
pip-licenses from the packages that `requirements.lock` pins, on every platform, and fails if a licence is not allowed.
`supply/licences.toml` has the reason for each licence.

None of these packages is part of the repository or of the wheel, with three exceptions. uPlot is in
`harness/sendproof_harness/load/report/uplot`, and again in `simulators/sendproof_simulators/page/vendor`, next to htm
and the Preact that is bundled in it. Their licences are in the same folders. Which packages run scenarios, and which
only develop Sendproof, is in the bill of materials (`make sbom`). Only the documentation site contains iframe-worker
(MIT), from `docs/site/assets/iframe-worker`.

| package | version | licence |
|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Licensed:
    """One package, and its licence as its author declares it."""

    name: str
    version: str
    licence: str

    def parts(self) -> list[str]:
        """Return each licence of the declaration: a package with several needs all of them to be allowed."""
        return [_unbracketed(part) for part in re.split(r"; | AND | OR ", self.licence)]


def _unbracketed(part: str) -> str:
    """Return a part of an expression without the brackets that belong to the expression."""
    open_brackets, closed_brackets = part.count("("), part.count(")")
    part = part[max(0, open_brackets - closed_brackets) :]
    return part[: len(part) - max(0, closed_brackets - open_brackets)]


#: The libraries that are part of the repository, and so of no lock file, each with its file.
INCLUDED = {
    Licensed("htm", "3.1.1", "Apache-2.0"): ROOT / "simulators/sendproof_simulators/page/vendor/htm-preact.js",
    # Bundled in the file of htm, whose build does not name the version: its code is that of 10.5.14.
    Licensed("preact", "10.5.14", "MIT"): ROOT / "simulators/sendproof_simulators/page/vendor/htm-preact.js",
    Licensed("uplot", "1.6.32", "MIT"): ROOT / "harness/sendproof_harness/load/report/uplot/uPlot.iife.min.js",
}


def read_allowed(path: Path = ALLOWED) -> dict[str, str]:
    """Return the allowed licences, each with its reason."""
    allowed: dict[str, str] = tomllib.loads(path.read_text())["allowed"]
    return allowed


def refused(packages: Iterable[Licensed], allowed: Mapping[str, str]) -> list[str]:
    """Return one sentence for each licence that is not allowed."""
    return [
        f"{package.name} {package.version}: expected an allowed licence, got {part!r}; "
        "replace the package, or add the licence with a reason to supply/licences.toml"
        for package in packages
        for part in package.parts()
        if part not in allowed
    ]


def table(packages: Iterable[Licensed]) -> str:
    """Return the page."""
    rows = sorted(packages, key=lambda package: package.name)
    return _HEAD + "".join(f"| {row.name} | {row.version} | {row.licence} |\n" for row in rows)


def _installed() -> list[Licensed]:
    """Return the packages of the main lock file, as pip-licenses sees them."""
    options = ("--with-system", "--format", "json")
    # Without `--python`, it looks in its own environment, and so in the folder of the other platforms.
    rows = [
        *json.loads(run_tool("piplicenses", *options)),
        *json.loads(run_tool("piplicenses", *options, "--python", str(PYTHON))),
    ]
    found: dict[tuple[str, str], str] = {
        (canonicalize_name(row["Name"]), row["Version"]): row["License"] for row in rows
    }
    return [Licensed(pin.name, pin.version, found.get((pin.name, pin.version), "not found")) for pin in read_pins(MAIN)]


def licences() -> int:
    """Write the table, and return 1 if a licence is not allowed."""
    install_other_platforms()
    packages = [*_installed(), *INCLUDED]
    wrong = refused(packages, read_allowed())
    print("\n".join(wrong) or f"{len(packages)} packages, each with an allowed licence")
    TABLE.write_text(table(packages))
    return int(bool(wrong))
