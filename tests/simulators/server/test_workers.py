"""Simulators in several processes: every answer is that of simulators in one process."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from running import RunningSimulators, running_simulators
from sandbox_by_hand import START, SandboxByHand, sandbox_by_hand
from sendproof_harness.run.processes import wait_until

VIRTUAL = {"mode": "virtual", "start": START}
LIMIT_S = 60
VARYING = re.compile(r'127\.0\.0\.1:\d+|"(real|seal|generation|version|ms)":[^,}]+')


@pytest.fixture(scope="module")
def several() -> Iterator[RunningSimulators]:
    """Return simulators in two processes and a front."""
    with running_simulators("--workers", "2") as running:
        yield running


def neighbours(simulators: RunningSimulators) -> list[SandboxByHand]:
    """Return two new sandboxes in different processes: each goes where the fewest are."""
    return [sandbox_by_hand(simulators) for _ in range(2)]


def ask(simulators: RunningSimulators, sandbox: SandboxByHand, call: dict[str, Any]) -> tuple[int, str]:
    """Send a request and return status and text of the response, without what differs between any two servers."""
    credentials = sandbox.made["services"]["optimove"]["credentials"]
    headers = {name: value.format(**credentials) for name, value in call.get("headers", {}).items()}
    url = simulators.control + call["path"].format(sandbox=sandbox.made["sandbox"])
    body = call.get("body")
    response = requests.request(call["method"], url, json=body, headers=headers, timeout=LIMIT_S)
    return response.status_code, re.sub(
        r"127\.0\.0\.1:\d+|\"(real|seal|generation|version|ms)\":[^,}]+", "", response.text
    )


SANDBOX = "/control/sandboxes/{sandbox}"
KEY = {"X-API-KEY": "{api_key}"}
TEMPLATES = "/optimove/current/integrations/{}?ChannelID=505"
FAULT = {"call": "optimove.GetChannelTemplates", "fault": "status", "status": 503, "when": "after"}
CALLS: list[dict[str, Any]] = [
    {"method": "GET", "path": SANDBOX},
    {"method": "POST", "path": SANDBOX + "/faults", "body": [FAULT]},
    {"method": "POST", "path": TEMPLATES.format("AddChannelTemplates"), "headers": KEY, "body": [{"TemplateID": 1}]},
    {
        "method": "POST",
        "path": TEMPLATES.format("AddChannelTemplates"),
        "headers": KEY,
        "body": [{"TemplateID": 1, "TemplateName": "Spring"}],
    },
    {"method": "GET", "path": TEMPLATES.format("GetChannelTemplates"), "headers": KEY},
    {"method": "GET", "path": TEMPLATES.format("GetChannelTemplates"), "headers": KEY},
    {"method": "GET", "path": TEMPLATES.format("GetChannelTemplates"), "headers": {"Authorization": "{api_key}"}},
    {"method": "DELETE", "path": TEMPLATES.format("GetChannelTemplates"), "headers": KEY},
    {"method": "GET", "path": "/control/current/integrations/GetChannelTemplates?ChannelID=505", "headers": KEY},
    {"method": "GET", "path": "/optimove/current/nothing", "headers": KEY},
    {"method": "POST", "path": SANDBOX + "/clock/advance", "body": {"by_ms": 60_000}},
    {"method": "POST", "path": SANDBOX + "/clock/advance", "body": {"by": 1}},
    {"method": "POST", "path": SANDBOX + "/snapshots", "body": {"name": "noon"}},
    {"method": "GET", "path": SANDBOX + "/snapshots"},
    {"method": "PUT", "path": SANDBOX + "/snapshots"},
    {"method": "GET", "path": SANDBOX + "/state"},
    {"method": "GET", "path": SANDBOX + "/digest"},
    {"method": "GET", "path": SANDBOX + "/requests"},
    {"method": "GET", "path": SANDBOX + "/history"},
    {"method": "GET", "path": "/control/services/optimove/reference?sandbox={sandbox}"},
    {"method": "POST", "path": SANDBOX + "/verdict", "body": {}},
    {"method": "POST", "path": SANDBOX + "/reset"},
    {"method": "GET", "path": SANDBOX + "/journal"},
    {"method": "POST", "path": "/control/sandboxes", "body": {"seed": 1, "name": "{"}},
    {"method": "POST", "path": "/control/sandboxes", "body": {"seed": 1, "name": "twin"}},
    {"method": "DELETE", "path": SANDBOX},
    {"method": "GET", "path": TEMPLATES.format("GetChannelTemplates"), "headers": KEY},
]


@pytest.mark.slow
def test_every_answer_is_that_of_one_process(several: RunningSimulators) -> None:
    """Each request reaches the sandbox that it would reach, and errors have the same words."""
    answers = []
    with running_simulators("--workers", "1") as alone:
        for running in (alone, several):
            sandbox = sandbox_by_hand(running, name="twin")
            answers.append([ask(running, sandbox, call) for call in CALLS])
    for call, one, other in zip(CALLS, *answers, strict=True):
        assert other == one, call


def test_sandboxes_are_spread_and_listed_in_the_order_of_creation(several: RunningSimulators) -> None:
    before = [row["sandbox"] for row in several.call("GET", "/sandboxes")]
    made = [sandbox_by_hand(several).made["sandbox"] for _ in range(4)]
    assert [row["sandbox"] for row in several.call("GET", "/sandboxes")] == [*before, *made]
    assert all(int(later[8:]) - int(earlier[8:]) == 1 for earlier, later in pairwise(made))


def test_one_port_serves_the_clients_of_all_sandboxes_over_one_connection(several: RunningSimulators) -> None:
    """A bridge with several clients uses one pool of connections."""
    sandboxes = neighbours(several)
    url = several.services["optimove"]["url"] + "/current/integrations/{}?ChannelID=505"
    with requests.Session() as session:
        for number, sandbox in enumerate(sandboxes):
            key = {"X-API-KEY": sandbox.made["services"]["optimove"]["credentials"]["api_key"]}
            template = [{"TemplateID": number, "TemplateName": "Spring"}]
            session.post(url.format("AddChannelTemplates"), json=template, headers=key, timeout=LIMIT_S)
            seen = session.get(url.format("GetChannelTemplates"), headers=key, timeout=LIMIT_S).json()
            assert seen == template


def test_new_key_is_known_at_once(several: RunningSimulators) -> None:
    for sandbox in neighbours(several):
        key = sandbox.call("POST", "/services/optimove/keys", {"access": "Admin"})["key"]
        url = several.services["optimove"]["url"] + "/current/general/GetLastDataUpdate"
        assert requests.get(url, headers={"X-API-KEY": key}, timeout=LIMIT_S).ok


def test_sandboxes_with_one_clock_are_advanced_together(several: RunningSimulators) -> None:
    """They are in one process, wherever the next sandbox would go."""
    for owner in neighbours(several):
        guest = sandbox_by_hand(several, clock={"mode": "shared", "with": owner.made["sandbox"]})
        guest.advance(60_000)
        assert owner.call("GET", "/clock")["now"] == "2026-03-02T06:01:00.000Z"


def test_request_without_a_known_key_is_counted_once_for_every_sandbox(several: RunningSimulators) -> None:
    sandboxes = neighbours(several)
    changes = "/changes?timeout_s=0"
    before = [sandbox.call("GET", changes)["counts"]["unauthenticated"] for sandbox in sandboxes]
    requests.get(several.services["optimove"]["url"] + "/current/general/GetLastDataUpdate", timeout=LIMIT_S)
    after = [sandbox.call("GET", changes)["counts"]["unauthenticated"] for sandbox in sandboxes]
    assert after == [count + 1 for count in before]
    assert len(several.call("GET", "/unauthenticated-requests")["requests"]) == after[0]


def test_measurements_are_the_sums_of_all_processes(several: RunningSimulators) -> None:
    def requests_so_far() -> float:
        page = requests.get(several.control + "/metrics", timeout=LIMIT_S).text
        return sum(float(line.split()[-1]) for line in page.splitlines() if "_requests_total{operation=" in line)

    before = requests_so_far()
    for sandbox in neighbours(several):
        sandbox.textlocal("447860000100", "Hello")
    assert requests_so_far() - before == 2


def test_account_of_a_client_in_another_process_is_named(several: RunningSimulators) -> None:
    """The cause of a mix-up of two clients must be right, wherever these are."""
    mine, other = neighbours(several)
    delivyr, foreign = (sandbox.made["services"]["delivyr"] for sandbox in (mine, other))
    headers = {"x-api-key": delivyr["credentials"]["api_key"], "x-account-id": foreign["credentials"]["account_id"]}
    requests.get(f"{delivyr['url']}/messages", headers=headers, timeout=LIMIT_S)
    (call,) = [line for line in several.history(mine.made["sandbox"]) if line["kind"] == "request"]
    assert call["differs"] == f"x-account-id is that of sandbox {other.made['sandbox']!r}, and the api_key is not"


def test_connection_faults_reach_the_client(several: RunningSimulators) -> None:
    for sandbox in neighbours(several):
        fault = {"call": "textlocal.send", "fault": "connection_reset", "when": "after"}
        sandbox.call("POST", "/faults", [fault])
        with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
            sandbox.textlocal("447860000100", "Hello")
        assert sandbox.call("GET", "/clock")["in_flight"] == 0


def test_client_that_reads_slowly_holds_up_no_other(several: RunningSimulators) -> None:
    sandbox = sandbox_by_hand(several, audience={"customers": 20_000, "opted_out": 0, "unusable_numbers": 0})
    sandbox.schedule(7, 20_000)
    sandbox.advance(3_600_000)
    url = f"{several.control}/control/sandboxes/{sandbox.made['sandbox']}/history"
    with requests.get(url, stream=True, timeout=LIMIT_S) as slow:
        first = next(slow.iter_lines())
        assert json.loads(first)["kind"] == "history"
        assert sandbox.call("GET", "/clock")["in_flight"] == 0
    lines = several.history(sandbox.made["sandbox"])
    assert lines[-1]["lines"] == len(lines) - 1 > 20_000


def test_bridge_that_leaves_is_no_longer_parked(several: RunningSimulators) -> None:
    sandbox = neighbours(several)[0]
    address = urlsplit(several.control)
    body = json.dumps({"participant": "bridge", "until": None, "since": 0})
    head = f"POST /control/sandboxes/{sandbox.made['sandbox']}/clock/park HTTP/1.1\r\nhost: {address.netloc}\r\n"
    with socket.create_connection((address.hostname or "", address.port or 0)) as bridge:
        bridge.sendall(f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())
        wait_until(lambda: parked(sandbox) == [True], LIMIT_S)
    wait_until(lambda: parked(sandbox) == [False], 2)


def parked(sandbox: SandboxByHand) -> list[bool]:
    """Return for each participant of the clock if it is parked."""
    return [participant["parked"] for participant in sandbox.call("GET", "/clock")["participants"]]


@pytest.mark.slow
def test_verdict_is_computed_where_the_sandbox_is() -> None:
    """The judge reads the history over the control API, with its token."""
    options = ("--workers", "2", "--control-token", "a-token-of-the-tests")
    with running_simulators(*options, program="sendproof_harness") as running:
        for sandbox in neighbours(running):
            assert sandbox.call("POST", "/verdict", {})["verdict"]["verdict"] == "unknown"


@contextmanager
def started() -> Iterator[tuple["subprocess.Popen[str]", list[psutil.Process]]]:
    """Start simulators in two processes and a front; yield the front and the others."""
    command = [sys.executable, "-m", "sendproof_simulators", "up", "--workers", "2", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as front:
        assert front.stdout is not None
        assert front.stdout.readline().startswith('{"control"')
        yield front, psutil.Process(front.pid).children()


def test_end_of_a_worker_ends_the_simulators() -> None:
    """Without its sandboxes, no answer about the whole would be right."""
    with started() as (front, workers):
        workers[0].kill()
        _, errors = front.communicate(timeout=LIMIT_S)
    assert (front.returncode, errors) == (3, "sendproof: a process of the simulators ended by itself (signal 9)\n")
    assert psutil.wait_procs(workers, LIMIT_S)[1] == []


@pytest.mark.slow
def test_killed_front_leaves_no_worker() -> None:
    with started() as (front, workers):
        front.kill()
    assert psutil.wait_procs(workers, LIMIT_S)[1] == []
