"""`make clients`: run the published clients, unmodified, against the simulators, with every method that makes sense.

The exit status is 1 if a method fails that `known_breaks.toml` does not list, or if a listed one works again. It is 3
if the clients could not be installed, or the simulators could not be started.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from rich.console import Console
from rich.table import Table

from client_packages import CLIENTS, HERE, INSTALLED, Client, ClientsError, install, missing_program
from client_results import SKIPPED, Row, parse_results, read_known_breaks, summary

# The names of methods are long.
_WIDTH = 140
_CONTROL_TIMEOUT_S = 60
_DRIVER_TIMEOUT_S = 300
# At nine, when the Indian Textlocal sends.
_START = "2026-03-02T06:00:00Z"
_NUMBERS = {"GB": ("447700900123", "447700900456"), "IN": ("919876543210", "919876543211")}
_STYLES = {"FAILED": "red", "WORKS AGAIN": "red", "works": "green"}


@contextmanager
def _simulators() -> Iterator[str]:
    """Run the simulators at free ports, and yield the URL of the control API."""
    command = [sys.executable, "-m", "sendproof_simulators", "up", "--json", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        line = process.stdout.readline()
        try:
            if not line:
                raise ClientsError("expected the simulators to start, got no address from them")
            yield json.loads(line)["control"]["url"] + "/control"
        finally:
            process.terminate()


def _post(url: str, body: object) -> Any:
    response = requests.post(url, json=body, timeout=_CONTROL_TIMEOUT_S)
    if not response.ok:
        raise ClientsError(f"POST {url}: {response.status_code} {response.text}")
    return response.json()


def _inputs(control: str, client: Client) -> dict[str, object]:
    """Create the sandbox of a client, and return the inputs of its driver."""
    sandbox = _post(
        f"{control}/sandboxes",
        {
            "seed": 1,
            "clock": {"mode": "virtual", "start": _START},
            "audience": {"customers": 100},
            "channels": [{"id": 505, "provider": "textlocal", "kind": "scheduled"}],
            "dialects": client.dialects,
            # The methods of Optimove's clients need all rights.
            "keys": {"login": {"access": "Admin"}},
        },
    )
    url = f"{control}/sandboxes/{sandbox['sandbox']}"
    wanted = [{"title": title, "body": body} for title, body in client.templates.items()]
    templates = _post(f"{url}/providers/textlocal/templates", wanted)
    service = sandbox["services"][client.service]
    return {
        "hosts": {client.host: service["url"]},
        "credentials": service["credentials"],
        "numbers": _NUMBERS[client.country],
        "templates": {template["title"]: template["id"] for template in templates},
        "control": url,
    }


def _run(control: str, client: Client) -> subprocess.CompletedProcess[str]:
    folder = INSTALLED / client.registry
    environment = {
        **os.environ,
        "SENDPROOF_CLIENT": json.dumps(_inputs(control, client)),
        "PYTHONPATH": str(folder),
        "NODE_PATH": str(folder / "node_modules"),
    }
    return subprocess.run(
        client.command(), env=environment, capture_output=True, text=True, timeout=_DRIVER_TIMEOUT_S, check=False
    )


def _rows(console: Console) -> Iterator[Row]:
    known = read_known_breaks(HERE / "known_breaks.toml")
    with _simulators() as control:
        for client in CLIENTS:
            name = f"{client.registry} {client.name}"
            missing = missing_program(client.registry)
            if missing is not None:
                yield Row(client=name, method="", outcome=SKIPPED, note=missing)
                continue
            console.print(f"Running {name}")
            install(client.registry)
            done = _run(control, client)
            yield from known.rows(parse_results(name, done.returncode, done.stdout, done.stderr))
    for name, reason in known.skipped.items():
        yield Row(client=name, method="", outcome=SKIPPED, note=reason)


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("client", "method", "result"):
        table.add_column(column, no_wrap=True)
    table.add_column("reason", overflow="fold")
    previous = ""
    for row in rows:
        style = _STYLES.get(row.outcome, "yellow")
        table.add_row("" if row.client == previous else row.client, row.method, f"[{style}]{row.outcome}[/]", row.note)
        previous = row.client
    return table


def main() -> int:
    """Run every client, print the table, and return the exit status."""
    console = Console(width=_WIDTH)
    try:
        rows = list(_rows(console))
    except ClientsError as error:
        console.print(f"clients: {error}", style="red", highlight=False)
        return 3
    console.print(_table(rows))
    console.print(summary(rows), highlight=False)
    return int(any(row.is_wrong for row in rows))


if __name__ == "__main__":
    sys.exit(main())
