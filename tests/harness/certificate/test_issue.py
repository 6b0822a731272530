"""A certificate of real runs: with the reference bridge, and with a bridge that cannot be started again."""

from pathlib import Path

import pytest
from rich.console import Console

from repository import ROOT
from sendproof_harness.certificate.completeness import demanded_scenarios
from sendproof_harness.certificate.issue import CertificateOptions, Suite, issue, suite_of
from sendproof_harness.certificate.statement import Claim
from sendproof_harness.certificate.suite import CONFORMANCE_SCENARIO, FLOWS
from sendproof_harness.certificate.verification import verify
from sendproof_harness.conformance.run import conformance_scenario
from sendproof_harness.run.runner import RunOptions
from sendproof_harness.scenario.document import content_digest
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.session.selection import RunRefusedError

SMALL = ROOT / "scenarios" / "triggered" / "everything_in_the_event.yaml"
KILLED = ROOT / "scenarios" / "failures" / "bridge_killed.yaml"


def options(folder: Path) -> CertificateOptions:
    return CertificateOptions(provider="textlocal", flow="triggered", bundle=folder / "b.zip")


@pytest.mark.slow
def test_certificate_of_the_reference_bridge_is_verified(tmp_path):
    run_options = RunOptions(results=tmp_path / "results")
    statement = issue(options(tmp_path), Suite(files=[SMALL]), run_options, Console(quiet=True))
    assert [(run.name, run.status, run.differences) for run in statement.runs] == [
        ("everything_in_the_event-textlocal", "pass", 0)
    ]
    assert statement.assumptions
    (scenario,) = (found for found in load_scenarios(SMALL) if found.provider == "textlocal")
    demanded = {"triggered/everything_in_the_event": scenario}
    verification = verify(tmp_path / "b.zip", demanded_of=lambda claim: demanded)
    assert (verification.problems, verification.differences, verification.status) == ((), (), "pass")


@pytest.mark.exhaustive
def test_scenario_that_cannot_run_is_a_known_unknown(tmp_path):
    """Nothing listens at the bridge's address: its run is judged, and the other scenario cannot run at all."""
    run_options = RunOptions(results=tmp_path / "results", bridge="http://127.0.0.1:9", timeout_s=1)
    statement = issue(options(tmp_path), Suite(files=[SMALL, KILLED]), run_options, Console(quiet=True))
    omitted = {run.scenario: run.why for run in statement.runs if not run.seal}
    assert "--command" in omitted["failures/bridge_killed"]
    assert any(unknown.startswith("failures/bridge_killed did not run") for unknown in statement.unknowns)
    assert statement.status != "pass"


@pytest.mark.parametrize("flow", ["scheduled", "both"])
def test_events_to_the_listeners_do_not_change_the_scenario(flow):
    """Verification demands the scenario of the library, and needs none of the packages that generate the events."""
    conformance = suite_of("textlocal", flow).conformance
    demanded = demanded_scenarios(Claim(provider="textlocal", flow=flow, bridge="./my-bridge"))
    assert content_digest(demanded[CONFORMANCE_SCENARIO]) == content_digest(conformance_scenario(conformance))


def test_suite_is_that_of_the_library(tmp_path, monkeypatch):
    """A file of the working folder would make the suite easier, without a trace in the certificate."""
    own = tmp_path / "triggered" / "one_event"
    own.parent.mkdir()
    own.write_text("")
    monkeypatch.chdir(tmp_path)
    assert all(file.is_relative_to(ROOT / "scenarios") for file in suite_of("textlocal", "both").files)


SUITES = [
    ("textlocal", ("sms",)),
    ("delivyr", ("sms",)),
    ("xtremepush", ("sms",)),
    ("xtremepush", ("push",)),
    ("xtremepush", ("sms", "push", "web_push", "inbox", "email")),
    ("smtp", ("email",)),
]


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize(("provider", "messages"), SUITES)
def test_suite_suits_bridges_of_its_flow_and_messages(flow, provider, messages):
    """A bridge must not fail for what it does not serve: campaigns, triggers, or another type of messages."""
    kinds, types, names = set(), set(), []
    for file in suite_of(provider, flow, messages).files:
        names.append(file.stem)
        for scenario in load_scenarios(file):
            own = [channel for channel in scenario.channels if scenario.provider in {None, provider}]
            kinds |= {channel.kind for channel in own}
            types |= {channel.message for channel in own}
    assert kinds == ({"scheduled", "triggered"} if flow == "both" else {flow})
    assert types == set(messages)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("messages", [("inbox",), ("email", "inbox")])
def test_suite_without_a_type_of_its_messages_is_refused(messages):
    """The scenarios with inbox messages also send other types, which such a bridge does not."""
    with pytest.raises(RunRefusedError, match="has no scenario with inbox and none of the types that you left out"):
        suite_of("xtremepush", "both", messages)
