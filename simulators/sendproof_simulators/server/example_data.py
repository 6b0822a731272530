"""The data of `sendproof up --examples`: it fills the default sandbox with what the contracts' examples name."""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import yaml

from sendproof_simulators.core.http import Request
from sendproof_simulators.server.app import Simulators

#: When the clock of the sandbox starts: 2 March 2026, 09:59:30 UTC, in milliseconds since the epoch.
EXAMPLES_START = 1_772_445_570_000

_FILE = Path(__file__).with_name("example_data.yaml")
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"


async def add_example_data(simulators: Simulators) -> None:
    """Send the requests of the data file to the services, as a bridge and a user would.

    `ValueError` names the first request without success.
    """
    for step in yaml.safe_load(_FILE.read_bytes()):
        service = simulators.control if step["service"] == "control" else simulators.services[step["service"]]
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
