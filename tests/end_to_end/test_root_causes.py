"""Bridges that are wrong in one way that breaks everything: one finding names it, and nothing else fails."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from repository import ROOT
from run_helpers import PARK, PREAMBLE, RecordedProgress
from running import RunningSimulators
from sendproof_harness.history.reader import read_history
from sendproof_harness.judge.verdict import Verdict, judge
from sendproof_harness.run.runner import RunOptions, RunResult, run_scenario
from sendproof_harness.scenario.load import parse_scenarios

SCENARIO = """\
sendproof: 1
name: Small
seed: 7
starts: 2026-03-02T06:00:00Z
audience: {customers: 10}
channels: [{id: 505, provider: textlocal}]
templates: [{provider: textlocal, title: Welcome, body: "Hello {{FIRST_NAME}}"}]
campaigns:
  - campaign: 7001
    channel: 505
    announced: 2026-03-02T06:30:00Z
    splits: [{share: 100%, template: Welcome, send_at: 2026-03-02T09:00:00Z}]
steps: [{wait_for: {listeners: 1, templates: 1}}, {plan: 7001}, {advance: 28 hours}]
"""

LISTEN = """
import http.server, ssl, threading
class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204 if self.path == "/" else 404)
        self.end_headers()
    def log_message(self, *_):
        pass
def listen(certificate=None):
    server = http.server.ThreadingHTTPServer((handover["listen"]["host"], handover["listen"]["port"]), Listener)
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
"""
READY = "listen()\nregister()\n"
UNTIL_NOTIFIED = "while not park(0)['delivered']: pass\n"
FORM = "application/x-www-form-urlencoded"
REGISTER = "/general/RegisterEventListener"
CERTIFICATES = ROOT / "tests" / "support" / "certificates"
TRY = "try:\n    register()\nexcept urllib.error.HTTPError as error:\n    print(error)\n"
UNREACHED = {"paging.complete", "delivery.once", "metrics.cadence"}
NOT_READY = {"run.completed", "webhooks.registered", "templates.synchronised"}


def bridge(work: str) -> str:
    """Return the code of a bridge that does some work and then parks forever."""
    return PREAMBLE + LISTEN + work + PARK


def with_tls(certificate: str) -> str:
    """Return a bridge with this certificate at its listener."""
    work = f"listen({str(CERTIFICATES / certificate)!r})\nregister()\n"
    return bridge(work).replace('"http://%s', '"https://%s')


BRIDGES: Mapping[str, tuple[str, str, str, set[str]]] = {
    "wrong port": (
        bridge(READY).replace('handover["listen"]["port"])\n', 'handover["listen"]["port"] + 1)\n', 1),
        "webhooks.acknowledged",
        "optimove event 13: no server responds at the given address, which is not that of the handover",
        UNREACHED,
    ),
    "wrong path of the listener": (
        bridge(READY).replace("http://%s:%d/", "http://%s:%d/events"),
        "webhooks.acknowledged",
        "optimove event 13: every attempt failed, the last with status 404",
        UNREACHED,
    ),
    "self-signed certificate": (
        with_tls("self_signed.pem"),
        "webhooks.acknowledged",
        "optimove event 13: the listener's TLS certificate is self-signed, so a client does not trust it",
        UNREACHED,
    ),
    "expired certificate": (
        with_tls("expired.pem"),
        "webhooks.acknowledged",
        "optimove event 13: the listener's TLS certificate has expired",
        UNREACHED,
    ),
    "certificate for another name": (
        with_tls("wrong_name.pem"),
        "webhooks.acknowledged",
        "optimove event 13: the listener's TLS certificate is for another host name",
        UNREACHED,
    ),
    "https without TLS": (
        bridge(READY).replace('"http://%s', '"https://%s'),
        "webhooks.acknowledged",
        "optimove event 13: the listener is registered with https, but its server does not speak TLS",
        UNREACHED,
    ),
    "credential in another header": (
        bridge("listen()\n" + TRY).replace('"x-api-key"', '"authorization"'),
        "contract.credentials",
        "optimove RegisterEventListener: no credential: you sent Authorization, Optimove wants X-API-KEY",
        NOT_READY,
    ),
    "wrong credential": (
        bridge("listen()\noptimove['credentials']['api_key'] = 'not-this-one'\n" + TRY),
        "contract.credentials",
        (
            "optimove RegisterEventListener: a credential of no client: "
            "the value of X-API-KEY is no credential of this sandbox"
        ),
        NOT_READY,
    ),
    "wrong path": (
        bridge("listen()\n" + TRY).replace(REGISTER, "/general/RegisterListener"),
        "contract.requests",
        (
            "optimove POST /current/general/RegisterListener: unknown address: "
            f"no such path; nearest: POST /current{REGISTER}"
        ),
        NOT_READY,
    ),
    "wrong method": (
        bridge("listen()\n" + TRY).replace('send("POST", optimove', 'send("PUT", optimove'),
        "contract.requests",
        (
            f"optimove PUT /current{REGISTER}: unknown address: "
            f"you sent PUT, RegisterEventListener is POST /current{REGISTER}"
        ),
        NOT_READY,
    ),
    "wrong content type": (
        bridge("listen()\n" + TRY).replace('{"x-api-key"', f'{{"content-type": "{FORM}", "x-api-key"'),
        "contract.requests",
        (f"optimove RegisterEventListener: rejected: you sent {FORM}, RegisterEventListener wants application/json"),
        NOT_READY,
    ),
    "no registration": (
        bridge(READY).replace(f'    post("{REGISTER}', f'    0 and post("{REGISTER}'),
        "webhooks.registered",
        "no listener is registered for the channel of a campaign",
        {"run.completed"},
    ),
    "crash at start": (
        bridge("print('starting')\nhandover['no_such_key']\n"),
        "run.completed",
        "the bridge ended with exit status 1 after KeyError: 'no_such_key'",
        set(),
    ),
    "crash in the middle": (
        bridge(READY + UNTIL_NOTIFIED + "raise RuntimeError('no disk')\n"),
        "run.completed",
        "the bridge ended with exit status 1 after RuntimeError: no disk",
        {"delivery.once", "paging.complete"},
    ),
    "hangs in the middle": (
        bridge(READY + UNTIL_NOTIFIED + "time.sleep(600)\n"),
        "run.completed",
        "the bridge did not become idle",
        {"delivery.once", "paging.complete"},
    ),
}


# A run waits for this one until its time-out. For the others, it waits an hour of virtual time on any machine.
HANGING = "hangs in the middle"


def judged(name: str, simulators: RunningSimulators, folder: Path) -> Verdict:
    """Run the scenario with a bridge, and judge it."""
    code, *_ = BRIDGES[name]
    (folder / "bridge.py").write_text(code)
    command = shlex.join([sys.executable, str(folder / "bridge.py")])
    # At shared simulators, another bridge may have sent a credential that belongs to no sandbox.
    control_url = None if name == "wrong credential" else simulators.control
    options = RunOptions(command=command, control_url=control_url, results=folder)
    return judge(read_history(started_run(options, 5 if name == HANGING else 120).histories[0]))


def started_run(options: RunOptions, timeout_s: float) -> RunResult:
    """Run the scenario; again with more time if a busy machine has not even started the bridge within the time-out."""
    (scenario,) = parse_scenarios(SCENARIO, "small.yaml")
    result = run_scenario(scenario, "small", replace(options, timeout_s=timeout_s), RecordedProgress())
    if result.aborted is not None and result.aborted.cause.endswith("it made no request"):
        return started_run(options, 10 * timeout_s)
    return result


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == HANGING else ()) for name in BRIDGES]
)
def test_one_finding_names_the_cause_and_nothing_else_fails(
    name: str, simulators: RunningSimulators, tmp_path: Path
) -> None:
    """What follows from the cause is below it, and no check fails because of it."""
    _, check, cause, following = BRIDGES[name]
    verdict = judged(name, simulators, tmp_path)

    assert [(root.check, root.cause) for root in verdict.roots] == [(check, cause)]
    assert [result.check.id for result in verdict.results if result.status in {"fail", "error"}] == [check]
    # A run that ends early leaves more open than what the bridge had to do.
    assert {group.check for group in verdict.roots[0].consequences} - {"delivery.consent"} == following
    assert verdict.status == "fail"
