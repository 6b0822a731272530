"""A sandbox of running simulators as a client of Optimove uses it, over HTTP only."""

from dataclasses import dataclass, field
from typing import Any

import requests

from running import RunningSimulators

START = "2026-03-02T06:00:00Z"


@dataclass(frozen=True)
class Client:
    """A client of Optimove with one key or token."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request."""
        headers = self.headers | options.pop("headers", {})
        return requests.request(method, self.url + path, headers=headers, timeout=60, **options)


class Sandbox:
    """A sandbox with its control API. Its clock only moves when a test advances it."""

    def __init__(self, simulators: RunningSimulators, **settings: Any) -> None:
        self.simulators = simulators
        self.made = simulators.call(
            "POST", "/sandboxes", {"seed": 1, "clock": {"mode": "virtual", "start": START}} | settings
        )
        self.path = f"/sandboxes/{self.made['sandbox']}"
        self.optimove = self.made["services"]["optimove"]

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Call the control API of this sandbox."""
        return self.simulators.call(method, self.path + path, body)

    def client(self, key: str | None = None, path: str = "") -> Client:
        """Return a client with a key, by default the sandbox's key for a bridge."""
        return Client(self.optimove["url"] + path, {"X-API-KEY": key or self.optimove["credentials"]["api_key"]})

    def admin(self) -> Client:
        """Return a client with an Admin key."""
        return self.client(self.optimove["credentials"]["admin_key"])

    def create_key(self, **fields: Any) -> dict[str, Any]:
        """Create another key."""
        key: dict[str, Any] = self.control("POST", "/services/optimove/keys", fields)
        return key

    def wait(self, milliseconds: int) -> None:
        """Advance the clock."""
        self.control("POST", "/clock/advance", {"by_ms": milliseconds})

    def journal(self, kind: str) -> list[dict[str, Any]]:
        """Return the history's lines of one kind, without their times."""
        lines = self.simulators.history(self.made["sandbox"])
        return [
            {name: value for name, value in line.items() if name not in {"n", "at", "real", "kind"}}
            for line in lines
            if line["kind"] == kind
        ]
