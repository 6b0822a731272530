"""The sandbox that exists from the start, and the data that `sendproof up --examples` fills it with."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from sendproof_simulators.control.sandboxes import sandbox_json
from sendproof_simulators.core.audience.audience import AudienceRecipe
from sendproof_simulators.core.clock.wall_clock import Instant, SystemWallClock
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.sandbox import DEFAULT_CHANNELS, Sandbox, SandboxSettings
from sendproof_simulators.core.sandboxes import DEFAULT
from sendproof_simulators.server.app import Simulators

#: When the clock of the sandbox starts: 2 March 2026, 09:59:30 UTC, in milliseconds since the epoch.
EXAMPLES_START = 1_772_445_570_000

_FILE = Path(__file__).with_name("example_data.yaml")
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultSandbox:
    """The settings of the sandbox that exists from the start, by default those of `up` without options."""

    seed: int = 1
    customers: int = 1_000
    allow_remote_webhooks: bool = False
    rate_limits: bool = True
    examples: bool = False

    def settings(self, start: Instant) -> SandboxSettings:
        """Return the settings of a sandbox with the time of the machine, until its users advance or pause it."""
        return SandboxSettings(
            name=DEFAULT,
            seed=self.seed,
            start=start,
            # The data of the examples ends with the start of the clock.
            rate=None if self.examples else 1.0,
            audience=AudienceRecipe(customers=self.customers, opted_out=0.04, unusable_numbers=0.02),
            channels=DEFAULT_CHANNELS,
            rate_limits=self.rate_limits,
            allow_remote_webhooks=self.allow_remote_webhooks,
        )


async def create_default_sandbox(simulators: Simulators, default: DefaultSandbox) -> Sandbox:
    """Create the default sandbox, and fill it with the data of the examples if `default` says so.

    `ValueError` names the error in the data.
    """
    start = EXAMPLES_START if default.examples else int(SystemWallClock().time() * 1000)
    sandbox = simulators.sandboxes.create(default.settings(start))
    if default.examples:
        await _add_example_data(simulators)
    return sandbox


def services_json(simulators: Simulators, sandbox: Sandbox) -> dict[str, Any]:
    """Return the URL of each service in a sandbox, and its credentials without those that it refuses."""
    services: dict[str, Any] = {}
    for name, service in sandbox_json(simulators.control_context, sandbox)["services"].items():
        refused = simulators.control_context.simulators[name].refused_credentials(
            sandbox.states[name], sandbox.clock.now()
        )
        working = {key: value for key, value in service["credentials"].items() if key not in refused}
        services[name] = {**service, "credentials": working}
    return services


async def _add_example_data(simulators: Simulators) -> None:
    """Send the requests of the data file to the services, as a bridge and a user would.

    `ValueError` names the first request without success.
    """
    import yaml  # noqa: PLC0415 - other starts need none

    for step in yaml.safe_load(_FILE.read_bytes()):
        service = simulators.own_control if step["service"] == "control" else simulators.services[step["service"]]
        response = await service.respond(_request(step))
        # Textlocal refuses with status 200.
        if response.status >= HTTPStatus.MULTIPLE_CHOICES or b'"failure"' in response.body:
            raise ValueError(f"--examples: expected success of {step['call']}, got {response.body.decode()}")


def _request(step: Mapping[str, Any]) -> Request:
    method, _, path = step["call"].partition(" ")
    body = urlencode(step["form"]).encode() if "form" in step else msgspec.json.encode(step.get("body"))
    query = tuple((name, str(value)) for name, value in step.get("query", {}).items())
    headers = {"content-type": _FORM if "form" in step else _JSON, **step.get("headers", {})}
    return Request(method=method, path=path, query=query, headers=headers, body=body)
