"""The audit: known vulnerabilities of the pinned packages.

pip-audit ends with status 0 when the service knows no package at all, and leaves out packages for other platforms. So
it gets every pin without its marker, and a pin without a result counts as not audited.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.utils import canonicalize_name

from locks import LOCKS, Pin, SupplyError, read_pins

CLEAN, VULNERABLE, NOT_AUDITED = 0, 1, 3
_TIMEOUT_S = 600
#: Names of packages that a message shows.
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One known vulnerability of one pinned package."""

    package: str
    identifier: str
    repaired_in: str


@dataclass(frozen=True, slots=True)
class Audit:
    """The result for one lock file: vulnerabilities, and the packages that the service did not check."""

    lock: str
    packages: int
    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]

    @property
    def status(self) -> int:
        """Return the exit status: a vulnerability counts more than an incomplete audit."""
        return VULNERABLE if self.findings else NOT_AUDITED if self.unchecked else CLEAN

    def lines(self) -> list[str]:
        """Return the sentences for people."""
        found = [
            f"{self.lock}: {finding.package} has {finding.identifier}; repaired in {finding.repaired_in}"
            for finding in self.findings
        ]
        if self.unchecked:
            names = ", ".join(self.unchecked[:_SHOWN]) + (", ..." if len(self.unchecked) > _SHOWN else "")
            found.append(
                f"{self.lock}: NOT AUDITED: expected a result for {self.packages} packages, "
                f"got none for {len(self.unchecked)} ({names}); run it where the vulnerability service can be reached"
            )
        return found or [f"{self.lock}: {self.packages} packages, no known vulnerability"]


def read_report(lock: str, pins: Sequence[Pin], report: Mapping[str, object]) -> Audit:
    """Return the audit of a lock file from pip-audit's JSON; a package without a list is unchecked."""
    dependencies = report.get("dependencies")
    rows: dict[str, Any] = (
        {canonicalize_name(row["name"]): row for row in dependencies} if isinstance(dependencies, list) else {}
    )
    checked = {name: row["vulns"] for name, row in rows.items() if isinstance(row.get("vulns"), list)}
    findings = tuple(
        Finding(
            f"{pin.name} {pin.version}", vulnerability["id"], ", ".join(vulnerability["fix_versions"]) or "no version"
        )
        for pin in pins
        for vulnerability in checked.get(pin.name, [])
    )
    return Audit(lock, len(pins), findings, tuple(pin.name for pin in pins if pin.name not in checked))


def _run_pip_audit(pins: Sequence[Pin]) -> Mapping[str, object]:
    """Return the report of pip-audit as JSON."""
    with TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in pins))
        options = ("--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off")
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise SupplyError(
            f"NOT AUDITED: expected a report of pip-audit, got: {reason}; "
            "run it where the vulnerability service can be reached"
        ) from None
    return report if isinstance(report, dict) else {}


def parts_with_one_version_each(pins: Sequence[Pin]) -> list[list[Pin]]:
    """Divide the packages of a lock file: platforms may have other versions, and pip-audit takes one of a package."""
    parts: list[list[Pin]] = []
    for pin in pins:
        part = next((part for part in parts if pin.name not in {other.name for other in part}), None)
        if part is None:
            parts.append(part := [])
        part.append(pin)
    return parts


def audit() -> int:
    """Audit each lock file, print the results, and return the exit status: the first vulnerability decides."""
    statuses = []
    for lock in LOCKS:
        for pins in parts_with_one_version_each(read_pins(lock)):
            result = read_report(lock.name, pins, _run_pip_audit(pins))
            print("\n".join(result.lines()))
            statuses.append(result.status)
    return VULNERABLE if VULNERABLE in statuses else max(statuses)
