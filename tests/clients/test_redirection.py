"""The hooks that send a client's requests to the simulators, without a change of the client."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from client_packages import HERE
from running import RunningSimulators

DRIVERS = HERE / "drivers"
PYTHON = """
import requests
from driver import CREDENTIALS, check

for host in ("api.txtlocal.com", "api.example.com"):
    check(host, lambda: requests.post(f"https://{host}/balance/?x=1", data=CREDENTIALS).json()["status"])
"""
NODE = """
const https = require("https");
const { check, inputs } = require("./driver.js");
const ask = (host) => new Promise((resolve, reject) => {
  const request = https.request({ host, path: "/balance/?apikey=" + inputs.credentials.apikey }, (response) => {
    response.setEncoding("utf8").on("data", (text) => resolve(JSON.parse(text).status));
  });
  request.on("error", reject).end();
});
(async () => {
  for (const host of ["api.txtlocal.com", "api.example.com"]) await check(host, () => ask(host), Boolean);
})();
"""


def results(command, simulators, text):
    """Run a driver with this text, and return its results."""
    service = simulators.services["textlocal"]
    apikey = {"apikey": service["credentials"]["apikey"]}
    inputs = {"hosts": {"api.txtlocal.com": service["url"]}, "credentials": apikey, "numbers": ["1", "2"]}
    environment = {**os.environ, "SENDPROOF_CLIENT": json.dumps(inputs), "PYTHONPATH": str(DRIVERS)}
    done = subprocess.run(
        [*command, text], env=environment, cwd=DRIVERS, capture_output=True, text=True, timeout=120, check=False
    )
    return [json.loads(line) for line in done.stdout.splitlines()] or done.stderr


def assert_redirected(simulators: RunningSimulators, command: list[str], text: str) -> None:
    """Only the known host leads to the simulators, and no other is called."""
    known, other = results(command, simulators, text)
    assert (known["works"], known["detail"].strip('"')) == (True, "success")
    assert (other["works"], "expected a host of api.txtlocal.com, got api.example.com" in other["detail"]) == (
        False,
        True,
    )


def test_requests_of_python_clients_go_to_the_simulators(simulators: RunningSimulators) -> None:
    assert_redirected(simulators, [sys.executable, "-c"], PYTHON)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_requests_of_node_clients_go_to_the_simulators(simulators: RunningSimulators) -> None:
    assert_redirected(simulators, ["node", "--require", str(DRIVERS / "redirect.js"), "--eval"], NODE)
