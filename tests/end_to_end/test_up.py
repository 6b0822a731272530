"""`sendproof up`: what a person or a program gets to see, and how it ends."""

import json
import signal
import subprocess
import sys
from typing import Any

import requests

from running import RunningSimulators, running_simulators

UP = [sys.executable, "-m", "sendproof_simulators", "up"]


def test_one_line_of_json_says_where_everything_answers() -> None:
    """Control, every service, and the well-known keys of the default sandbox, once all of them answer."""
    with subprocess.Popen([*UP, "--json", "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        services = requests.get(f"{said['control']['url']}/control/services", timeout=60).json()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 0
    assert rest == ""
    assert said["services"].keys() == services.keys()
    assert all(said["services"][name]["url"].startswith(services[name]["url"]) for name in services)
    assert said["services"]["optimove"]["credentials"]["api_key"] == "sendproof-optimove-key"
    assert said["services"]["textlocal"]["credentials"]["apikey"] == "sendproof-textlocal-key"


def test_a_service_answers_at_its_port_and_under_its_name(simulators: RunningSimulators) -> None:
    """The same templates at Optimove's own port and under a path of the control port."""
    optimove = simulators.services["optimove"]
    key = {"X-API-KEY": optimove["credentials"]["api_key"]}
    function = "/current/integrations/{}?ChannelID=505"
    template = [{"TemplateID": 1, "TemplateName": "Spring"}]
    for base in (optimove["url"], f"{simulators.control}/optimove"):
        requests.post(base + function.format("AddChannelTemplates"), json=template, headers=key, timeout=60)
        seen = requests.get(base + function.format("GetChannelTemplates"), headers=key, timeout=60)
        assert seen.json() == template


def test_a_parked_bridge_does_not_hold_up_the_end() -> None:
    """Ctrl-C lets a long poll go, and the process ends at once."""
    with running_simulators() as simulators:
        park = {"participant": "bridge", "until": None, "since": 0}
        url = f"{simulators.control}/control/sandboxes/default/clock/park"
        script = f"import requests; print(requests.post({url!r}, json={park!r}, timeout=60).json()['reason'])"
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as bridge:
            while not _parked(simulators.control):
                continue
            simulators.stop()
            answer = bridge.communicate(timeout=60)[0]
    assert answer == "poll\n"


def _parked(control: str) -> list[dict[str, Any]]:
    clock = requests.get(f"{control}/control/sandboxes/default/clock", timeout=60).json()
    return [participant for participant in clock["participants"] if participant["parked"]]


def test_a_taken_port_is_said_and_ends_with_status_3(simulators: RunningSimulators) -> None:
    """The message names the port and the way out."""
    port = simulators.control.rpartition(":")[2]
    done = subprocess.run([*UP, "--port", port], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3
    said = f"sendproof: cannot use port {port} for control: Address already in use; choose another with --port\n"
    assert done.stderr == said


def test_too_few_ports_above_the_first_are_said_likewise() -> None:
    """Nothing answers half, and status 1 would say that a bridge failed."""
    done = subprocess.run([*UP, "--port", "65535"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3
    assert "port 65536" in done.stderr
    assert "ports end at 65535; choose another with --port" in done.stderr
