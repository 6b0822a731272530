"""Shrinking the failure of a real bridge: of one that does not always fail, and of one that a hook resets.

The bridge is the Flask example with a defect: it sends placeholders as they are.
"""

import json
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from command_line import sendproof, start
from repository import ROOT
from sendproof_harness.run.processes import Child, Program, free_port, listens, wait_until

SERVICES = ROOT / "tests" / "support" / "services"
SCENARIO = """
sendproof: 1
name: Two campaigns
seed: 1
starts: 2026-03-02T06:00:00Z
audience: {customers: 6}
channels: [{id: 505, provider: textlocal}]
templates: [{provider: textlocal, title: Welcome, body: "Hello {{FIRST_NAME}}. Reply STOP to opt out."}]
campaigns:
  - campaign: 7001
    channel: 505
    announced: 2026-03-02T06:30:00Z
    splits: [{share: 100%, template: Welcome, send_at: 2026-03-02T07:00:00Z}]
  - campaign: 7002
    channel: 505
    announced: 2026-03-02T06:40:00Z
    splits: [{share: 100%, template: Welcome, send_at: 2026-03-02T07:00:00Z}]
steps: [{wait_for: {listeners: 1, templates: 1}}, {plan: 7001}, {plan: 7002}, {advance: 2 hours}]
"""
# The hook: it tells the server which handover file the new bridge reads.
HOOK = """
import os, sys, urllib.request
urllib.request.urlopen(sys.argv[1], os.environ["SENDPROOF_HANDOVER"].encode(), timeout=60)
"""


def bridge_words(folder: Path, every: int) -> list[str]:
    """Return the command of a bridge with a defect in every so many of its starts."""
    return [sys.executable, str(SERVICES / "defective_flask.py"), str(folder / "starts"), str(every)]


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests" / "support"))
    file = tmp_path / "two.yaml"
    file.write_text(SCENARIO)
    return file


@pytest.fixture
def reset_url(tmp_path: Path, scenario: Path) -> Iterator[str]:
    """Run the server that starts a defective bridge anew, and return the URL of its one operation."""
    del scenario
    port = free_port("127.0.0.1")
    words = [sys.executable, str(SERVICES / "reset_server.py"), str(port), str(tmp_path / "bridge.log")]
    log = tmp_path / "reset-server.log"
    with Child(Program(name="the reset server", command=[*words, *bridge_words(tmp_path, 1)], log=log, environment={})):
        assert wait_until(lambda: listens("127.0.0.1", port), 60)
        yield f"http://127.0.0.1:{port}/reset"


@pytest.mark.exhaustive
def test_bridge_that_fails_in_every_second_start_is_run_more_often(scenario: Path, tmp_path: Path) -> None:
    (tmp_path / "starts").write_text(".")
    results, command = tmp_path / "results", shlex.join(bridge_words(tmp_path, 2))
    run = sendproof("run", scenario, "--command", command, "--results", results)
    again = shlex.join(["sendproof", "shrink", str(results / "two"), "--command", command])
    assert (run.status, again in run.out) == (1, True)

    shrunk = sendproof("shrink", results / "two", "--command", command, "--json")
    content = json.loads(shrunk.out)

    assert (content["failed"]["number"], content["after"]["customers"], content["after"]["campaigns"]) == ("R403", 1, 1)
    assert content["rate_before"] == content["rate_after"] == {"failed": 5, "runs": 10}
    assert "The bridge failed in 5 of 10 runs at first, and fails in 5 of 10 runs now." in shrunk.err


@pytest.mark.exhaustive
def test_search_with_a_bridge_that_a_hook_resets_goes_on_after_an_interruption(
    scenario: Path, reset_url: str, tmp_path: Path
) -> None:
    results, url = tmp_path / "results", f"http://127.0.0.1:{free_port('127.0.0.1')}"
    hook = shlex.join([sys.executable, "-c", HOOK, reset_url])
    words = ["--bridge", url, "--reset", hook]
    assert (
        sendproof("run", scenario, "--command", shlex.join(bridge_words(tmp_path, 1)), "--results", results).status == 1
    )

    with start("shrink", results / "two", *words) as search:
        assert wait_until(lambda: any((results / "two").glob("shrink-R403-*.ndjson")), 300)
        search.send_signal(signal.SIGINT)
        _, errors = search.communicate(timeout=120)
    assert (search.returncode, "the same command continues from there" in errors) == (130, True)
    shrunk = sendproof("shrink", results / "two", *words, "--json")
    content = json.loads(shrunk.out)

    assert (content["after"]["customers"], content["after"]["campaigns"], content["is_spent"]) == (1, 1, False)
    assert content["recalled_runs"] > 0
    assert urlsplit(url).netloc in content["command"]
