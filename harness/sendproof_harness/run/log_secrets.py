"""Credentials of the handover that a bridge wrote to its log or into its responses."""

from base64 import b64encode
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
    """Yield the secrets with which accounts prove the origin of their webhooks, and the header with a password."""
    for service, secret in handover.get("webhook_secrets", {}).items():
        yield service, "secret of the webhooks", secret
    for service, login in handover.get("webhook_logins", {}).items():
        if "token" in login:
            yield service, "token of the webhooks", login["token"]
        if "username" in login and "password" in login:
            pair = f"{login['username']}:{login['password']}".encode()
            yield service, "password of the webhooks", login["password"]
            yield service, "password of the webhooks", b64encode(pair).decode()


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


def shown_secrets(body: bytes, clients: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of the credentials of any client that are in the body of a response."""
    secrets = {value: named for client in clients for value, named in secrets_of(client).items()}
    shown = (f"{name} of {service}" for value, (service, name) in secrets.items() if value.encode() in body)
    return list(dict.fromkeys(shown))


def _is_secret(name: str) -> bool:
    """Return True unless the credential only names an account."""
    return name != "username" and not name.endswith("_id")
