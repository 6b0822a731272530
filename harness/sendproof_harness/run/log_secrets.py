"""Credentials of the handover that a bridge wrote to its log."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Shorter values, such as a number, may be part of any text.
_MIN_LENGTH = 12


def secrets_of(handover: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return service and name of each secret credential of one client, by its value."""
    return {
        str(value): (service, name)
        for service, details in handover["services"].items()
        for name, value in details["credentials"].items()
        if _is_secret(name) and len(str(value)) >= _MIN_LENGTH
    }


def leaked_secrets(log: Path, handover: Mapping[str, Any]) -> list[dict[str, object]]:
    """Return service, name, count of lines and first line of each credential of one client that is in the log."""
    secrets = {value.encode(): named for value, named in secrets_of(handover).items()}
    first: dict[bytes, int] = {}
    counts: Counter[bytes] = Counter()
    with log.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            for secret in secrets:
                if secret in line:
                    first.setdefault(secret, number)
                    counts[secret] += 1
    return [
        {"service": secrets[secret][0], "name": secrets[secret][1], "count": count, "line": first[secret]}
        for secret, count in counts.items()
    ]


def _is_secret(name: str) -> bool:
    """Return True unless the credential only names an account."""
    return name != "username" and not name.endswith("_id")
