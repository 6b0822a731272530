"""`sendproof up`: its output for people and programs, and its end."""

import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from itertools import takewhile
from typing import Any

import requests

from forked_program import run_program
from running import RunningSimulators, running_simulators

UP = ("sendproof_simulators", "up")
NEW_PROGRAM = (sys.executable, "-m", *UP)


def test_up_json_prints_one_line_with_all_urls() -> None:
    """The line appears once all services respond, so a program can start at once."""
    with subprocess.Popen([*NEW_PROGRAM, "--json", "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        addresses = json.loads(process.stdout.readline())
        services = requests.get(f"{addresses['control']['url']}/control/services", timeout=60).json()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 0
    assert rest == ""
    assert addresses["page"] == f"{addresses['control']['url']}/"
    assert addresses["services"].keys() == services.keys()
    assert all(addresses["services"][name]["url"].startswith(services[name]["url"]) for name in services)
    assert addresses["services"]["optimove"]["credentials"]["api_key"] == "sendproof-optimove-key"
    assert addresses["services"]["textlocal"]["credentials"]["apikey"] == "sendproof-textlocal-key"


def test_up_prints_the_url_with_the_token_in_one_line() -> None:
    """To be copied, whatever the width of the terminal."""
    options = ["--port", "0", "--control-token", "a-token-of-the-tests"]
    environment = {**os.environ, "COLUMNS": "40"}
    with subprocess.Popen([*NEW_PROGRAM, *options], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        lines = list(takewhile(lambda line: not line.startswith("Point a bridge"), process.stdout))
        process.send_signal(signal.SIGINT)
    (url,) = [line for line in lines if line.endswith("/token/a-token-of-the-tests\n")]
    assert url.startswith("http://127.0.0.1:")


def test_service_responds_at_its_port_and_under_the_control_port(simulators: RunningSimulators) -> None:
    optimove = simulators.services["optimove"]
    key = {"X-API-KEY": optimove["credentials"]["api_key"]}
    function = "/current/integrations/{}?ChannelID=505"
    template = [{"TemplateID": 1, "TemplateName": "Spring"}]
    for base in (optimove["url"], f"{simulators.control}/optimove"):
        requests.post(base + function.format("AddChannelTemplates"), json=template, headers=key, timeout=60)
        seen = requests.get(base + function.format("GetChannelTemplates"), headers=key, timeout=60)
        assert seen.json() == template


def test_default_sandbox_has_the_time_of_the_machine(simulators: RunningSimulators) -> None:
    """A bridge that lives by the clock of its machine must not be early or late there.

    A machine may correct its own clock between two of the calls; a minute is no correction.
    """
    before = simulators.call("GET", "/health")["real"]
    now = datetime.fromisoformat(simulators.call("GET", "/sandboxes/default/clock")["now"]).timestamp()
    after = simulators.call("GET", "/health")["real"]
    assert before - 60 <= now <= after + 60


def test_default_sandbox_can_be_advanced(simulators: RunningSimulators) -> None:
    """Its clock is virtual, with the rate of the machine's clock."""
    clock = simulators.call("GET", "/sandboxes/default/clock")
    assert (clock["mode"], clock["rate"]) == ("virtual", 1)


def test_parked_bridge_does_not_delay_the_end() -> None:
    with running_simulators() as simulators:
        park = {"participant": "bridge", "until": None, "since": 0}
        url = f"{simulators.control}/control/sandboxes/default/clock/park"
        script = f"import requests; print(requests.post({url!r}, json={park!r}, timeout=600).json()['reason'])"
        bridge = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        while not _parked(simulators.control):
            continue
    assert bridge.communicate(timeout=60)[0] == "poll\n"


def _parked(control: str) -> list[dict[str, Any]]:
    clock = requests.get(f"{control}/control/sandboxes/default/clock", timeout=60).json()
    return [participant for participant in clock["participants"] if participant["parked"]]


def test_port_in_use_ends_with_status_3(simulators: RunningSimulators) -> None:
    """The message must name the port and the option to change it."""
    port = simulators.control.rpartition(":")[2]
    completed = run_program(*UP, "--port", port)
    assert completed.returncode == 3
    message = f"sendproof: cannot use port {port} for control: Address already in use; choose another with --port\n"
    assert completed.stderr == message


def test_address_of_another_machine_ends_with_status_3() -> None:
    """No other port would help."""
    completed = run_program(*UP, "--host", "192.0.2.1")
    message = "sendproof: cannot listen on 192.0.2.1: Cannot assign requested address; choose another with --host\n"
    assert (completed.returncode, completed.stderr) == (3, message)


def test_too_few_ports_end_with_status_3() -> None:
    """Status 1 would mean that a bridge failed."""
    completed = run_program(*UP, "--port", "65535")
    assert completed.returncode == 3
    assert "port 65536" in completed.stderr
    assert "ports end at 65535; choose another with --port" in completed.stderr


def test_up_without_rate_limits_accepts_any_number_of_requests() -> None:
    """A fuzzer or a load tool would otherwise see nothing but refusals."""
    with running_simulators("--no-rate-limits") as simulators:
        textlocal = simulators.services["textlocal"]
        query = {"apikey": textlocal["credentials"]["apikey"]}
        replies = [requests.get(f"{textlocal['url']}/balance", params=query, timeout=60).json() for _ in range(40)]
    assert {reply["status"] for reply in replies} == {"success"}
