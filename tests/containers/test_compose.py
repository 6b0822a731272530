"""The compose file: its services, started one after the other on this machine as compose does in containers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from repository import ROOT
from running_bridge import wait_until
from sendproof_harness.run.processes import free_port

FOLDER = ROOT / "containers"
SERVICES = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
TOKEN = "a-token-for-the-tests"


def local(text: str, folder: Path, control: str, bridge: str) -> str:
    """Return a word of the compose file with an address or path of this machine."""
    names = {
        "0.0.0.0": "127.0.0.1",
        "http://simulators:4100/token/${SENDPROOF_CONTROL_TOKEN}": control,
        "bridge:9000": bridge,
        "/handover/": f"{folder}/",
        "/app/share/": f"{FOLDER}/",
    }
    for there, here in names.items():
        text = text.replace(there, here)
    return TOKEN if text.startswith("${SENDPROOF_CONTROL_TOKEN") else "127.0.0.1" if text == "simulators" else text


@contextmanager
def service(
    name: str, folder: Path, *more: str, control: str = "", bridge: str = "", **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """Run a service by its command and environment in the compose file."""
    words = [local(word, folder, control, bridge) for word in SERVICES[name]["command"]]
    own = {key: local(value, folder, control, bridge) for key, value in SERVICES[name]["environment"].items()}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    process = subprocess.Popen(
        [*words, *more], cwd=folder, env={**os.environ, **own, **environment, "PATH": path}, stdout=-1, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def is_healthy(url: str) -> bool:
    """Return True if the health check of the containers succeeds."""
    check = [sys.executable, FOLDER / "check_health.py", url]
    environment = {**os.environ, "SENDPROOF_CONTROL_TOKEN": TOKEN}
    return subprocess.run(check, env=environment, capture_output=True, check=False).returncode == 0


@pytest.mark.slow
def test_services_become_healthy_in_their_order(tmp_path):
    """The bridge gets its keys from the handover file that the service before it wrote."""
    bridge = f"127.0.0.1:{free_port('127.0.0.1')}"
    with service("simulators", tmp_path, "--port", "0", "--json") as simulators:
        control = json.loads(simulators.stdout.readline())["control"]["url"]
        assert is_healthy(f"{control.partition('/token')[0]}/control/health")
        with service("handover", tmp_path, control=control, bridge=bridge) as handover:
            assert handover.wait(timeout=120) == 0
        with service("bridge", tmp_path, bridge=bridge, BRIDGE_DATABASE="bridge.sqlite"):
            wait_until(lambda: is_healthy(f"http://{bridge}/health"), "the bridge")


def test_service_waits_for_the_ones_before_it():
    conditions = {
        name: {before: need["condition"] for before, need in service.get("depends_on", {}).items()}
        for name, service in SERVICES.items()
    }
    assert conditions == {
        "simulators": {},
        "handover": {"simulators": "service_healthy"},
        "bridge": {"handover": "service_completed_successfully", "postgres": "service_healthy"},
        "postgres": {},
    }


def test_ports_are_published_on_this_machine_only():
    """The simulators show credentials, and the bridge sends messages."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
