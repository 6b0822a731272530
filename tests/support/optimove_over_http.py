"""A sandbox of running simulators as a client of Optimove sees it, with nothing but requests."""

from dataclasses import dataclass, field
from typing import Any

import requests

from running import RunningSimulators

START = "2026-03-02T06:00:00Z"


@dataclass(frozen=True)
class Client:
    """Whoever calls Optimove with one key or token."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """One request."""
        headers = self.headers | more.pop("headers", {})
        return requests.request(method, self.url + path, headers=headers, timeout=20, **more)


class Sandbox:
    """A sandbox whose clock stands still, and the control of it."""

    def __init__(self, simulators: RunningSimulators, **wanted: Any) -> None:
        self.simulators = simulators
        self.made = simulators.call(
            "POST", "/sandboxes", {"seed": 1, "clock": {"mode": "virtual", "start": START}} | wanted
        )
        self.path = f"/sandboxes/{self.made['sandbox']}"
        self.optimove = self.made["services"]["optimove"]

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Ask the control API about this sandbox."""
        return self.simulators.call(method, self.path + path, body)

    def client(self, key: str | None = None, path: str = "") -> Client:
        """Somebody with a key; without one the sandbox's own for a bridge."""
        return Client(self.optimove["url"] + path, {"X-API-KEY": key or self.optimove["credentials"]["api_key"]})

    def admin(self) -> Client:
        """Somebody with every right."""
        return self.client(self.optimove["credentials"]["admin_key"])

    def key(self, **wanted: Any) -> dict[str, Any]:
        """One more key."""
        made: dict[str, Any] = self.control("POST", "/services/optimove/keys", wanted)
        return made

    def wait(self, milliseconds: int) -> None:
        """Let time pass."""
        self.control("POST", "/clock/advance", {"by_ms": milliseconds})

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """What the judge will read of a kind, less when it was."""
        lines = self.simulators.history(self.made["sandbox"])
        return [
            {name: value for name, value in line.items() if name not in {"n", "at", "real", "kind"}}
            for line in lines
            if line["kind"] == kind
        ]
