"""Credentials of the handover that a bridge wrote to its log or into its responses, as they are or in Base64."""

from base64 import b64encode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

# Shorter values, such as a number, may be part of any text.
_MIN_LENGTH = 12


def secrets_of(handover: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return service and name of each secret credential of one client, by its value.

    The token in the URL of webhooks is none of them: servers on the way log addresses.
    """
    return {
        value: (service, name)
        for service, name, value in (*_credentials(handover), *_proofs_of_webhooks(handover))
        if len(value) >= _MIN_LENGTH
    }


def _credentials(handover: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for service, details in handover["services"].items():
        for name, value in details["credentials"].items():
            if _is_secret(name):
                yield service, name, str(value)


def _proofs_of_webhooks(handover: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the secrets with which accounts prove the origin of their webhooks."""
    for service, secret in handover.get("webhook_secrets", {}).items():
        yield service, "secret of the webhooks", secret
    for service, login in handover.get("webhook_logins", {}).items():
        if "token" in login:
            yield service, "token of the webhooks", login["token"]
        if "password" in login:
            yield service, "password of the webhooks", login["password"]


def leaked_secrets(log: Path, handover: Mapping[str, Any]) -> list[dict[str, object]]:
    """Return service, name, count of lines and first line of each credential of one client that is in the log."""
    secrets = secrets_of(handover)
    forms = {value: _forms(value.encode()) for value in secrets}
    first: dict[str, int] = {}
    counts: Counter[str] = Counter()
    with log.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            for value, of_value in forms.items():
                if any(form in line for form in of_value):
                    first.setdefault(value, number)
                    counts[value] += 1
    return [
        {"service": secrets[secret][0], "name": secrets[secret][1], "count": count, "line": first[secret]}
        for secret, count in counts.items()
    ]


def shown_secrets(body: bytes, clients: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of the credentials of any client that are in the body of a response."""
    secrets = {value: named for client in clients for value, named in secrets_of(client).items()}
    shown = (
        f"{name} of {service}"
        for value, (service, name) in secrets.items()
        if any(form in body for form in _forms(value.encode()))
    )
    return list(dict.fromkeys(shown))


def _forms(value: bytes) -> tuple[bytes, ...]:
    """Return a secret, and its Base64 at any place of a longer text, such as between a name and a line end."""
    return value, *dict.fromkeys(form for before in range(3) for form in _encoded(value, before))


def _encoded(value: bytes, before: int) -> Iterator[bytes]:
    """Yield the Base64 of what follows a number of bytes, without characters that hold bits of other bytes."""
    bits = 8 * (before + len(value))
    whole = slice(-(-8 * before // 6), bits // 6)
    for encode in (b64encode, urlsafe_b64encode):
        encoded = encode(bytes(before) + value)[whole]
        if len(encoded) >= _MIN_LENGTH:
            yield encoded


def _is_secret(name: str) -> bool:
    """Return True unless the credential only names an account."""
    return name != "username" and not name.endswith("_id")
